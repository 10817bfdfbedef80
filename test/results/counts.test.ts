/** The stored profile of counted instructions: merged over launches, with the callers of real CPU samples. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { countedSides, openCounts, readCounts } from '../../harness/results/counts.ts';
import { evidenceOf } from '../../harness/results/evidence.ts';
import {
  type CountsRead,
  explainRun,
  type MergedProfile,
  mergedProfiles,
  type ReadFile,
  SamplesReader,
} from '../../harness/results/index.ts';
import { instructionsProfile, mergeCounts } from '../../harness/compare/index.ts';
import type { BySide, ExactLaunch, ExactRun, RunFile, ScenarioRun, Side } from '../../harness/model/index.ts';
import { decodeProfile, encodeProfile, type Profile } from '../../harness/profile/index.ts';
import { flatCumRows } from '../profile/top-table.ts';
import { makeRunFolder } from '../builders/run-folder.ts';

const frame = (name: string) => ({ function: name, file: 'main.go', line: 12, startLine: 10 });

const fileOf = (side: Side, index: number): string => `profiles/demo/${side}/exact-${index}/instructions.pb.gz`;

const launchOf = (side: Side, index: number): ExactLaunch => ({
  index,
  side,
  linkSeed: null,
  requests: 100,
  groups: { user: 0, runtime: 0, allocator: 0, gc: 0, scheduler: 0 },
  windowSeconds: 1,
  idleSeconds: 1,
  syscalls: {},
  threads: 5,
  profile: fileOf(side, index),
  wallSeconds: 2,
});

const launches = [launchOf('base', 1), launchOf('head', 2), launchOf('head', 3)];

const withExact = (run: RunFile): RunFile => ({
  ...run,
  runs: run.runs.map((one) => ({
    ...one,
    exact: { engine: 'qemu', refusal: null, steady: true, unsteadyReason: null, launches, warnings: [] },
  })),
});

const folder = makeRunFolder(withExact);
afterAll(() => folder.remove());

for (const { profile } of launches) {
  const stacks = [
    { frames: ['main.inlined', 'main.busy'].map(frame), group: 'user' as const, instructions: 9000, calls: 0 },
    { frames: [frame('main.busy')], group: 'user' as const, instructions: 1000, calls: 7 },
    { frames: [frame('main.neverSampled')], group: 'user' as const, instructions: 50, calls: 1 },
  ];
  mkdirSync(path.dirname(path.join(folder.dir, profile)), { recursive: true });
  writeFileSync(path.join(folder.dir, profile), encodeProfile(instructionsProfile(stacks, [])));
}

const read: ReadFile = async (file) => readFile(path.join(folder.dir, file)).catch(() => null);
const run = JSON.parse(readFileSync(path.join(folder.dir, 'run.json'), 'utf8')) as RunFile;

const sidesOf = async (scenario: ScenarioRun) => {
  let cpu: BySide<Profile | null> = { base: null, head: null };
  for await (const { file, merged } of evidenceOf(scenario, read)) if (file === 'cpu') cpu = merged;
  return countedSides(mergeCounts((await openCounts(scenario, read)).launches), cpu);
};

describe('counted instructions', () => {
  it('are stored per side, the sum of its launches, below the callers that its CPU samples know', async () => {
    const stored = (await mergedProfiles(run, read)).filter(({ kind }) => kind === 'instructions');
    expect(stored.map(({ file }) => file)).toEqual([
      'profiles/demo/base/instructions.pb.gz',
      'profiles/demo/head/instructions.pb.gz',
    ]);
    const profile = decodeProfile(stored[1]?.bytes ?? new Uint8Array(), 'head');
    const costs = (valueType: string) => flatCumRows(profile, valueType).map(({ name, flat }) => `${name} ${flat}`);
    expect(costs('instructions')).toEqual(
      expect.arrayContaining(['main.inlined 18000', 'main.busy 2000', 'main.neverSampled 100']),
    );
    expect(costs('calls')).toEqual(expect.arrayContaining(['main.busy 14', 'main.neverSampled 2']));
    const file = path.join(folder.dir, 'head.pb.gz');
    writeFileSync(file, stored[1]?.bytes ?? '');
    const traces = execFileSync('go', ['tool', 'pprof', '-traces', file], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    expect(traces).toMatch(
      /18000\s+main\.inlined \(inline\)\s+main\.busy\s+main\.labelled\.func1\s+runtime\/pprof\.Do/,
    );
  });

  it('say from how many samples, and over how many requests', async () => {
    const [scenario] = run.runs;
    // Two launches of the side have the same CPU profile of 324 ticks.
    expect((await sidesOf(scenario!)).head).toMatchObject({ requests: 200, pathSamples: 648 });
  });

  it('have no callers where there are no CPU samples, and are nothing where nothing was counted', async () => {
    const [scenario] = run.runs;
    const onlyCounted = { ...scenario!, launches: [] };
    const counted = (await sidesOf(onlyCounted)).base;
    expect(counted).toMatchObject({ requests: 100, pathSamples: 0 });
    expect(counted?.profile.samples.stack.length).toBe(counted?.profile.samples.count);
    const { exact: _none, ...uncounted } = scenario!;
    expect((await sidesOf(uncounted)).base).toBeNull();
  });

  it('are not opened again where the last look has read them, and say and sum up to the same', async () => {
    const [scenario] = run.runs;
    const opened: string[] = [];
    const noting: ReadFile = async (file) => (opened.push(file), read(file));
    const explained = async (counts: CountsRead) => {
      opened.length = 0;
      const stored: [string, string][] = [];
      const keep = async ({ file, bytes }: MergedProfile) =>
        void stored.push([file, Buffer.from(bytes).toString('base64')]);
      const samples = new SamplesReader(noting, keep);
      const found = await explainRun(run, noting, keep, { counts, samples });
      return { ...found, stored, counted: opened.filter((file) => file.includes('exact-')).length };
    };
    const counts = await readCounts(run, scenario!, read);
    const anew = await explained({ ...counts, reading: { ...counts.reading!, run: { ...scenario!.exact! } } });
    expect(anew.counted).toBe(launches.length);
    expect(anew.comparison.scenarios[0]?.exact?.counted?.instructionsPerNs).toBeGreaterThan(0);
    expect(await explained(counts)).toEqual({ ...anew, counted: 0 });
  });

  it('keep the reason where none were counted, or too few to be judged', async () => {
    const found = async (change: Partial<ExactRun>) => {
      const [scenario] = run.runs;
      const exact: ExactRun = { ...(scenario?.exact as ExactRun), ...change };
      const file: RunFile = { ...run, runs: [{ ...scenario!, exact }] };
      return (await explainRun(file, read)).comparison.scenarios[0]?.exact;
    };
    expect(await found({ launches: [], refusal: 'it runs more than 64 threads' })).toMatchObject({
      engine: 'qemu',
      refusal: 'it runs more than 64 threads',
    });
    const unreadable = launches.map((launch) => ({ ...launch, profile: 'nowhere' }));
    expect(await found({ launches: unreadable })).toBeNull();
  });
});
