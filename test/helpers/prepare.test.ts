import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');

/** A clone as npm sees it, with a build that takes no time: what is tested is when npm builds. */
let clone = '';
beforeEach(() => {
  clone = mkdtempSync(path.join(tmpdir(), 'clone-'));
  mkdirSync(path.join(clone, 'test/helpers'), { recursive: true });
  for (const file of ['package.json', 'test/helpers/prepare.mjs'])
    cpSync(path.join(root, file), path.join(clone, file));
  writeFileSync(
    path.join(clone, 'test/helpers/build.ts'),
    `import { mkdirSync, writeFileSync } from 'node:fs';
     mkdirSync('dist/cli', { recursive: true });
     writeFileSync('dist/cli/bin.js', '' as string);`,
  );
});
afterEach(() => rmSync(clone, { recursive: true, force: true }));

const builtBy = (env: Readonly<Record<string, string>>): boolean => {
  const inherited = { PATH: process.env['PATH'] };
  execFileSync(process.execPath, ['test/helpers/prepare.mjs'], { cwd: clone, env: { ...inherited, ...env } });
  return existsSync(path.join(clone, 'dist/cli/bin.js'));
};

describe('prepare', () => {
  test.each(['ci', 'install', 'pack', 'publish'])('builds nothing for npm %s in the clone itself', (command) => {
    for (const folder of ['.', 'test'])
      expect(builtBy({ INIT_CWD: path.join(clone, folder), npm_command: command })).toBe(false);
  });

  test.each([
    ['who installs from git, where npm prepares a clone of its own', { INIT_CWD: tmpdir(), npm_command: 'install' }],
    ['whose folder begins with the same letters', { INIT_CWD: '..beside', npm_command: 'ci' }],
    ['who links the clone', { npm_command: 'link' }],
    ['who installs the clone for all', { npm_command: 'install', npm_config_global: 'true' }],
  ])('builds for somebody %s', (_, env: Readonly<Record<string, string>>) => {
    const from = env['INIT_CWD'] === '..beside' ? `${clone}-beside` : (env['INIT_CWD'] ?? clone);
    expect(builtBy({ ...env, INIT_CWD: from })).toBe(true);
  });
});

test('npm pack in a clone that was never built gives a package with the program in it', () => {
  const printed = execFileSync('npm', ['pack', '--json', '--dry-run', '--offline'], { cwd: clone, encoding: 'utf8' });
  const [{ files }] = JSON.parse(printed.slice(printed.indexOf('[\n')));
  expect(files.map((file: { readonly path: string }) => file.path)).toContain('dist/cli/bin.js');
});
