import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { includeIgnored } from '../../harness/source/index.ts';
import { commitAll, git } from '../e2e/git.ts';

const never = new AbortController().signal;

let place = '';
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'include-'));
});
afterEach(() => rmSync(place, { recursive: true, force: true }));

const write = (path: string, text: string): void => {
  const file = join(place, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
};

/** A working tree `user` whose .gitignore has `ignored`, and two sides. */
const makeTrees = (ignored: string): void => {
  write('user/.gitignore', ignored);
  write('user/go.mod', 'module example.com/t\n');
  git(join(place, 'user'), 'init', '-q', '-b', 'main');
  commitAll(join(place, 'user'), 'one');
  for (const side of ['base', 'head']) write(`${side}/go.mod`, 'module example.com/t\n');
};

const include = async (...patterns: readonly string[]) =>
  includeIgnored({
    from: join(place, 'user'),
    patterns,
    to: (['base', 'head'] as const).map((side) => ({
      side,
      rootDir: join(place, side),
      moduleDir: join(place, side),
    })),
    signal: never,
  });

const read = (path: string): string => readFileSync(join(place, path), 'utf8');

test('ignored files come to both sides, with their number, pattern and age said', async () => {
  makeTrees('/dist\n*.gen.go\n');
  write('user/dist/a.js', 'a');
  write('user/dist/sub/b.js', 'b');
  write('user/api/x.gen.go', 'package api\n');
  utimesSync(join(place, 'user/dist/a.js'), 1_700_000_000, 1_700_000_000);
  utimesSync(join(place, 'user/dist/sub/b.js'), 1_700_000_060, 1_700_000_060);
  const { notes, digest } = await include('dist/**');
  for (const side of ['base', 'head']) {
    expect(read(`${side}/dist/a.js`) + read(`${side}/dist/sub/b.js`)).toBe('ab');
    expect(existsSync(join(place, side, 'api'))).toBe(false);
  }
  expect(notes).toEqual([
    expect.stringMatching(/^2 files .*dist\/\*\*.* both sides; last changed 2023-11-14 22:14 UTC$/),
  ]);
  write('user/dist/a.js', 'other');
  expect((await include('dist/**')).digest).not.toBe(digest);
});

test('a file that a side has itself is kept, and said so', async () => {
  makeTrees('/dist\n');
  write('user/dist/a.js', 'mine');
  write('base/dist/a.js', 'committed');
  const { notes } = await include('dist');
  expect([read('base/dist/a.js'), read('head/dist/a.js')]).toEqual(['committed', 'mine']);
  expect(notes[1]).toBe('base: has its own dist/a.js, which were kept');
});

test('links in carried folders stay links where they lead somewhere, and become files where they would lead out', async () => {
  makeTrees('/dist\n');
  write('outside/big.js', 'big');
  write('outside/folder/c.js', 'c');
  write('user/dist/a.js', 'a');
  symlinkSync('a.js', join(place, 'user/dist/near.js'));
  symlinkSync(join(place, 'outside/big.js'), join(place, 'user/dist/far.js'));
  symlinkSync('../../outside/folder', join(place, 'user/dist/folder'));
  symlinkSync('nowhere', join(place, 'user/dist/broken'));
  await include('dist/**');
  expect(readlinkSync(join(place, 'head/dist/near.js'))).toBe('a.js');
  expect(lstatSync(join(place, 'head/dist/far.js')).isSymbolicLink()).toBe(false);
  expect(read('head/dist/far.js') + read('head/dist/folder/c.js')).toBe('bigc');
  expect(existsSync(join(place, 'head/dist/broken'))).toBe(false);
});

test('nothing is written through a link that leads out of a side', async () => {
  makeTrees('/dist\n');
  write('user/dist/a.js', 'a');
  write('elsewhere/keep', '');
  symlinkSync(join(place, 'elsewhere'), join(place, 'base/dist'));
  await include('dist/**');
  expect(existsSync(join(place, 'elsewhere/a.js'))).toBe(false);
  expect(read('head/dist/a.js')).toBe('a');
});

test.each([
  ['ui/**', /Make the files first/],
  ['go.mod', /are in git/],
])('a pattern that matches no ignored file is refused with what to do: %s', async (pattern, hint) => {
  makeTrees('/dist\n');
  await expect(include(pattern)).rejects.toMatchObject({
    code: 'INCLUDE_NOTHING',
    exitCode: 2,
    hint: expect.stringMatching(hint) as string,
  });
});
