import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { TargetSpec } from '../../../harness/model/index.ts';
import {
  type Binary,
  compileToKeep,
  linkBinary,
  linkerOf,
  prepareBuild,
  type PreparedBuild,
} from '../../../harness/service/index.ts';
import { differingSections } from '../../helpers/elf-sections.ts';
import { throughBundle } from '../../helpers/relinked.ts';
import { folderRevision, goMod, makeFolder, makeSpec, never, removeFolders } from '../go-modules.ts';

vi.setConfig({ testTimeout: 240_000 });

beforeAll(() => {
  process.env['GODYNO_CACHE'] = 'off';
});
afterAll(() => {
  removeFolders();
  delete process.env['GODYNO_CACHE'];
});

const MAIN = `package main

import (
	_ "embed"
	"runtime"
)

var what = "nothing"

//go:embed words.txt
var words string

func main() { println(what, words, runtime.GOROOT() == "") }
`;

const CGO = MAIN.replace(
  'package main\n',
  'package main\n\n// static int twice(int x) { return 2 * x; }\nimport "C"\n',
).replace('println(what', 'println(C.twice(21), what');

interface Source {
  readonly folder: string;
  readonly build: PreparedBuild;
}

const prepared = async (main: string, changes: Partial<TargetSpec> = {}): Promise<Source> => {
  const folder = makeFolder({ 'go.mod': goMod('example.com/t'), 'main.go': main, 'words.txt': 'embedded' });
  const agentDir = makeFolder({ 'agent.go': 'package zzgodyno\n\nfunc init() { println("agent") }\n' });
  const spec = makeSpec({ buildFlags: ['-ldflags=-X main.what=told'], ...changes });
  const place = {
    sourceDir: folder,
    moduleDir: join(folder, '.'),
    revision: folderRevision('a'),
    workDir: makeFolder(),
  };
  return { folder, build: await prepareBuild({ side: 'base', ...place, spec, agentDir, signal: never }) };
};

const seeded = (linkSeed: number | null) => ({ linkSeed, cpus: null });

const said = ({ path }: Binary): string => execFileSync('sh', ['-c', '"$0" 2>&1', path], { encoding: 'utf8' });

test.each([
  ['pure Go', MAIN, {}],
  ['cgo, linked externally', CGO, { buildFlags: ['-ldflags=-linkmode=external -X main.what=told'] }],
])(
  'from a bundle, without its source, the linker makes what go build makes of the same seed: %s',
  async (_, main, changes) => {
    const { folder, build } = await prepared(main, changes);
    const recorded = await linkBinary(build, seeded(7), never);
    const other = await linkBinary(build, seeded(1_000_003), never);
    const { build: relinked } = await throughBundle(build, folder, { linkSeed: 7 });
    const linker = linkerOf(relinked);
    const first = await linker.first(seeded(7), never);
    const further = await linker.further(seeded(1_000_003), never);
    expect(differingSections(recorded.path, first.path)).toEqual([]);
    expect(differingSections(other.path, further.path)).toEqual([]);
    expect(further.by).toBe('linker alone');
    expect(said(further)).toMatch(/agent[^]*told embedded true/);
  },
);

test('what the first link was seen to be called with is kept without building it once more', async () => {
  const { folder, build } = await prepared(MAIN);
  const first = linkerOf(build);
  const seen = await first.first(seeded(7), never);
  const step = first.recorded();
  expect(step?.linkSeed).toBe(7);
  const { build: relinked } = await throughBundle(build, folder, { linkSeed: 7, step });
  const again = await linkerOf(relinked).first(seeded(7), never);
  expect(differingSections(seen.path, again.path)).toEqual([]);
  expect(relinked.compiled?.linkSeed).toBe(7);
  expect(existsSync(join(build.binFolder, 'kept'))).toBe(false);
});

test('a build in Go’s own order stays in that order', async () => {
  const { folder, build } = await prepared(MAIN);
  const plain = await linkBinary(build, seeded(null), never);
  const { build: relinked } = await throughBundle(build, folder, { linkSeed: null });
  const again = await linkBinary(relinked, { ...seeded(null), contents: 'no debug information' }, never);
  expect(differingSections(plain.path, again.path)).toEqual([]);
  expect(again.bytes).toBeLessThan(plain.bytes);
});

test('what more than the linker makes is not kept, and says why', async () => {
  const { build } = await prepared(MAIN, { buildFlags: ['-toolexec=env'] });
  const kept = compileToKeep(build, { linkSeed: 7, movesPorts: false, step: null }, never);
  await expect(kept).rejects.toThrow('what stands before its tools may do more than link');
});

test('what another Go compiled is refused where that Go is not to be had', async () => {
  const { folder, build } = await prepared(MAIN);
  const { build: relinked } = await throughBundle(build, folder, { linkSeed: 7 });
  expect(relinked.facts.goVersion).toBe(build.facts.goVersion);
  const { whyNotRelinked } = await import('../../../harness/service/index.ts');
  expect(
    await whyNotRelinked({ goVersion: build.facts.goVersion, platform: 'plan9/mips' }, makeFolder(), never),
  ).toContain('it is of plan9/mips');
  process.env['GOTOOLCHAIN'] = 'local';
  try {
    const why = await whyNotRelinked({ goVersion: 'go1.99.1', platform: 'linux/amd64' }, makeFolder(), never);
    expect(why).toMatch(/it was compiled by go1\.99\.1, which is not to be had: go1\.\d+\S* is here; /);
  } finally {
    delete process.env['GOTOOLCHAIN'];
  }
});
