import { afterAll, expect, test } from 'vitest';
import type { Side, TargetSpec } from '../../../harness/model/index.ts';
import { type Binary, linkBinary, linkUnlessSame, prepareBuild } from '../../../harness/service/index.ts';
import { folderRevision, goMod, makeFolder, makeSpec, never, removeFolders } from '../go-modules.ts';

afterAll(removeFolders);

const LIBRARY = 'package lib\n\nconst Name = "lamp"\n';
const FILES = {
  'go.mod': goMod('example.com/t'),
  'main.go': 'package main\n\nimport "example.com/t/lib"\n\nfunc main() { println(lib.Name) }\n',
  'lib/lib.go': LIBRARY,
};

const agentDir = makeFolder({ 'agent.go': 'package zzgodyno\n' });

const prepare = async (side: Side, files: Readonly<Record<string, string>>, changes: Partial<TargetSpec> = {}) => {
  const moduleDir = makeFolder(files);
  const workDir = makeFolder();
  const request = { side, sourceDir: moduleDir, moduleDir, workDir, agentDir, signal: never };
  return prepareBuild({ ...request, revision: folderRevision(side), spec: makeSpec(changes) });
};

const PLAIN = { linkSeed: null, cpus: null } as const;

const linkBeside = async (head: Binary, files: Readonly<Record<string, string>>, changes: Partial<TargetSpec> = {}) =>
  linkUnlessSame(await prepare('base', files, changes), PLAIN, head, never);

test('of one source in two folders one file is linked, whatever lies beside the source', async () => {
  const head = await linkBinary(await prepare('head', FILES), PLAIN, never);
  const base = await linkBeside(head, { ...FILES, 'scenarios/a.yml': 'name: a\n', 'lib/lib_test.go': 'package lib\n' });
  expect(base.path).toBe(head.path);
  expect(base.build.side).toBe('base');
});

test.each([
  ['another line of a package', { ...FILES, 'lib/lib.go': LIBRARY.replace('lamp', 'bulb') }, {}],
  [
    'another go line, which changes the defaults of GODEBUG',
    { ...FILES, 'go.mod': 'module example.com/t\n\ngo 1.21\n' },
    {},
  ],
  ['flags for the linker', FILES, { buildFlags: ['-ldflags=-s'] }],
  ['another environment', FILES, { buildEnv: { CGO_LDFLAGS: '-O1' } }],
] as const)('another program is linked for itself: %s', async (_what, files, changes) => {
  const head = await linkBinary(await prepare('head', FILES), PLAIN, never);
  expect((await linkBeside(head, files, changes)).path).not.toBe(head.path);
});

test('a program of another link seed, or none, is linked for itself', async () => {
  const head = await linkBinary(await prepare('head', FILES), { linkSeed: 3, cpus: null }, never);
  expect((await linkBeside(head, FILES)).path).not.toBe(head.path);
  expect((await linkUnlessSame(await prepare('base', FILES), PLAIN, null, never)).path).not.toBe(head.path);
});
