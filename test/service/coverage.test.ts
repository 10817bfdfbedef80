import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { callsBetween, readCoverageCounters, readCoverageMeta } from '../../harness/exact/index.ts';
import { connectAgent } from '../../harness/capture/index.ts';
import { startProcess, stopAll } from '../../harness/process/index.ts';
import type { TargetSpec } from '../../harness/model/index.ts';
import {
  linkBinary,
  linkedModules,
  type LinkedModule,
  modulesToCover,
  type PreparedBuild,
  prepareBuild,
  withCoverage,
} from '../../harness/service/index.ts';
import {
  cacheEnv,
  folderRevision,
  goMod,
  makeFolder,
  makeSpec,
  moduleProxy,
  never,
  removeFolders,
} from './go-modules.ts';

afterAll(async () => {
  await stopAll();
  removeFolders();
});

/** Calls its functions so often once, then waits to be asked. */
const MAIN = `package main

import (
	"fmt"

	"example.com/far"
	"example.com/near"
)

func own() { near.Call(); far.Call() }

func main() {
	for i := 0; i < 5; i++ {
		own()
	}
	fmt.Println(tagged)
	select {}
}
`;

const callee = (name: string): string => `package ${name}\n\nfunc Call() {}\n`;

const moduleFolder = (): string =>
  makeFolder({
    "it's a module/go.mod": goMod(
      'example.com/own',
      '\nrequire (\n\texample.com/far v1.0.0\n\texample.com/near v1.0.0\n)\n\nreplace example.com/near => ./near\n',
    ),
    "it's a module/main.go": MAIN,
    "it's a module/tag.go": '//go:build special\n\npackage main\n\nconst tagged = "special"\n',
    "it's a module/near/go.mod": goMod('example.com/near'),
    "it's a module/near/near.go": callee('near'),
  });

const prepare = async (changes: Partial<TargetSpec> = {}, overlay: string | null = null): Promise<PreparedBuild> => {
  const moduleDir = path.join(moduleFolder(), "it's a module");
  const proxy = moduleProxy('example.com/far', 'v1.0.0', { 'far.go': callee('far') });
  return prepareBuild({
    side: 'head',
    sourceDir: moduleDir,
    moduleDir,
    revision: folderRevision('a'),
    spec: makeSpec({
      buildFlags: ['-tags=special', '-mod=mod'],
      buildEnv: {
        GOPROXY: `file://${proxy}`,
        GOSUMDB: 'off',
        GOFLAGS: '-modcacherw',
        ...cacheEnv(makeFolder()),
        GOWORK: 'off',
      },
      ...changes,
    }),
    overlay,
    workDir: makeFolder(),
    signal: never,
  });
};

/** Built, started, and asked by its agent; calls by function of everything but the agent. */
const callsIn = async (build: PreparedBuild, modules: readonly string[]): Promise<Readonly<Record<string, number>>> => {
  const binary = await linkBinary(withCoverage(build, modules), { linkSeed: null, cpus: null }, never);
  const socketDir = makeFolder();
  const env = { GODYNO_AGENT: socketDir, GOCOVERDIR: socketDir };
  const running = await startProcess({ file: binary.path, args: [], cwd: '/', env }, never);
  try {
    // The agent listens before main’s own initialisation, which readies the counters.
    while (!running.tail().includes('special')) await delay(5, undefined, { signal: AbortSignal.timeout(10_000) });
    const agent = await connectAgent({ socketDir, pid: running.pid, timeoutSeconds: 10, signal: never });
    const meta = readCoverageMeta(await agent.coverage('meta'));
    const counters = readCoverageCounters(await agent.coverage('counters'));
    agent.close();
    const calls = callsBetween(meta, new Map(), counters).map(({ function: { name }, calls: count }) => [name, count]);
    return Object.fromEntries(calls.filter(([name]) => !String(name).includes('zzgodyno')) as [string, number][]);
  } finally {
    await running.stop(1);
  }
};

describe('a build with coverage counters', () => {
  it('counts calls in the modules it was asked for, through the agent, with the user’s own tags kept', async () => {
    const build = await prepare();
    expect(await callsIn(build, ['example.com/own', 'example.com/near'])).toEqual({
      'main.own': 5,
      'main.main': 1,
      'example.com/near.Call': 5,
    });
    expect(await callsIn({ ...build, binFolder: makeFolder() }, ['example.com/own', 'example.com/far'])).toEqual({
      'main.own': 5,
      'main.main': 1,
      'example.com/far.Call': 5,
    });
  }, 60_000);

  it('counts what an overlay lays over a file, not the file', async () => {
    const planted = makeFolder({
      'other name.go': MAIN.replace('i < 5', 'i < 8').replace('func own() {', 'func own() { near.Call();'),
    });
    const first = await prepare();
    const overlay = path.join(makeFolder(), 'overlay.json');
    const build = { ...first, overlayFile: overlay };
    const { Replace } = JSON.parse(readFileSync(first.overlayFile, 'utf8')) as { Replace: Record<string, string> };
    const main = path.join(first.facts.dir, 'main.go');
    writeFileSync(overlay, JSON.stringify({ Replace: { ...Replace, [main]: path.join(planted, 'other name.go') } }));
    const flags = build.flags.map((flag) => (flag.startsWith('-overlay=') ? `-overlay=${overlay}` : flag));
    expect(await callsIn({ ...build, flags }, ['example.com/own', 'example.com/near'])).toEqual({
      'main.own': 8,
      'main.main': 1,
      'example.com/near.Call': 16,
    });
  }, 60_000);

  it('is refused where the user needs -toolexec for something else', async () => {
    const build = await prepare({ buildFlags: ['-tags=special', '-mod=mod', '-toolexec=env'] });
    expect(() => withCoverage(build, ['example.com/own'])).toThrow(/head: -toolexec .* is needed for coverage/);
  });
});

describe('the modules to cover', () => {
  it('are found with versions, and known as the user’s own by the tree they lie in', async () => {
    const build = await prepare();
    expect(await linkedModules(build, build.facts.moduleDir, never)).toEqual(
      expect.arrayContaining([
        { path: 'example.com/own', version: '', isOwn: true },
        { path: 'example.com/near', version: 'v1.0.0 => ./near ', isOwn: true },
        { path: 'example.com/far', version: 'v1.0.0', isOwn: false },
      ]),
    );
  });

  it('are the user’s own, and those that differ between the sides, in either direction', () => {
    const module = (name: string, version = 'v1', isOwn = false): LinkedModule => ({ path: name, version, isOwn });
    const base = [module('own', '', true), module('same'), module('bumped', 'v1'), module('gone')];
    const head = [module('own', '', true), module('same'), module('bumped', 'v2'), module('new')];
    expect(modulesToCover({ base, head })).toEqual(['bumped', 'gone', 'new', 'own']);
    expect(modulesToCover({ base: head, head: base })).toEqual(modulesToCover({ base, head }));
    expect(modulesToCover({ base, head: base })).toEqual(['own']);
  });
});
