import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { BySide } from '../../harness/model/index.ts';
import { findRepository, folderDigest, type SourceTree, withSides } from '../../harness/source/index.ts';
import { commitAll, git, makeFolder, makeRepository, never, removeFolders, writeFiles } from './repositories.ts';

afterAll(removeFolders);

interface Asked {
  readonly base?: string;
  readonly head?: string;
}

const sidesOf = async <T>(cwd: string, { base, head }: Asked, use: (sides: BySide<SourceTree>) => T): Promise<T> => {
  const workDir = join(makeFolder(), 'work');
  const result = await withSides({ cwd, base, head, workDir, signal: never }, async (sides) => use(sides));
  expect(readdirSync(workDir)).toEqual([]);
  return result;
};

const filesOf = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).toSorted((a, b) => (a < b ? -1 : 1));

const read = (tree: SourceTree, file: string): string => readFileSync(join(tree.rootDir, file), 'utf8');

test('both revisions lie in folders of equal length, and the repository is as it was before', async () => {
  const repository = makeRepository({
    'a.txt': 'one',
    'run.sh': '#!/bin/sh\n',
    '.gitattributes': '*.sh export-ignore\n',
  });
  symlinkSync('a.txt', join(repository, 'link'));
  chmodSync(join(repository, 'run.sh'), 0o755);
  const first = commitAll(repository, 'links and modes');
  git(repository, 'checkout', '-q', '-b', 'feature');
  writeFiles(repository, { 'sub/b.txt': 'two' });
  const second = commitAll(repository, 'adds b: "quoted"');
  const before = filesOf(join(repository, '.git'));
  await sidesOf(join(repository, 'sub'), {}, ({ base, head }) => {
    expect(base.rootDir).toHaveLength(head.rootDir.length);
    expect(base.revision).toEqual({ revision: first, label: first.slice(0, 7), kind: 'git' });
    expect(base).toMatchObject({ found: `where the head left main (${first.slice(0, 7)})`, notes: [] });
    expect(head.revision).toEqual({ revision: second, label: 'feature', kind: 'git' });
    expect(head.commit).toMatchObject({ commit: second, subject: 'adds b: "quoted"' });
    expect(existsSync(join(base.rootDir, 'sub'))).toBe(false);
    expect(read(head, 'sub/b.txt')).toBe('two');
    expect(readlinkSync(join(head.rootDir, 'link'))).toBe('a.txt');
    expect(lstatSync(join(head.rootDir, 'run.sh')).mode & 0o111).not.toBe(0);
  });
  expect(filesOf(join(repository, '.git'))).toEqual(before);
});

test('uncommitted work is measured as it lies there: changed, added, deleted; ignored files and our output are not', async () => {
  const repository = makeRepository({ 'a.txt': 'one', 'gone.txt': 'x', '.gitignore': '*.log\n' });
  const commit = git(repository, 'rev-parse', 'HEAD');
  writeFiles(repository, { '.godyno/1/run.json': '{}' });
  await expect(sidesOf(repository, { base: 'HEAD' }, ({ head }) => head.revision.kind)).resolves.toBe('git');
  writeFiles(repository, { 'a.txt': 'changed', 'new file.txt': 'new', 'x.log': 'ignored' });
  rmSync(join(repository, 'gone.txt'));
  const look = async () =>
    sidesOf(repository, {}, ({ base, head }) => {
      expect(base.revision.revision).toBe(commit);
      expect(base.found).toContain('without the uncommitted changes');
      expect(read(base, 'a.txt')).toBe('one');
      expect(readdirSync(head.rootDir).toSorted()).toEqual(['.gitignore', 'a.txt', 'new file.txt']);
      expect(head.revision.label).toBe('main with uncommitted changes');
      return head.revision.revision;
    });
  const first = await look();
  expect(first).toMatch(new RegExp(`^${commit}\\+dirty:[0-9a-f]{64}$`));
  expect(await look()).toBe(first);
  writeFiles(repository, { 'a.txt': 'changed again' });
  expect(await look()).not.toBe(first);
});

test('on the default branch itself a clean head is compared with its parent, a first commit with nothing', async () => {
  const repository = makeRepository({ a: '1' });
  const first = git(repository, 'rev-parse', 'HEAD');
  const alone = sidesOf(repository, {}, () => null);
  await expect(alone).rejects.toMatchObject({ code: 'NO_BASE', exitCode: 2 });
  commitAll(repository, 'second');
  await sidesOf(repository, {}, ({ base }) => expect(base.revision.revision).toBe(first));
});

test('the base is where the head left the remote default branch, not where that is now', async () => {
  const origin = makeRepository({ a: '1' });
  const clone = join(makeFolder(), 'clone');
  git(origin, 'clone', '-q', origin, clone);
  const fork = git(clone, 'rev-parse', 'HEAD');
  git(clone, 'checkout', '-q', '-b', 'feature');
  commitAll(clone, 'mine');
  commitAll(origin, 'theirs');
  git(clone, 'fetch', '-q');
  await sidesOf(clone, {}, ({ base }) => expect(base.revision.revision).toBe(fork));
  git(clone, 'branch', '-q', '-D', 'main');
  await sidesOf(clone, { base: 'main' }, ({ base }) => {
    expect(base.revision).toMatchObject({ revision: git(origin, 'rev-parse', 'main'), label: 'main' });
  });
});

test('plain folders are read in place and started in copies of equal length, with the hash of their content, and git is not needed', async () => {
  const one = makeFolder({ 'go.mod': 'module a\n', 'x/y.go': 'package x\n' });
  const two = makeFolder({ 'longer/go.mod': 'module a\n', 'longer/x/y.go': 'package x\n' });
  const inside = join(two, 'longer');
  await sidesOf(one, { base: one, head: inside }, ({ base, head }) => {
    expect(base.rootDir).toBe(one);
    expect(base.revision.kind).toBe('folder');
    expect(base.revision.revision).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(head.revision.revision).toBe(base.revision.revision);
    expect(head.rootDir).toBe(inside);
    expect(base.ownDir).toHaveLength(head.ownDir.length);
    for (const { ownDir } of [base, head]) expect(readFileSync(join(ownDir, 'x/y.go'), 'utf8')).toBe('package x\n');
    writeFiles(head.ownDir, { 'x/y.go': 'package changed\n' });
    expect(readFileSync(join(inside, 'x/y.go'), 'utf8')).toBe('package x\n');
  });
  expect(existsSync(join(one, 'go.mod'))).toBe(true);
  const before = await folderDigest(one);
  chmodSync(join(one, 'go.mod'), 0o755);
  expect(await folderDigest(one)).not.toBe(before);
});

test('a name that is both a revision and a folder is the revision, and says so; ./name is the folder', async () => {
  const repository = makeRepository({ 'main/go.mod': 'module a\n', 'main/a.go': 'package a\n' });
  await sidesOf(repository, { base: 'main', head: './main' }, ({ base, head }) => {
    expect([base.revision.kind, head.revision.kind]).toEqual(['git', 'folder']);
    expect(base.notes).toEqual([expect.stringContaining('both a revision and a folder')]);
  });
});

test('an unknown revision names the nearest ones', async () => {
  const repository = makeRepository({ a: '1' });
  git(repository, 'branch', 'feature/login');
  git(repository, 'tag', 'v1.2.0');
  const typo = sidesOf(repository, { base: 'feature/logn' }, () => null);
  await expect(typo).rejects.toMatchObject({ code: 'UNKNOWN_REF', exitCode: 2, hint: 'Did you mean feature/login?' });
  await expect(sidesOf(repository, { base: 'v1.2' }, () => null)).rejects.toMatchObject({
    hint: 'Did you mean v1.2.0?',
  });
  const option = sidesOf(repository, { base: '--all' }, () => null);
  await expect(option).rejects.toMatchObject({ code: 'UNKNOWN_REF' });
});

test('a shallow clone prints the line that fetches what is missing, and that line works', async () => {
  const origin = makeRepository({ a: '1' });
  const first = git(origin, 'rev-parse', 'HEAD');
  git(origin, 'checkout', '-q', '-b', 'feature');
  commitAll(origin, 'second');
  commitAll(origin, 'third');
  git(origin, 'checkout', '-q', 'main');
  const clone = join(makeFolder(), 'clone');
  git(origin, 'clone', '-q', '--depth=1', '--branch=feature', `file://${origin}`, clone);
  expect((await findRepository(clone, never))?.shallow).toBe(true);
  for (const base of ['main', undefined]) {
    const failed: unknown = await sidesOf(clone, base === undefined ? {} : { base }, () => null).catch(
      (cause: unknown) => cause,
    );
    expect(failed).toMatchObject({ code: 'SHALLOW_CLONE', exitCode: 2 });
    const line = /git (fetch [^(]*) \(/.exec((failed as { hint: string }).hint)?.[1] ?? '';
    const copy = join(makeFolder(), 'copy');
    cpSync(clone, copy, { recursive: true });
    git(copy, ...line.split(' '));
    await sidesOf(copy, base === undefined ? {} : { base }, (sides) =>
      expect(sides.base.revision.revision).toBe(first),
    );
  }
});

test('no repository, no commits, no folder and no base are told apart', async () => {
  const folder = makeFolder({ a: '1' });
  await expect(sidesOf(folder, {}, () => null)).rejects.toMatchObject({ code: 'NOT_A_REPOSITORY', exitCode: 2 });
  await expect(sidesOf(folder, { base: 'x', head: folder }, () => null)).rejects.toMatchObject({
    code: 'NOT_A_REPOSITORY',
  });
  await expect(sidesOf(folder, { head: './none' }, () => null)).rejects.toMatchObject({ code: 'FOLDER_MISSING' });
  await expect(sidesOf(folder, { head: folder }, () => null)).rejects.toMatchObject({ code: 'BASE_NEEDED' });
  await expect(sidesOf(folder, { base: folder, head: folder }, () => null)).rejects.toMatchObject({
    code: 'FOLDER_WITHOUT_GO',
    message: expect.stringContaining(`--head is the folder ${folder}`) as string,
  });
  git(folder, 'init', '-q', '-b', 'main');
  await expect(sidesOf(folder, {}, () => null)).rejects.toMatchObject({ code: 'NO_COMMITS' });
});

test('submodules that are checked out are brought along, others are told', async () => {
  const inner = makeRepository({ 'lib.txt': 'inside' });
  const repository = makeRepository({ a: '1' });
  git(repository, 'submodule', '--quiet', 'add', inner, 'lib');
  commitAll(repository, 'with a submodule');
  await sidesOf(repository, { base: 'HEAD' }, ({ base, head }) => {
    expect([read(base, 'lib/lib.txt'), read(head, 'lib/lib.txt')]).toEqual(['inside', 'inside']);
    expect(base.notes).toEqual([]);
  });
  writeFiles(repository, { 'lib/lib.txt': 'changed inside' });
  await sidesOf(repository, { base: 'HEAD' }, ({ head }) => expect(read(head, 'lib/lib.txt')).toBe('changed inside'));
  const clone = join(makeFolder(), 'clone');
  git(repository, 'clone', '-q', repository, clone);
  await sidesOf(clone, { base: 'HEAD' }, ({ base }) => {
    expect(base.notes).toEqual([expect.stringContaining('base: the submodule lib is left empty')]);
  });
});

test('a sparse checkout, a linked worktree and the environment of a git hook change nothing', async () => {
  const repository = makeRepository({ 'in/a': '1', 'out/b': '2' });
  const linked = join(makeFolder(), 'linked');
  git(repository, 'worktree', 'add', '-q', '-b', 'side', linked);
  git(linked, 'sparse-checkout', 'set', 'in');
  process.env['GIT_DIR'] = '/nowhere';
  process.env['GIT_INDEX_FILE'] = '/nowhere/index';
  try {
    await sidesOf(linked, { base: 'HEAD', head: 'HEAD' }, ({ head }) => expect(read(head, 'out/b')).toBe('2'));
  } finally {
    delete process.env['GIT_DIR'];
    delete process.env['GIT_INDEX_FILE'];
  }
});

test('what was written is removed when the use fails, and when an earlier run was killed', async () => {
  const repository = makeRepository({ a: '1' });
  const workDir = makeFolder({ 'base/left-over.txt': 'from a crash' });
  const request = { cwd: repository, base: 'HEAD', head: 'HEAD', workDir, signal: never };
  const failed = withSides(request, async ({ base }) => {
    expect(readdirSync(base.rootDir)).toEqual(['a']);
    return Promise.reject(new Error('measured nothing'));
  });
  await expect(failed).rejects.toThrow('measured nothing');
  expect(readdirSync(workDir)).toEqual([]);
});

test('what is waited for is said before it is done, side by side', async () => {
  const repository = makeRepository({ 'a.txt': 'one' });
  const commit = git(repository, 'rev-parse', '--short=7', 'HEAD').trim();
  writeFiles(repository, { 'a.txt': 'two' });
  const said: string[] = [];
  const workDir = join(makeFolder(), 'work');
  const onStage = (text: string): void => void said.push(text);
  await withSides({ cwd: repository, base: undefined, head: undefined, workDir, onStage, signal: never }, async () => {
    expect(said).toEqual([
      'head: looking for uncommitted changes',
      'base: looking for it, and fetching what is missing',
      `base: checking out ${commit}`,
      'head: copying main with uncommitted changes',
    ]);
    return Promise.resolve();
  });
});
