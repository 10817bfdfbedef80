import { chmodSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { diffSides } from '../../harness/source/index.ts';
import { parsePatches } from '../../harness/source/diff.ts';
import { goLinesOf, moduleChanges, requirementsOf } from '../../harness/source/go-mod.ts';
import { editDistance, nearestNames } from '../../harness/source/nearest.ts';
import { makeFolder, never, removeFolders } from './repositories.ts';

afterAll(removeFolders);

const lines = (from: number, to: number): string =>
  Array.from({ length: to - from + 1 }, (_, index) => `line ${from + index}\n`).join('');

const diff = async (base: string, head: string, module = '.') =>
  diffSides({ base: { rootDir: base }, head: { rootDir: head }, module, signal: never });

test('every kind of change is told by file and line, under any name', async () => {
  const base = makeFolder({
    'mod/a.go': lines(1, 10),
    'mod/old.go': lines(20, 60),
    'mod/gone.go': lines(1, 3),
    'mod/bin': 'a\0b',
    'mod/same.go': 'same\n',
    'mod/mode.sh': 'x\n',
    '.git/config': 'never shown',
    'mod/.godyno/latest/run.json': '{}',
    'mod/web/node_modules/lib/index.js': 'old\n',
  });
  symlinkSync('a.go', join(base, 'mod/link'));
  const head = makeFolder({
    'mod/a.go': `${lines(1, 4)}changed\n${lines(6, 10)}added\nadded\n`,
    'mod/new.go': `${lines(20, 60)}more\n`,
    'mod/bin': 'a\0c',
    'mod/same.go': 'same\n',
    'mod/mode.sh': 'x\n',
    'mod/web/node_modules/lib/index.js': 'new\n',
    'mod/link': 'a file now\n',
    'mod/tab\tand "quote" é.go': 'one\ntwo\n',
    'mod/zero': '',
    'beside/b.go': 'b\n',
  });
  chmodSync(join(head, 'mod/mode.sh'), 0o755);
  const none = { renamedFrom: null, baseLines: [], headLines: [] };
  const { files } = await diff(base, head, 'mod');
  expect(files.toSorted((x, y) => (x.file < y.file ? -1 : 1))).toEqual([
    { ...none, file: '../beside/b.go', status: 'added', headLines: [[1, 1]] },
    {
      ...none,
      file: 'a.go',
      status: 'modified',
      baseLines: [[5, 5]],
      headLines: [
        [5, 5],
        [11, 12],
      ],
    },
    { ...none, file: 'bin', status: 'modified' },
    { ...none, file: 'gone.go', status: 'deleted', baseLines: [[1, 3]] },
    { ...none, file: 'link', status: 'modified', baseLines: [[1, 1]], headLines: [[1, 1]] },
    { ...none, file: 'mode.sh', status: 'modified' },
    { ...none, file: 'new.go', status: 'renamed', renamedFrom: 'old.go', headLines: [[42, 42]] },
    { ...none, file: 'tab\tand "quote" é.go', status: 'added', headLines: [[1, 2]] },
    { ...none, file: 'zero', status: 'added' },
  ]);
});

test('equal folders have no difference', async () => {
  const files = { 'go.mod': 'module a\n', 'x.go': lines(1, 9) };
  expect(await diff(makeFolder(files), makeFolder(files))).toMatchObject({ files: [], modules: [] });
});

test('content that looks like a patch is not taken for one', async () => {
  const hostile = 'diff --git a/x b/x\n@@ -1 +1 @@\nx\rdiff --git a/y b/y\r@@ -7 +7 @@\n';
  const { files } = await diff(
    makeFolder({ 'x.go': 'x\n', 'z.go': 'z\n' }),
    makeFolder({ 'x.go': hostile, 'z.go': 'Z\n' }),
  );
  expect(files.map(({ file, headLines }) => [file, headLines])).toEqual([
    ['x.go', [[1, 3]]],
    ['z.go', [[1, 1]]],
  ]);
});

test('the changed lines of two random texts are those that differ by position when no line is moved', async () => {
  const flags = fc.array(fc.boolean(), { minLength: 1, maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(flags, async (changed) => {
      // Lines are unique, so that the shortest edit is to replace exactly the changed ones.
      const base = changed.map((_, index) => `line ${index}\n`).join('');
      const head = changed.map((isChanged, index) => (isChanged ? `other ${index}\n` : `line ${index}\n`)).join('');
      const { files } = await diff(makeFolder({ 'f.go': base }), makeFolder({ 'f.go': head }));
      const touched = files
        .filter(({ status }) => status === 'modified')
        .flatMap(({ headLines }) =>
          headLines.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, at) => from + at)),
        );
      expect(touched).toEqual(changed.flatMap((isChanged, index) => (isChanged ? [index + 1] : [])));
    }),
    { numRuns: 15 },
  );
});

test('patches without hunks have no lines', () => {
  expect(parsePatches('diff --git a/x b/x\nold mode 100644\nnew mode 100755\n')).toEqual([
    { baseLines: [], headLines: [] },
  ]);
  expect(parsePatches('')).toEqual([]);
});

test('module changes: raised, added, removed, replaced; comments and unrelated lines are not changes', async () => {
  const base = `module a

go 1.22

require example.com/single v1.0.0 // indirect
require (
	example.com/raised v1.0.0
	"example.com/removed" v0.1.0
	example.com/same v1.0.0 // indirect
	example.com/forked v1.0.0
)
replace example.com/other v9.0.0 => ../other
`;
  const head = `module a

go 1.23
toolchain go1.24.1

require (
	example.com/single v1.0.0
	example.com/raised v1.1.0
	example.com/added v0.0.0-20240101000000-abcdefabcdef
	example.com/same v1.0.0
	example.com/forked v1.0.0
)
replace (
	example.com/forked => example.com/fork v1.0.1
	example.com/same v2.0.0 => ../not-this-version
)
`;
  const expected = [
    { module: 'example.com/added', base: null, head: 'v0.0.0-20240101000000-abcdefabcdef' },
    { module: 'example.com/forked', base: 'v1.0.0', head: 'v1.0.0 => example.com/fork v1.0.1' },
    { module: 'example.com/raised', base: 'v1.0.0', head: 'v1.1.0' },
    { module: 'example.com/removed', base: 'v0.1.0', head: null },
  ];
  expect(moduleChanges(base, head)).toEqual(expected);
  const { modules } = await diff(makeFolder({ 'm/go.mod': base }), makeFolder({ 'm/go.mod': head }), 'm');
  expect(modules).toEqual(expected);
  expect(moduleChanges('', base)).toHaveLength(requirementsOf(base).size);
});

test('edit distance: zero only for equal words, symmetric, and never above the longer word', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (a, b) => {
      expect(editDistance(a, b) === 0).toBe(a === b);
      expect(editDistance(a, b)).toBe(editDistance(b, a));
      expect(editDistance(a, b)).toBeLessThanOrEqual(Math.max(a.length, b.length));
    }),
  );
  expect(editDistance('kitten', 'sitting')).toBe(3);
  expect(nearestNames('mian', ['main', 'develop', 'origin/main'])).toEqual(['main']);
});

test('what go.mod says of Go itself is told apart from what it requires', () => {
  const goMod = `module a
go 1.22 // language
toolchain go1.27.3
godebug asynctimerchan=1
godebug (
	default=go1.21
)
require example.com/go v1.2.3
`;
  expect(goLinesOf(goMod)).toEqual({
    go: '1.22',
    toolchain: 'go1.27.3',
    godebug: ['asynctimerchan=1', 'default=go1.21'],
  });
  expect(goLinesOf('module a')).toEqual({ go: null, toolchain: null, godebug: [] });
});
