import { execFileSync } from 'node:child_process';
import { copyFileSync, linkSync, mkdirSync, readdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { TargetSpec } from '../../harness/model/index.ts';
import {
  linkBinary,
  prepareBuild,
  type PreparedBuild,
  type BuildRequest,
  whyGoIsFixed,
} from '../../harness/service/index.ts';
import { folderRevision, goMod, HELLO, makeFolder, makeSpec, never, removeFolders } from './go-modules.ts';

const goEnv = (name: string, env: NodeJS.ProcessEnv = process.env): string =>
  execFileSync('go', ['env', name], { cwd: '/', encoding: 'utf8', env }).trim();

/** The one that builds here; GOTOOLCHAIN may have chosen another than the one on PATH. */
const local = goEnv('GOVERSION');
const onPath = goEnv('GOVERSION', { ...process.env, GOTOOLCHAIN: 'local' });

/** One that `go` has to fetch, and keeps in the module cache. */
const fetched =
  ['go1.27.3', 'go1.26.8', 'go1.25.11'].find((version) => version !== local && version !== onPath) ?? 'go1.24.13';

/** The first build by a Go that was fetched compiles its whole library. */
vi.setConfig({ testTimeout: 120_000 });

let agentDir = '';
let module = '';
beforeAll(() => {
  agentDir = makeFolder({ 'agent.go': 'package zzgodyno\n' });
  module = makeFolder({ 'go.mod': goMod('example.com/t'), 'main.go': HELLO });
});
afterAll(removeFolders);

const request = (spec: Partial<TargetSpec>, moduleDir = module): BuildRequest => ({
  side: 'head',
  sourceDir: moduleDir,
  moduleDir,
  revision: folderRevision('a'),
  spec: makeSpec(spec),
  workDir: makeFolder(),
  agentDir,
  signal: never,
});

/** What the compiler says where a file of Go's own runtime is replaced by one that is no Go. */
const withBrokenRuntime = async (given: BuildRequest, { facts }: PreparedBuild): Promise<unknown> => {
  const folder = makeFolder({ 'iface.go': 'package runtime\n\nthis is no Go\n' });
  const replaced = join(facts.goEnv['GOROOT'] ?? '', 'src/runtime/iface.go');
  const overlay = join(folder, 'overlay.json');
  writeFileSync(overlay, JSON.stringify({ Replace: { [replaced]: join(folder, 'iface.go') } }));
  const build = await prepareBuild({ ...given, go: facts.go, overlay });
  return linkBinary(build, { linkSeed: null, cpus: null }, never).catch((error: unknown) => error);
};

const THE_REPLACED_FILE = {
  code: 'BUILD_FAILED',
  message: expect.stringMatching(/iface\.go:3:1: syntax error/),
};

const copyOrLink = (from: string, to: string): void => {
  try {
    linkSync(from, to);
  } catch {
    // Another file system.
    copyFileSync(from, to);
  }
};

/** The local Go once more, its sources elsewhere as in Debian's packages; `go` finds its GOROOT by where it lies. */
const packagedGo = (name: string): string => {
  const goroot = goEnv('GOROOT');
  const root = join(makeFolder(), name);
  const share = join(makeFolder(), 'share');
  for (const folder of [join(root, 'bin'), share]) mkdirSync(folder, { recursive: true });
  copyOrLink(join(goroot, 'bin/go'), join(root, 'bin/go'));
  symlinkSync(join(goroot, 'src'), join(share, 'src'));
  symlinkSync(join(share, 'src'), join(root, 'src'));
  for (const entry of readdirSync(goroot).filter((one) => one !== 'bin' && one !== 'src'))
    symlinkSync(join(goroot, entry), join(root, entry));
  return root;
};

const goMods = { plain: goMod('t'), line: goMod('t', '\ntoolchain go1.27.3\n') };

test.each([
  ['unpacked', 'plain', {}],
  ['fetched because GOTOOLCHAIN names it', 'plain', { GOTOOLCHAIN: fetched }],
  ['fetched because go.mod has a toolchain line', 'line', { GOTOOLCHAIN: 'auto' }],
] as const)('the own files of a Go that was %s can be replaced', async (_title, kind, buildEnv) => {
  const folder = makeFolder({ 'go.mod': goMods[kind], 'main.go': HELLO });
  const env = { ...process.env, ...buildEnv };
  const version = execFileSync('go', ['env', 'GOVERSION'], { cwd: folder, env, encoding: 'utf8' }).trim();
  const given = request({ buildEnv }, folder);
  const build = await prepareBuild(given);
  expect(build.facts.goVersion).toBe(version);
  expect(await whyGoIsFixed(build, makeFolder(), never)).toBeNull();
  expect(await withBrokenRuntime(given, build)).toMatchObject(THE_REPLACED_FILE);
});

test('a Go whose files cannot be replaced, or are replaced without effect, is told from one whose files can', async () => {
  const { facts, ...rest } = await prepareBuild(request({ buildEnv: { GOTOOLCHAIN: fetched } }));
  const real = realpathSync(facts.goEnv['GOROOT'] ?? '');
  const asFetched = { ...facts, go: { file: 'go', env: { GOTOOLCHAIN: fetched } } };
  const why = async (changed: typeof facts) => whyGoIsFixed({ ...rest, facts: changed }, makeFolder(), never);
  expect(await why({ ...asFetched, goEnv: { ...facts.goEnv, GOROOT: real } })).toMatch(
    /^an overlay replaces .*zz_godyno_probe\.go, and `go` replaces nothing in its module cache/,
  );
  // Its own name for the place is another one.
  expect(await why(asFetched)).toMatch(/^`go` does not see files that are laid over its own in /);
});

test('a toolchain line whose Go cannot be had is told as that', async () => {
  const folder = makeFolder({ 'go.mod': goMod('t', '\ntoolchain go1.99.0\n'), 'main.go': HELLO });
  const refused = prepareBuild(request({ buildEnv: { GOTOOLCHAIN: 'auto', GOPROXY: 'off' } }, folder));
  await expect(refused).rejects.toMatchObject({ code: 'TOOLCHAIN_UNAVAILABLE', exitCode: 5 });
  await expect(refused).rejects.toThrow(/^head: go1\.99\.0 cannot be had/);
});

test('a Go whose sources lie elsewhere, in a folder with a space in its name, is chosen by path and can be replaced', async () => {
  const root = packagedGo('go 1');
  for (const choice of [root, join(root, 'bin/go')]) {
    const given = request({ go: { head: choice } });
    const build = await prepareBuild(given);
    expect(build.facts.goEnv['GOROOT']).toBe(root);
    expect(await withBrokenRuntime(given, build)).toMatchObject(THE_REPLACED_FILE);
  }
});

test('each side has the Go that was chosen for it, and what lies at a path is never cached', async () => {
  const asCommit = { ...folderRevision('a'), kind: 'git' as const };
  const given = { ...request({ go: { base: packagedGo('go'), head: fetched } }), revision: asCommit };
  const base = await prepareBuild({ ...given, side: 'base' });
  const head = await prepareBuild({ ...given, side: 'head' });
  expect([base.facts.goVersion, head.facts.goVersion]).toEqual([local, fetched]);
  expect(base.cacheKey).toBeNull();
  expect(head.cacheKey).not.toBeNull();
  const own = await prepareBuild({ ...given, spec: makeSpec() });
  expect(own.cacheKey).not.toBe(head.cacheKey);
});

test.each([
  ['a release that there is not', 'go1.26.99', /^head: go1\.26\.99 cannot be had/],
  ['a path without Go', '/nowhere/go', /^head: the chosen Go \/nowhere\/go is not there/],
  ['a folder without Go', '/', /^head: the chosen Go \/ holds no bin\/go/],
])('%s is a usage error about the choice', async (_title, choice, message) => {
  const refused = prepareBuild(request({ go: { head: choice }, buildEnv: { GOPROXY: 'off' } }));
  await expect(refused).rejects.toMatchObject({ code: 'GO_CHOICE', exitCode: 2 });
  await expect(refused).rejects.toThrow(message);
});

test('a chosen Go that is too old for go.mod is told with what to choose instead', async () => {
  const newer = makeFolder({ 'go.mod': 'module t\n\ngo 1.99\n', 'main.go': HELLO });
  await expect(prepareBuild(request({ go: { head: fetched } }, newer))).rejects.toMatchObject({
    code: 'GO_TOO_OLD_FOR_MODULE',
    hint: expect.stringContaining(`${fetched} was chosen`),
  });
});

test('a `go` that goes on as it is, whatever is chosen, is told from one that obeys', async () => {
  const bin = makeFolder({ go: `#!/bin/sh\nGOTOOLCHAIN=local exec ${join(goEnv('GOROOT'), 'bin/go')} "$@"\n` });
  execFileSync('chmod', ['+x', join(bin, 'go')]);
  const PATH = `${bin}:${process.env['PATH'] ?? ''}`;
  await expect(prepareBuild(request({ go: { head: fetched }, buildEnv: { PATH } }))).rejects.toMatchObject({
    code: 'GO_CHOICE_IGNORED',
    exitCode: 2,
  });
});
