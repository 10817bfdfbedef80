import { describe, expect, test } from 'vitest';
import { compareRun, judgeSoFar } from '../../../harness/compare/index.ts';
import type { Growth, Launch, MetricComparison, MetricId, ScenarioRun } from '../../../harness/model/index.ts';
import { normalDeviates, randomFrom } from '../../../harness/stats/index.ts';
import { fileOf, growthOf, launchOf, mirrored, pairOf, runOf, windowOf } from '../../builders/synthetic-run.ts';

const family = { gates: 6 };

interface Leak {
  /** Per request on head, beyond base. */
  readonly bytes?: number;
  readonly objects?: number;
  readonly goroutines?: number;
  /** sd of one heap snapshot, in bytes; objects go with it, one per 64 B. */
  readonly noiseBytes?: number;
}

const makeGrowth = (normal: () => number, requests: number, leak: Leak): Growth => {
  const start = (leak.noiseBytes ?? 2000) * normal();
  const end = (leak.noiseBytes ?? 2000) * normal();
  return growthOf({
    requests,
    liveHeapBytesStart: 5e6 + start,
    liveHeapBytesEnd: 5e6 + end + (leak.bytes ?? 0) * requests,
    liveObjectsStart: 2e4 + start / 64,
    liveObjectsEnd: 2e4 + end / 64 + (leak.objects ?? 0) * requests,
    goroutinesStart: 10,
    goroutinesEnd: 10 + Math.floor((leak.goroutines ?? 0) * requests),
  });
};

const leakyRun = (seed: number, leak: Leak, longRequests?: number): ScenarioRun => {
  const normal = normalDeviates(randomFrom(seed));
  const pair = () => pairOf(windowOf({ cpuNs: 1e6 }), windowOf({ cpuNs: 1e6 * Math.exp(0.003 * normal()) }));
  const growth = (requests: number) => ({
    base: makeGrowth(normal, requests, { noiseBytes: leak.noiseBytes ?? 2000 }),
    head: makeGrowth(normal, requests, leak),
  });
  const launches: Launch[] = Array.from({ length: 8 }, (_, index) =>
    launchOf(index, [pair(), pair(), pair()], { growth: growth(650) }),
  );
  if (longRequests) launches.push(launchOf(8, [], { stage: 'growth', growth: growth(longRequests) }));
  return runOf(launches);
};

const rowOf = (run: ScenarioRun, metric: MetricId): MetricComparison => {
  const row = compareRun(fileOf([run])).scenarios[0]?.metrics.find((candidate) => candidate.metric === metric);
  if (!row) throw new Error(`no row for ${metric}`);
  return row;
};

const heap = (run: ScenarioRun): MetricComparison => rowOf(run, 'heapGrowthBytesPerRequest');
const goroutines = (run: ScenarioRun): MetricComparison => rowOf(run, 'goroutineGrowthPerRequest');
const SEEDS = Array.from({ length: 40 }, (_, seed) => seed);
const share = (hit: (seed: number) => boolean): number => SEEDS.filter(hit).length / SEEDS.length;

describe('heap growth', () => {
  test('of a clean service is mostly cleared by short launches, and by a growth launch where they cannot tell', () => {
    expect(share((seed) => judgeSoFar(leakyRun(seed, {}), family).suspectGrowth.length > 0)).toBeLessThanOrEqual(0.2);
    expect(share((seed) => heap(leakyRun(seed, {}, 10_000)).verdict === 'unchanged')).toBeGreaterThanOrEqual(0.95);
    const noisy = { noiseBytes: 200_000 };
    expect(share((seed) => heap(leakyRun(seed, noisy, 10_000)).verdict === 'notJudged')).toBeGreaterThanOrEqual(0.9);
    expect(share((seed) => compareRun(fileOf([leakyRun(seed, noisy)])).verdict === 'unchanged')).toBeGreaterThanOrEqual(
      0.9,
    );
  });

  test('of one 1 KiB object in 100 requests asks for a growth launch, which finds it', () => {
    const leak = { bytes: 10.24, objects: 0.01 };
    expect(share((seed) => judgeSoFar(leakyRun(seed, leak), family).suspectGrowth.length > 0)).toBe(1);
    expect(share((seed) => heap(leakyRun(seed, leak, 10_000)).verdict === 'regressed')).toBe(1);
  });

  test('of a clean service is never regressed by a growth launch, however its heap wanders', () => {
    for (const noiseBytes of [500, 4000, 50_000]) {
      expect(share((seed) => heap(leakyRun(seed, { noiseBytes }, 10_000)).verdict === 'regressed')).toBe(0);
    }
  });

  test('under suspicion does not hold the run open, but without a growth launch it stays inconclusive', () => {
    const run = leakyRun(3, { bytes: 40, objects: 0.04 });
    expect(judgeSoFar(run, family)).toMatchObject({ done: true, suspectGrowth: ['heapGrowthBytesPerRequest'] });
    expect(heap(run)).toMatchObject({
      verdict: 'inconclusive',
      reason: expect.stringContaining('it looks like a leak'),
    });
    expect(compareRun(fileOf([run])).verdict).toBe('inconclusive');
  });

  test('is told in bytes per request with its interval, decided by the growth launch', () => {
    const row = heap(leakyRun(4, { bytes: 40, objects: 0.04 }, 10_000));
    expect(row).toMatchObject({ effectRatio: null, ciRatio: null, practicalAbsolute: 0.64, verdict: 'regressed' });
    expect(row.effectAbsolute).toBeGreaterThan(38);
    expect(row.effectAbsolute).toBeLessThan(42);
    expect(row.ciAbsolute![0]).toBeGreaterThan(0);
    expect(row.decidedBy).toMatchObject({ stage: 'growth', unit: 'launch', n: 9 });
  });

  test('removed by the change is improved', () => {
    expect(heap(mirrored(leakyRun(4, { bytes: 40, objects: 0.04 }, 10_000))).verdict).toBe('improved');
  });

  test('is not confirmed by a growth launch of a few hundred requests', () => {
    expect(heap(leakyRun(4, { bytes: 40, objects: 0.04 }, 600)).verdict).toBe('inconclusive');
  });

  test('without snapshots is not judged and does not make the run inconclusive', () => {
    const bare = runOf(leakyRun(1, {}).launches.map((launch) => launchOf(launch.index, launch.pairs)));
    expect(heap(bare)).toMatchObject({ verdict: 'notJudged', reason: 'not measured here' });
    expect(compareRun(fileOf([bare])).verdict).toBe('unchanged');
  });
});

describe('goroutine growth', () => {
  test('of one goroutine in 100 requests is regressed at the first look, though 650 requests show only six', () => {
    expect(share((seed) => goroutines(leakyRun(seed, { goroutines: 0.01 })).verdict === 'regressed')).toBe(1);
    expect(judgeSoFar(leakyRun(1, { goroutines: 0.01 }), family).done).toBe(true);
  });

  test('of none at all is unchanged with an interval of no width', () => {
    expect(goroutines(leakyRun(1, {}))).toMatchObject({ verdict: 'unchanged', ciAbsolute: [0, 0], effectAbsolute: 0 });
  });

  test('of one in a thousand requests does not fail', () => {
    expect(goroutines(leakyRun(1, { goroutines: 0.002 })).verdict).toBe('unchanged');
  });
});
