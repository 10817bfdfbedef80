import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TargetSpec } from '../../../harness/model/index.ts';
import { runCommand } from '../../../harness/process/index.ts';
import {
  buildFacts,
  discardBinary,
  inspectTarget,
  linkBinary,
  prepareBuild,
  type PreparedBuild,
} from '../../../harness/service/index.ts';
import {
  cacheEnv,
  folderRevision,
  goMod,
  HELLO,
  makeFolder,
  makeSpec,
  moduleProxy,
  never,
  removeFolders,
} from '../go-modules.ts';

/** Small and quick to compile; says on stderr that it was linked in. */
let tinyAgent = '';
beforeAll(() => {
  tinyAgent = makeFolder({
    'agent.go': 'package zzgodyno\n\nfunc init() { println("agent linked in") }\n',
    'agent_test.go': 'package zzgodyno\n\nthis test file must not be taken along\n',
  });
  process.env['GODYNO_CACHE'] = makeFolder();
});
afterAll(() => {
  removeFolders();
  delete process.env['GODYNO_CACHE'];
});

const prepare = async (moduleDir: string, changes: Partial<TargetSpec> = {}): Promise<PreparedBuild> =>
  prepareBuild({
    side: 'head',
    sourceDir: moduleDir,
    moduleDir,
    revision: folderRevision('a'),
    spec: makeSpec(changes),
    workDir: makeFolder(),
    agentDir: tinyAgent,
    signal: never,
  });

const linkAndRun = async (build: PreparedBuild): Promise<string> => {
  const binary = await linkBinary(build, { linkSeed: null, cpus: null }, never);
  const result = await runCommand({ file: binary.path, args: [], cwd: '/', timeoutSeconds: 20 }, never);
  expect(result.exitCode).toBe(0);
  return result.stderr;
};

test('the agent is linked in, the folder stays as it was, and seeds give different binaries of identical code', async () => {
  const folder = makeFolder({
    'go.mod': goMod('example.com/t'),
    'cmd/x/main.go': HELLO,
    'cmd/x/internal/foo/foo.go': 'package foo\n',
  });
  const before = readdirSync(folder, { recursive: true });
  const build = await prepare(folder, { package: './cmd/x' });
  expect(build.notes).toEqual([]);
  expect(build.agentImportPath).toBe('example.com/t/cmd/x/internal/zzgodyno');
  const one = await linkBinary(build, { linkSeed: 1, cpus: null }, never);
  const two = await linkBinary(build, { linkSeed: 2, cpus: null }, never);
  const ran = await runCommand({ file: two.path, args: [], cwd: '/', timeoutSeconds: 20 }, never);
  expect(ran.stderr).toBe('agent linked in\nhello\n');
  const bytes = readFileSync(one.path);
  expect(bytes.equals(readFileSync(two.path))).toBe(false);
  const facts = await buildFacts(one, never);
  expect(facts).toMatchObject({ importPath: 'example.com/t/cmd/x', modulePath: 'example.com/t', seededLinks: true });
  expect(facts.settings['-trimpath']).toBe('true');
  expect(facts.settings['vcs']).toBeUndefined();
  await discardBinary(one);
  const again = await linkBinary(build, { linkSeed: 1, cpus: null }, never);
  expect(bytes.equals(readFileSync(again.path))).toBe(true);
  expect(readdirSync(folder, { recursive: true })).toEqual(before);
});

test("a user's own zz_godyno.go and internal/zzgodyno stay in the build: other names are taken", async () => {
  const folder = makeFolder({
    'go.mod': goMod('example.com/t'),
    'main.go': HELLO,
    'zz_godyno.go': 'package main\n\nfunc init() { println("mine too") }\n',
    'internal/zzgodyno/z.go': 'package zzgodyno\n',
  });
  const build = await prepare(folder);
  expect(build.agentImportPath).toBe('example.com/t/internal/zzgodyno2');
  expect(await linkAndRun(build)).toBe('agent linked in\nmine too\nhello\n');
});

test('a nested module in internal puts the agent beside it', async () => {
  const folder = makeFolder({
    'go.mod': goMod('example.com/t'),
    'main.go': HELLO,
    'internal/go.mod': goMod('example.com/inner'),
  });
  const build = await prepare(folder);
  expect(build.agentImportPath).toBe('example.com/t/zzgodyno');
  expect(await linkAndRun(build)).toContain('agent linked in');
});

test("a user's overlay and linker flags are merged, not replaced, whether from GOFLAGS or buildFlags", async () => {
  const folder = makeFolder({
    'go.mod': goMod('example.com/t'),
    'main.go': 'package main\n\nvar version = "none"\n\nfunc main() { println(version, extra) }\n',
  });
  const aside = makeFolder({ 'extra.go': 'package main\n\nconst extra = "overlaid"\n' });
  const overlay = JSON.stringify({ Replace: { [join(realpathSync(folder), 'extra.go')]: join(aside, 'extra.go') } });
  const overlayFile = join(makeFolder({ 'o.json': overlay }), 'o.json');
  const byFlags = await prepare(folder, { buildFlags: ['-overlay', overlayFile, '-ldflags', '-X main.version=v1'] });
  const goflags = `-overlay=${overlayFile} '-ldflags=-X main.version=v1'`;
  const byEnv = await prepare(folder, { buildEnv: { GOFLAGS: goflags } });
  for (const build of [byFlags, byEnv]) {
    const binary = await linkBinary(build, { linkSeed: 3, cpus: null }, never);
    const result = await runCommand({ file: binary.path, args: [], cwd: '/', timeoutSeconds: 20 }, never);
    expect(result.stderr).toBe('agent linked in\nv1 overlaid\n');
  }
});

test('with -trimpath=false the service finds its sources where they are, the price is told, and no link is cached', async () => {
  const folder = makeFolder({
    'go.mod': goMod('example.com/t'),
    'main.go':
      'package main\n\nimport "runtime"\n\nfunc main() {\n\t_, file, _, _ := runtime.Caller(0)\n\tprintln(file)\n}\n',
  });
  const build = await prepareBuild({
    side: 'head',
    sourceDir: folder,
    moduleDir: folder,
    revision: { revision: 'c0ffee', label: 'c0ffee', kind: 'git' },
    spec: makeSpec({ buildFlags: ['-trimpath=false'] }),
    workDir: makeFolder(),
    agentDir: tinyAgent,
    signal: never,
  });
  expect(build.cacheKey).toBeNull();
  expect(build.notes).toEqual([expect.stringMatching(/^head: .*-trimpath=false.*compiled anew in every run/)]);
  expect(await linkAndRun(build)).toContain(join(realpathSync(folder), 'main.go'));
});

test('a module reached through a symlink is built with its agent', async () => {
  const folder = makeFolder({ 'go.mod': goMod('example.com/t'), 'main.go': HELLO });
  const link = join(makeFolder(), 'link');
  symlinkSync(folder, link);
  expect(await linkAndRun(await prepare(link))).toContain('agent linked in');
});

test('go.work, a vendor folder and a module path without a dot build like any other', async () => {
  const work = makeFolder({
    'go.work': 'go 1.22\n\nuse (\n\t./app\n\t./lib\n)\n',
    'app/go.mod': goMod('app'),
    'app/main.go': 'package main\n\nimport "lib"\n\nfunc main() { println(lib.Name) }\n',
    'lib/go.mod': goMod('lib'),
    'lib/lib.go': 'package lib\n\nconst Name = "lib"\n',
  });
  expect(await linkAndRun(await prepare(join(work, 'app')))).toBe('agent linked in\nlib\n');
  const vendored = makeFolder({
    'go.mod': goMod('example.com/t', 'require example.com/dep v1.0.0\n'),
    'main.go': 'package main\n\nimport "example.com/dep"\n\nfunc main() { println(dep.Name) }\n',
    'vendor/modules.txt': '# example.com/dep v1.0.0\n## explicit\nexample.com/dep\n',
    'vendor/example.com/dep/dep.go': 'package dep\n\nconst Name = "vendored"\n',
  });
  expect(await linkAndRun(await prepare(vendored))).toBe('agent linked in\nvendored\n');
});

test('embedded files that take in the agent are told as a note', async () => {
  const folder = makeFolder({
    'go.mod': goMod('example.com/t'),
    'main.go': 'package main\n\nimport "embed"\n\n//go:embed all:*\nvar files embed.FS\n\nfunc main() { _ = files }\n',
  });
  const build = await prepare(folder);
  expect(build.notes).toEqual([
    expect.stringContaining('example.com/t embeds files by a pattern that takes in the agent'),
  ]);
});

test('a compile error is a build error that names the side and shows the compiler’s own lines', async () => {
  const folder = makeFolder({
    'go.mod': goMod('example.com/t'),
    'main.go': 'package main\n\nfunc main() { undefinedThing() }\n',
  });
  const build = await prepare(folder);
  const failed = linkBinary(build, { linkSeed: 1, cpus: null }, never);
  await expect(failed).rejects.toMatchObject({ code: 'BUILD_FAILED', exitCode: 5 });
  await expect(failed).rejects.toThrow(/^head: go build \. failed:\n[^]*main\.go:3:15: undefined: undefinedThing/);
  expect(readdirSync(build.binFolder)).toEqual([]);
});

const refused: readonly (readonly [string, Readonly<Record<string, string>>, Partial<TargetSpec>, string, RegExp])[] = [
  [
    'a package that does not exist',
    { 'main.go': HELLO },
    { package: './cmd/none' },
    'PACKAGE_MISSING',
    /head: the package/,
  ],
  ['a package that is not main', { 'lib/lib.go': 'package lib\n' }, { package: './lib' }, 'NOT_MAIN', /package lib/],
  ['a file in place of a package', { 'main.go': HELLO }, { package: 'main.go' }, 'PACKAGE_IS_FILE', /main\.go, a file/],
  ['several packages', { 'a/a.go': HELLO, 'b/b.go': HELLO }, { package: './...' }, 'PACKAGE_AMBIGUOUS', /2 packages/],
  ['ignored files only', { 'main.go': `//go:build ignore\n\n${HELLO}` }, {}, 'MAIN_EXCLUDED', /exclude every Go file/],
  [
    'a missing dependency',
    { 'main.go': 'package main\n\nimport _ "example.com/none/x"\n\nfunc main() {}\n' },
    { buildEnv: { GOPROXY: 'off' } },
    'DEPENDENCY_MISSING',
    /main\.go:3:8 imports example\.com\/none\/x/,
  ],
  ['flags that are none', { 'main.go': HELLO }, { buildFlags: ['./cmd'] }, 'BUILD_FLAGS', /is not a flag/],
  ['an output flag', { 'main.go': HELLO }, { buildFlags: ['-o', 'x'] }, 'BUILD_FLAGS', /-o cannot be used/],
  [
    'an overlay that is not there',
    { 'main.go': HELLO },
    { buildFlags: ['-overlay=gone.json'] },
    'OVERLAY_BROKEN',
    /gone\.json/,
  ],
  ['another system', { 'main.go': HELLO }, { buildEnv: { GOOS: 'windows' } }, 'CROSS_BUILD', /windows/],
];

test.each(refused)('%s: refused with a message of its own', async (_title, files, changes, code, message) => {
  const folder = makeFolder({ 'go.mod': goMod('example.com/t'), ...files });
  const failed = prepare(folder, changes);
  await expect(failed).rejects.toMatchObject({ code });
  await expect(failed).rejects.toThrow(message);
});

test('a go.mod that asks for a newer Go names both versions and the way out', async () => {
  const folder = makeFolder({ 'go.mod': 'module example.com/t\n\ngo 1.99\n', 'main.go': HELLO });
  const failed = prepare(folder, { buildEnv: { GOTOOLCHAIN: 'local' } });
  await expect(failed).rejects.toMatchObject({
    code: 'GO_TOO_OLD_FOR_MODULE',
    hint: expect.stringContaining('GOTOOLCHAIN=go1.99.0'),
  });
});

test('no Go at all is a usage error that says where to get it', async () => {
  const folder = makeFolder({ 'go.mod': goMod('example.com/t'), 'main.go': HELLO });
  const failed = inspectTarget({ moduleDir: folder, spec: makeSpec({ buildEnv: { PATH: folder } }), signal: never });
  await expect(failed).rejects.toMatchObject({ code: 'GO_MISSING', exitCode: 2 });
});

test('a module folder that one side does not have is named with that side', async () => {
  const failed = prepare(join(makeFolder(), 'gone'));
  await expect(failed).rejects.toMatchObject({ code: 'MODULE_DIR_MISSING', exitCode: 5 });
  await expect(failed).rejects.toThrow(/^head: there is no folder .*gone$/);
});

test('a folder without go.mod is named as such', async () => {
  const failed = prepare(makeFolder({ 'main.go': HELLO }));
  await expect(failed).rejects.toMatchObject({ code: 'GO_MOD_MISSING', exitCode: 5 });
});

test('a main package in the module cache is refused with the lines that copy it out', async () => {
  const cache = makeFolder({
    'example.com/t@v1.0.0/go.mod': goMod('example.com/t'),
    'example.com/t@v1.0.0/main.go': HELLO,
  });
  const failed = prepare(join(cache, 'example.com/t@v1.0.0'), {
    buildEnv: { ...cacheEnv(realpathSync(cache)), GOFLAGS: '-mod=mod' },
  });
  await expect(failed).rejects.toMatchObject({
    code: 'MODULE_CACHE',
    exitCode: 2,
    hint: expect.stringContaining('cp -r'),
  });
});

test('a copied-out module without its go.work members and replaces is completed beside it, and says so', async () => {
  const proxy = moduleProxy('example.com/dep', 'v1.0.0', { 'dep.go': 'package dep\n\nconst Name = "published"\n' });
  const folder = makeFolder({
    'go.work': 'go 1.22\n\nuse (\n\t.\n\t./gone\n)\n',
    'go.mod': goMod('example.com/t', 'replace example.com/dep => ../gone\n\nrequire example.com/dep v1.0.0\n'),
    'main.go': 'package main\n\nimport "example.com/dep"\n\nfunc main() { println(dep.Name) }\n',
  });
  const before = readFileSync(join(folder, 'go.mod'), 'utf8');
  const cache = makeFolder();
  const buildEnv = { GOPROXY: `file://${proxy}`, GONOSUMDB: '*', GOFLAGS: '-modcacherw', ...cacheEnv(cache) };
  const build = await prepare(folder, { buildEnv });
  expect(build.notes.join('\n')).toMatch(/GOWORK=off[^]*example\.com\/dep => \.\.\/gone/);
  expect(await linkAndRun(build)).toBe('agent linked in\npublished\n');
  // The copy lies in another folder on each side: it is no difference between them.
  expect(build.spec.buildFlags.join()).toContain('-modfile=');
  const binary = await linkBinary(build, { linkSeed: null, cpus: null }, never);
  expect((await buildFacts(binary, never)).buildFlags).toEqual([]);
  expect(readFileSync(join(folder, 'go.mod'), 'utf8')).toBe(before);
  expect(existsSync(join(folder, 'go.sum'))).toBe(false);
  const asCommit = { ...folderRevision('a'), kind: 'git' as const };
  const strict = prepareBuild({
    side: 'base',
    sourceDir: folder,
    moduleDir: folder,
    revision: asCommit,
    spec: makeSpec({ buildEnv }),
    workDir: makeFolder(),
    agentDir: tinyAgent,
    signal: never,
  });
  await expect(strict).rejects.toMatchObject({ code: 'GO_WORK_MEMBER_MISSING', exitCode: 5 });
});

test('the base of a commit is linked once: the next run takes it from the cache, a folder never', async () => {
  const folder = makeFolder({ 'go.mod': goMod('example.com/t'), 'main.go': HELLO });
  const copy = join(makeFolder(), 'elsewhere');
  mkdirSync(copy);
  cpSync(folder, copy, { recursive: true });
  const revision = { revision: 'f'.repeat(40), label: 'main', kind: 'git' as const };
  const request = (moduleDir: string) => ({
    side: 'base' as const,
    sourceDir: moduleDir,
    moduleDir,
    revision,
    spec: makeSpec(),
    workDir: makeFolder(),
    agentDir: tinyAgent,
    signal: never,
  });
  const first = await linkBinary(await prepareBuild(request(folder)), { linkSeed: 9, cpus: null }, never);
  const second = await linkBinary(await prepareBuild(request(copy)), { linkSeed: 9, cpus: null }, never);
  expect([first.by, second.by]).toEqual(['go build', 'cache']);
  expect(readFileSync(first.path).equals(readFileSync(second.path))).toBe(true);
  const other = await prepareBuild({ ...request(copy), spec: makeSpec({ buildFlags: ['-tags=x'] }) });
  expect((await linkBinary(other, { linkSeed: 9, cpus: null }, never)).by).toBe('go build');
  expect((await prepare(folder)).cacheKey).toBeNull();
  expect(existsSync(second.path)).toBe(true);
});
