import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  isBasesStart,
  orAsBefore,
  ownScenarioAttempt,
  ownScenarioNote,
  withBasesOwn,
  withBasesVariables,
} from '../../harness/measure/own-scenario.ts';
import { BuildError, TargetStartError, UsageError } from '../../harness/errors.ts';
import { prepareOf, type Scenario, targetOf } from '../../harness/model/index.ts';
import { parseScenario } from '../../harness/scenario/index.ts';
import type { SourceTree } from '../../harness/source/index.ts';

let place = '';
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'own-'));
});
afterEach(() => rmSync(place, { recursive: true, force: true }));

const FILE = 'scenarios/s.yml';

const textOf = (target: string, prepare = ''): string =>
  `target: { ready: GET /, ${target} }\nload: { prepare: [${prepare}], requests: [{ http: GET / }] }`;

const headOf = (target: string, prepare = ''): Scenario => parseScenario(textOf(target, prepare), FILE, new Map());

const baseTree = (files: Readonly<Record<string, string>>): SourceTree => {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(place, name)), { recursive: true });
    writeFileSync(join(place, name), text);
  }
  const revision = { revision: 'c0ffee0', label: 'c0ffee0', kind: 'git' as const };
  return { side: 'base', revision, rootDir: place, ownDir: place, commit: null, notes: [] };
};

test('a flag renamed with its scenario: base keeps its own arguments, variables and requests, head has the new ones', async () => {
  const base = baseTree({
    'svc/scenarios/s.yml': textOf('args: ["-listen", "${port.old}"], env: { OLD: "1" }', '{ http: POST /old }'),
  });
  const head = headOf('args: ["-addr"], env: { NEW: "1" }', '{ http: POST /new }');
  const own = await withBasesOwn(base, 'svc', head);
  expect(own?.differs).toEqual(['target.args', 'target.env', 'load.prepare']);
  expect(own?.folder).toBe(join(place, 'svc/scenarios'));
  const both = own?.scenario ?? head;
  expect(targetOf(both.target, 'base')).toMatchObject({ args: ['-listen', '${port.old}'], env: { OLD: '1' } });
  expect(targetOf(both.target, 'head')).toMatchObject({ args: ['-addr'], env: { NEW: '1' } });
  expect(both.target.ports).toEqual(['old']);
  expect((['base', 'head'] as const).map((side) => prepareOf(both, side)[0]?.path)).toEqual(['/old', '/new']);
});

test('requests before the load that the scenario has for base alone are compared with base’s own by what they send', async () => {
  const base = baseTree({ [FILE]: textOf('args: [a]', '{ http: POST /old }') });
  expect(await withBasesOwn(base, '', headOf('args: [a]', '{ http: POST /new, side: head }'))).not.toBeNull();
  const both = headOf('args: [a]', '{ http: POST /old, side: base }, { http: POST /new, side: head }');
  expect(await withBasesOwn(base, '', both)).toBeNull();
});

test.each([
  ['has no such file', {}, 'args: [a]'],
  ['says the same', { [FILE]: textOf('args: [a]') }, 'args: [a]'],
  ['differs in what does not start anything', { [FILE]: textOf('args: [a], gogc: 50') }, 'args: [a]'],
  ['cannot be read', { [FILE]: 'target: { nonsense: 1 }' }, 'args: [a]'],
  ['is overruled by what the scenario says of base', { [FILE]: textOf('args: [b]') }, 'args: [a], base: { args: [c] }'],
])('base’s own commit %s: there is nothing else to start it by', async (_, files, target) => {
  expect(await withBasesOwn(baseTree(files), '', headOf(target))).toBeNull();
});

test('a variable that the change renames is still set for base under its old name, and only that', async () => {
  const base = baseTree({ [FILE]: textOf('env: { OLD: "1", BOTH: base }') });
  const kept = await withBasesVariables(base, '', headOf('env: { NEW: "1", BOTH: head }'));
  const { target } = kept?.scenario ?? headOf('');
  expect(targetOf(target, 'base').env).toEqual({ OLD: '1', NEW: '1', BOTH: 'head' });
  expect(targetOf(target, 'head').env).toEqual({ NEW: '1', BOTH: 'head' });
  expect(kept?.note).toMatch(/^Base has OLD set as scenarios\/s\.yml of its own commit \(c0ffee0\) says/);
  expect(await withBasesVariables(base, '', headOf('env: { OLD: "2", BOTH: x }'))).toBeNull();
  expect(await withBasesVariables(base, '', headOf('base: { env: {} }'))).toBeNull();
});

test('where base starts by neither scenario, the error is the head’s scenario’s; any other error is told as it is', async () => {
  const before = new TargetStartError('X', 'base: no flag -addr', '');
  const failing = (error: Error) => orAsBefore(before, async () => Promise.reject(error));
  await expect(failing(new BuildError('Y', 'base: no package', ''))).rejects.toBe(before);
  await expect(failing(new TargetStartError('Z', 'head: no flag', ''))).rejects.toThrow('head: no flag');
  expect(await orAsBefore(before, async () => Promise.resolve(1))).toBe(1);
});

test('only an error about base’s own build or start is a reason', () => {
  expect(isBasesStart(new TargetStartError('X', 'base: the service ended', ''))).toBe(true);
  expect(isBasesStart(new BuildError('X', 'base: no package', ''))).toBe(true);
  expect(isBasesStart(new TargetStartError('X', 'head: the service ended', ''))).toBe(false);
  expect(isBasesStart(new UsageError('X', 'base: a placeholder', ''))).toBe(false);
});

test('the report names the file, the commit, what differs and what happened otherwise', async () => {
  const base = baseTree({ [FILE]: textOf('args: [b]') });
  const own = await withBasesOwn(base, '', headOf('args: [a]'));
  const error = new TargetStartError(
    'X',
    'base: the service ended with exit code 2 before it was ready. Its last output:\nno',
    '',
  );
  expect(own && ownScenarioNote(own, base, error)).toBe(
    'Base was started by scenarios/s.yml of its own commit (c0ffee0), which differs in target.args; with the head’s, the service ended with exit code 2 before it was ready.',
  );
  // Said before it is known whether base starts this way.
  expect(own && ownScenarioAttempt(own, base, error)).toBe(
    'Base does not start by the head’s scenario: the service ended with exit code 2 before it was ready. Trying scenarios/s.yml of its own commit (c0ffee0), which differs in target.args.',
  );
});
