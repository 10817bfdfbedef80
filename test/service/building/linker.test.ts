import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { parseElf } from '../../../harness/exact/elf.ts';
import type { Revision, TargetSpec } from '../../../harness/model/index.ts';
import {
  type Binary,
  buildFacts,
  linkBinary,
  linkerOf,
  prepareBuild,
  type PreparedBuild,
} from '../../../harness/service/index.ts';
import { findProgram } from '../../../harness/process/program.ts';
import { differingSections, hasDebugInfo } from '../../helpers/elf-sections.ts';
import { folderRevision, goMod, makeFolder, makeSpec, never, removeFolders } from '../go-modules.ts';

/** Position-independent and cgo builds compile the standard library once more. */
vi.setConfig({ testTimeout: 240_000 });

let agentDir = '';
beforeAll(() => {
  agentDir = makeFolder({ 'agent.go': 'package zzgodyno\n\nfunc init() { println("agent linked in") }\n' });
  process.env['GODYNO_CACHE'] = makeFolder();
});
afterAll(() => {
  removeFolders();
  delete process.env['GODYNO_CACHE'];
});

/** Each is compiled anew: what it says is found in no cache. */
const says = (text: string): string =>
  `package main\n\nvar what = "nothing"\n\nfunc main() { println(what, ${JSON.stringify(`${text} ${randomUUID()}`)}) }\n`;

const plain = (): Readonly<Record<string, string>> => ({ 'go.mod': goMod('example.com/t'), 'main.go': says('plain') });

/** Large enough to be a second's work. */
const withHttp = (): Readonly<Record<string, string>> => ({
  'go.mod': goMod('example.com/t'),
  'main.go': says('slow').replace('package main\n', 'package main\n\nimport _ "net/http"\n'),
});

const prepare = async (
  files: Readonly<Record<string, string>> = plain(),
  changes: Partial<TargetSpec> = {},
  place: { readonly module?: string; readonly revision?: Revision } = {},
): Promise<PreparedBuild> => {
  const sourceDir = makeFolder(files);
  return prepareBuild({
    side: 'head',
    sourceDir,
    moduleDir: join(sourceDir, place.module ?? '.'),
    revision: place.revision ?? folderRevision('a'),
    spec: makeSpec(changes),
    workDir: makeFolder(),
    agentDir,
    signal: never,
  });
};

const seeded = (linkSeed: number) => ({ linkSeed, cpus: null });

/** By `go build` into a folder of its own. */
const byGo = async (build: PreparedBuild, linkSeed: number): Promise<Binary> =>
  linkBinary({ ...build, binFolder: makeFolder() }, seeded(linkSeed), never);

const recordsOf = ({ binFolder }: PreparedBuild): readonly string[] => globSync(join(binFolder, 'step-*'));

const said = ({ path }: Binary): string => execFileSync('sh', ['-c', '"$0" 2>&1', path], { encoding: 'utf8' });

const sectionOf = ({ path }: Binary, name: string): Buffer =>
  parseElf(readFileSync(path), path).sections.find((section) => section.name === name)?.bytes ?? Buffer.alloc(0);

const cgo = (): Readonly<Record<string, string>> => ({
  'go.mod': goMod('example.com/t'),
  'main.go': says('cgo')
    .replace('package main\n', 'package main\n\n// static int twice(int x) { return 2 * x; }\nimport "C"\n')
    .replace('println(', 'println(C.twice(21), '),
});

const work = (): Readonly<Record<string, string>> => ({
  'go.work': 'go 1.22\n\nuse (\n\t./app\n\t./lib\n)\n',
  'app/go.mod': goMod('app'),
  'app/main.go': says('work').replace('package main\n', 'package main\n\nimport _ "lib"\n'),
  'lib/go.mod': goMod('lib'),
  'lib/lib.go': 'package lib\n\nfunc init() { println("lib") }\n',
});

const vendor = (): Readonly<Record<string, string>> => ({
  'go.mod': goMod('example.com/t', 'require example.com/dep v1.0.0\n'),
  'main.go': says('vendor').replace('package main\n', 'package main\n\nimport _ "example.com/dep"\n'),
  'vendor/modules.txt': '# example.com/dep v1.0.0\n## explicit\nexample.com/dep\n',
  'vendor/example.com/dep/dep.go': 'package dep\n\nfunc init() { println("vendored") }\n',
});

const external = '-linkmode=external';
const noC = findProgram('gcc', '/', {}) === undefined ? ' (no gcc here)' : '';

describe.skipIf(process.platform !== 'linux')('by the linker alone', () => {
  describe.each([
    { name: 'a plain module', files: plain, c: false, changes: {}, module: '.' },
    { name: 'a workspace', files: work, c: false, changes: {}, module: 'app' },
    { name: 'a vendor folder', files: vendor, c: false, changes: {}, module: '.' },
    { name: 'untrimmed', files: plain, c: false, changes: { buildFlags: ['-trimpath=false'] }, module: '.' },
    { name: 'position-independent', files: plain, c: false, changes: { buildFlags: ['-buildmode=pie'] }, module: '.' },
    { name: 'cgo', files: cgo, c: true, changes: {}, module: '.' },
    {
      name: 'cgo, position-independent, linked by gcc, flags with spaces',
      files: cgo,
      c: true,
      changes: {
        buildFlags: ['-buildmode=pie', '-ldflags', `${external} "-extldflags='-L/no where' -Wl,-z,relro"`],
        buildEnv: { CGO_CFLAGS: '-O1 "-DWHAT=a b"' },
      },
      module: '.',
    },
  ])('$name', ({ files, c, changes, module }) => {
    test.skipIf(c && noC !== '')(
      `a further seed gives the sections that go build gives, without debug information${c ? noC : ''}`,
      async () => {
        const build = await prepare(files(), changes, { module });
        const linker = linkerOf(build);
        const first = await linker.first(seeded(1_234_567), never);
        expect(differingSections(first.path, (await byGo(build, 1_234_567)).path)).toEqual([]);
        // A seed of another length, since an untrimmed binary holds it.
        const further = await linker.further(seeded(89), never);
        expect([first.by, further.by]).toEqual(['go build', 'linker alone']);
        const whole = await byGo(build, 89);
        expect(differingSections(whole.path, further.path)).toEqual([]);
        expect(differingSections(first.path, further.path)).toContain('.text');
        // Of C code Go leaves its debug information in, up to 1.25.
        expect(further.bytes).toBeLessThan(whole.bytes);
        expect(said(further)).toBe(said(whole));
        expect((await buildFacts(further, never)).settings).toEqual((await buildFacts(whole, never)).settings);
      },
    );
  });

  test('several seeds are linked at the same time', async () => {
    const build = await prepare(plain(), { buildFlags: ['-trimpath=false'] });
    const linker = linkerOf(build);
    await linker.first(seeded(1), never);
    const links = await Promise.all([2, 3, 4].map(async (seed) => linker.further(seeded(seed), never)));
    for (const { path, by, linkSeed } of links) {
      expect(by).toBe('linker alone');
      expect(differingSections(path, (await byGo(build, linkSeed ?? 0)).path)).toEqual([]);
    }
  });

  test('each binary has a build id of its own, as long as the one that go build gives', async () => {
    const build = await prepare();
    const linker = linkerOf(build);
    await linker.first(seeded(1), never);
    const ids = [await linker.further(seeded(2), never), await linker.further(seeded(3), never), await byGo(build, 2)];
    const notes = ids.map((binary) => sectionOf(binary, '.note.go.buildid').toString('latin1'));
    expect(new Set(notes).size).toBe(3);
    expect(new Set(notes.map(({ length }) => length)).size).toBe(1);
  });

  test("the user's linker flags win: variables are set, and debug information stays that is asked for", async () => {
    const build = await prepare(plain(), { buildFlags: ['-ldflags', '-w=0 -X "main.what=a word"'] });
    const linker = linkerOf(build);
    await linker.first(seeded(1), never);
    const further = await linker.further(seeded(2), never);
    expect(further.by).toBe('linker alone');
    expect(said(further)).toContain('a word plain');
    expect(hasDebugInfo(further.path)).toBe(true);
  });

  test('it is told when only the link is left', async () => {
    const told: boolean[] = [];
    // A machine that is too busy to look in time has four more tries.
    for (let build = 1; build <= 5 && told.length === 0; build++) {
      let isThere = false;
      const linking = linkerOf(await prepare(withHttp())).first(seeded(1), never, () => told.push(isThere));
      isThere = (await linking).bytes > 0;
    }
    expect(told).toEqual([false]);
  });

  test('takes at most four fifths of what go build takes', async () => {
    const build = await prepare(withHttp());
    const linker = linkerOf(build);
    await linker.first(seeded(1), never);
    const seconds: { readonly alone: number; readonly byGo: number }[] = [];
    for (let seed = 2; seed <= 6; seed++)
      seconds.push({
        alone: (await linker.further(seeded(seed), never)).seconds,
        byGo: (await byGo(build, seed)).seconds,
      });
    const best = (way: 'alone' | 'byGo'): number => Math.min(...seconds.map((one) => one[way]));
    expect(best('alone') / best('byGo')).toBeLessThan(0.8);
  });

  test.each([
    ['what was kept is gone', (folder: string) => rmSync(folder, { recursive: true })],
    [
      'an archive is broken',
      (folder: string) => {
        for (const archive of globSync(join(folder, '*.a'))) {
          rmSync(archive);
          writeFileSync(archive, 'no archive');
        }
      },
    ],
  ])('where %s, go build links, and goes on doing so', async (_what, spoil) => {
    const build = await prepare();
    const linker = linkerOf(build);
    await linker.first(seeded(1), never);
    const [folder = ''] = recordsOf(build);
    spoil(folder);
    for (const seed of [2, 3]) {
      const { path, by } = await linker.further(seeded(seed), never);
      expect(by).toBe('go build');
      expect(differingSections(path, (await byGo(build, seed)).path)).toEqual([]);
    }
  });

  test('a build with a -toolexec of the user’s, and one in Go’s own order, keep to go build', async () => {
    const own = await prepare(plain(), { buildFlags: ['-toolexec=/usr/bin/env'] });
    const linker = linkerOf(own);
    await linker.first(seeded(1), never);
    expect(said(await linker.further(seeded(2), never))).toContain('plain');
    const unseeded = await prepare();
    const once = await linkerOf(unseeded).first({ linkSeed: null, cpus: null }, never);
    expect(said(once)).toContain('plain');
    expect([own, unseeded].flatMap(recordsOf)).toEqual([]);
  });
});

test('a build that fails says what go build says', async () => {
  const build = await prepare({ ...plain(), 'more.go': 'package main\n\nvar x = undefinedThing\n' });
  const message = async (link: Promise<Binary>): Promise<unknown> =>
    link.catch((error: unknown) => (error instanceof Error ? error.message : error));
  const plainly = await message(linkBinary(build, seeded(1), never));
  expect(plainly).toMatch(/^head: go build \. failed:\n[^]*undefined: undefinedThing/);
  expect(await message(linkerOf(build).first(seeded(1), never))).toBe(plainly);
});

test('binaries with and without debug information are two entries of the cache', async () => {
  const revision = { revision: 'e'.repeat(40), label: 'main', kind: 'git' as const };
  const build = await prepare(plain(), {}, { revision });
  const linker = linkerOf(build);
  const links = [
    await linker.first(seeded(1), never),
    await linker.further(seeded(1), never),
    await linkerOf(build).first(seeded(1), never),
    await linkerOf(build).further(seeded(1), never),
  ];
  expect(links.map(({ by }) => by)).toEqual([
    'go build',
    process.platform === 'linux' ? 'linker alone' : 'go build',
    'cache',
    'cache',
  ]);
  expect(links[2]?.bytes).toBe(links[0]?.bytes);
  expect(links[3]?.bytes).toBe(links[1]?.bytes);
  expect(links[1]?.bytes).toBeLessThan(links[0]?.bytes ?? 0);
});
