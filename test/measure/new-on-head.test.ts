import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { whyNewOnHead } from '../../harness/measure/new-on-head.ts';
import { parseScenario } from '../../harness/scenario/index.ts';

let place = '';
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'new-'));
});
afterEach(() => rmSync(place, { recursive: true, force: true }));

const tree = (side: string, files: readonly string[], module: string, kind: 'git' | 'folder' = 'git') => {
  mkdirSync(join(place, side), { recursive: true });
  for (const file of files) {
    mkdirSync(dirname(join(place, side, file)), { recursive: true });
    writeFileSync(join(place, side, file), '');
  }
  const rootDir = join(place, side);
  const moduleDir = join(rootDir, module);
  const revision = { revision: side, label: side, kind };
  return { rootDir, moduleDir, runRoot: rootDir, runDir: moduleDir, added: '', revision };
};

const why = (
  base: readonly string[],
  head: readonly string[],
  target = 'package: ./cmd/api',
  module = '',
): string | null => {
  const scenario = parseScenario(
    `target: { ready: GET /, ${target} }\nload: { requests: [{ http: GET / }] }`,
    's',
    new Map(),
  );
  return whyNewOnHead({ base: tree('base', base, module), head: tree('head', head, module) }, scenario);
};

const HEAD = ['go.mod', 'cmd/api/main.go'];

test.each([
  ['no package ./cmd/api', ['go.mod', 'lib.go'], HEAD, undefined, ''],
  ['no package ./cmd/api', ['go.mod', 'cmd/api/main_test.go', 'cmd/api/README'], HEAD, undefined, ''],
  ['no go.mod there', ['cmd/api/main.go'], HEAD, undefined, ''],
  ['no folder svc', ['go.mod'], ['svc/go.mod', 'svc/main.go'], 'package: .', 'svc'],
])('a service is new on head where base has %s', (what, base, head, target, module) => {
  expect(why(base, head, target, module)).toBe(`base has ${what}`);
});

test('a service that both sides have, that head lacks too, that go finds by its path, or that base has elsewhere, is not new', () => {
  expect(why(HEAD, HEAD)).toBeNull();
  expect(why(['go.mod'], ['go.mod'])).toBeNull();
  expect(why(['go.mod'], HEAD, 'package: example.com/t/cmd/api')).toBeNull();
  expect(why(['go.mod', 'old/main.go'], HEAD, 'package: ./cmd/api, base: { package: ./old }')).toBeNull();
  expect(why(['go.mod', 'svc/main.go'], ['svc/go.mod', 'svc/main.go'], 'package: .', 'svc')).toBeNull();
});

test('a folder of another project is no base before the service existed; a commit, or a folder of the same module, is', () => {
  const scenario = parseScenario(
    'target: { ready: GET /, package: ./cmd/api }\nload: { requests: [{ http: GET / }] }',
    's',
    new Map(),
  );
  const whyWith = (kind: 'git' | 'folder', module: string): string | null => {
    const [base, head] = [tree('base', ['lib.go'], '', kind), tree('head', HEAD, '')];
    writeFileSync(join(base.rootDir, 'go.mod'), `module ${module}\n`);
    writeFileSync(join(head.rootDir, 'go.mod'), 'module example.com/shop\n');
    return whyNewOnHead({ base, head }, scenario);
  };
  expect(whyWith('git', 'example.com/other')).toBe('base has no package ./cmd/api');
  expect(whyWith('folder', 'example.com/shop')).toBe('base has no package ./cmd/api');
  expect(() => whyWith('folder', 'example.com/other')).toThrow(/is the Go module example\.com\/other; head is example/);
});
