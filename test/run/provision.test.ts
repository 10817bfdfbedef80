import { chmodSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { Scenario } from '../../harness/model/index.ts';
import { provision } from '../../harness/run/index.ts';
import { parseScenario } from '../../harness/scenario/index.ts';
import { git } from '../e2e/git.ts';
import { folderRevision, makeFolder, never, removeFolders } from '../service/go-modules.ts';

afterAll(removeFolders);

const scenarioOf = (target: string): Scenario =>
  parseScenario(`target: { ready: GET /, ${target} }\nload: { requests: [{ http: GET / }] }`, 's.yml', new Map());

const treeOf = (folder: string) => ({
  rootDir: '/the/users/own',
  moduleDir: '/the/users/own',
  runRoot: folder,
  runDir: folder,
  added: '',
  revision: folderRevision(folder),
});

const provide = async (target: string, folders: { readonly base: string; readonly head: string }, user = '/') => {
  const said: string[] = [];
  const outDir = makeFolder();
  const provided = await provision({
    scenario: scenarioOf(target),
    trees: { base: treeOf(folders.base), head: treeOf(folders.head) },
    userModuleDir: user,
    scenarioFolders: { base: user, head: user },
    workDir: makeFolder(),
    outDir,
    onProgress: (text) => said.push(text),
    signal: never,
  });
  return { ...provided, said, outDir };
};

test('where nothing is asked for, the sides stay where they are', async () => {
  const { trees, notes } = await provide('args: []', { base: makeFolder(), head: makeFolder() });
  expect([trees.base.moduleDir, trees.base.added, notes]).toEqual(['/the/users/own', '', []]);
});

test('each side’s commands run in its own copy, which is then what is built and nothing of it cached', async () => {
  const folders = { base: makeFolder({ v: 'old' }), head: makeFolder({ v: 'new' }) };
  const { trees, notes, said, outDir } = await provide('generate: ["cp v made"]', folders);
  for (const side of ['base', 'head'] as const) {
    expect(readFileSync(join(folders[side], 'made'), 'utf8')).toBe(side === 'base' ? 'old' : 'new');
    expect(trees[side]).toMatchObject({ rootDir: folders[side], moduleDir: folders[side], added: null });
    expect(existsSync(join(outDir, 'logs/s', `${side}-generate.log`))).toBe(true);
  }
  expect(said).toEqual(['base: cp v made', 'head: cp v made']);
  expect(notes).toEqual([expect.stringContaining('linked anew in every run')]);
});

test('commands that call go get the Go that was chosen for their side', async () => {
  const folders = { base: makeFolder(), head: makeFolder() };
  const go = makeFolder({ 'bin/go': '#!/bin/sh\necho chosen by path\n' });
  chmodSync(join(go, 'bin/go'), 0o755);
  await provide(
    `go: { base: 1.26.8, head: ${go} }, generate: ["echo $GOTOOLCHAIN > made", "go version > said || true"]`,
    folders,
  );
  const made = (side: 'base' | 'head', name: string): string => readFileSync(join(folders[side], name), 'utf8').trim();
  expect([made('base', 'made'), made('head', 'made'), made('head', 'said')]).toEqual([
    'go1.26.8',
    'local',
    'chosen by path',
  ]);
});

test('a scenario that asks for its folder gets a copy on each side, which commands see', async () => {
  const user = makeFolder({ 'config.yml': 'a: 1' });
  const folders = { base: makeFolder(), head: makeFolder() };
  const { trees } = await provide(
    'args: ["${scenarioDir}/config.yml"], generate: ["cp ${scenarioDir}/config.yml made"]',
    folders,
    user,
  );
  const [base, head] = [trees.base.scenarioDir ?? '', trees.head.scenarioDir ?? ''];
  expect(base).not.toBe(head);
  expect(base).toHaveLength(head.length);
  for (const dir of [base, head]) expect(readFileSync(join(dir, 'config.yml'), 'utf8')).toBe('a: 1');
  expect(readFileSync(join(folders.base, 'made'), 'utf8')).toBe('a: 1');
  expect((await provide('args: []', folders)).trees.base.scenarioDir).toBeUndefined();
});

test('one tree for both sides, or for several scenarios, is completed once', async () => {
  const folder = makeFolder();
  await provide('generate: ["echo x >> made"]', { base: folder, head: folder });
  await provide('generate: ["echo x >> made"]', { base: folder, head: folder });
  expect(readFileSync(join(folder, 'made'), 'utf8')).toBe('x\n');
});

test('a command that only one side can run names that side', async () => {
  const folders = { base: makeFolder(), head: makeFolder({ 'gen.sh': 'touch made' }) };
  await expect(provide('generate: ["sh gen.sh"]', folders)).rejects.toMatchObject({
    code: 'GENERATE_FAILED',
    message: expect.stringMatching(/^base: the command "sh gen\.sh"/) as string,
  });
});

test('ignored files are part of what is built, and what was carried tells builds apart', async () => {
  const user = makeFolder({ '.gitignore': 'dist\n', 'dist/a': '1' });
  git(user, 'init', '-q');
  const folders = { base: makeFolder(), head: makeFolder() };
  const { trees } = await provide('include: dist/**', folders, user);
  expect(readFileSync(join(folders.base, 'dist/a'), 'utf8')).toBe('1');
  expect(trees.base.added).toBe(trees.head.added);
  expect(trees.base.added).not.toBe('');
});
