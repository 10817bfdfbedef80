import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { noiseOf } from '../../harness/compare/index.ts';
import type { NoiseMetric, ScenarioRun } from '../../harness/model/index.ts';
import { parseNoiseProfile } from '../../harness/model/index.ts';
import { normalDeviates, randomFrom, standardDeviation } from '../../harness/stats/index.ts';
import { launchOf, mirrored, pairOf, runOf, windowOf } from '../builders/synthetic-run.ts';
import { scenarioWith } from '../builders/scenarios.ts';

const scenario = scenarioWith({ latency: null });
const family = { gates: 5 };

/** Log-ratios of launches, centred, whose sd is exactly `sd`. */
const ratiosOf = (seed: number, count: number, sd: number): readonly number[] => {
  const normal = normalDeviates(randomFrom(seed));
  const values = Array.from({ length: count }, normal);
  const centre = values.reduce((sum, value) => sum + value, 0) / count;
  const spread = standardDeviation(values);
  return values.map((value) => (sd * (value - centre)) / spread);
};

/** 3 s a launch, 40 launches in two minutes; every launch allocates alike. */
const runWith = (ratios: readonly number[], launchesPerSeed = 1): ScenarioRun => {
  const launches = ratios.map((ratio, index) =>
    launchOf(
      index,
      [
        pairOf(
          windowOf({ cpuNs: 1e6, mallocs: 100, allocBytes: 8000 }),
          windowOf({ cpuNs: 1e6 * Math.exp(ratio), mallocs: 100, allocBytes: 8000 }),
        ),
      ],
      { linkSeed: 1 + Math.floor(index / launchesPerSeed) },
    ),
  );
  const timing = {
    buildSeconds: 5,
    measureSeconds: 3 * ratios.length,
    judgedSeconds: ratios.length,
    linkWaitSeconds: 0,
  };
  return runOf(launches, { scenario, timing });
};

const noiseWith = (moved: ScenarioRun, equal: ScenarioRun | null = null) =>
  noiseOf({ equal, moved, family, horizonSeconds: 120, seed: 5 });
const cpuOf = (moved: ScenarioRun): NoiseMetric =>
  noiseWith(moved).metrics.find(({ metric }) => metric === 'cpuNsPerRequest') as NoiseMetric;
const sees = (moved: ScenarioRun): number => cpuOf(moved).smallestDetectableRatio ?? Infinity;

describe('the noise of launches of identical code', () => {
  test('has their own sd, launches and layout told apart', () => {
    const noise = noiseWith(runWith(ratiosOf(1, 24, 0.013)), runWith(ratiosOf(2, 12, 0.005)));
    expect(noise.launchSdRatio).toBeCloseTo(0.005, 10);
    expect(noise.layoutSdRatio).toBeCloseTo(0.012, 10);
    expect(noise.launches).toEqual({ equal: 12, moved: 24 });
  });

  test('says nothing of layout where only one of the two was measured', () => {
    expect(noiseWith(runWith(ratiosOf(1, 24, 0.013)))).toMatchObject({ launchSdRatio: null, layoutSdRatio: null });
  });

  test('is not below nothing when moved code happened to differ less', () => {
    expect(noiseWith(runWith(ratiosOf(1, 24, 0.004)), runWith(ratiosOf(2, 12, 0.005))).layoutSdRatio).toBe(0);
  });

  test('says how many launches two minutes hold', () => {
    const noise = noiseWith(runWith(ratiosOf(1, 10, 0.01)));
    expect(noise.secondsPerLaunch).toBe(3);
    expect(noise.horizon).toEqual({ seconds: 120, launches: 40 });
  });
});

describe('what the noise lets be seen', () => {
  test('of launches that agree to the last digit is the limit of the gate itself', () => {
    expect(sees(runWith(ratiosOf(3, 20, 0).map(() => 0)))).toBeCloseTo(0.01, 3);
  });

  test('of an ordinary service (1.1 % between launches) lies within what the simulated tables promise', () => {
    // docs/method.md: +1 % is the limit, +2 % is found in 96 to 98 % of runs of two minutes.
    const smallest = sees(runWith(ratiosOf(4, 40, 0.0115)));
    expect(smallest).toBeGreaterThan(0.01);
    expect(smallest).toBeLessThan(0.02);
  });

  test('is less where launches differ more', () => {
    const seen = [0.005, 0.02, 0.05].map((sd) => sees(runWith(ratiosOf(6, 24, sd))));
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    expect(seen[2]).toBeGreaterThan(2 * (seen[1] ?? 0));
  });

  test('is nothing where not even the first look fits, and nothing is suggested then', () => {
    const slow = runWith(ratiosOf(7, 8, 0.01));
    const timing = { ...slow.timing, measureSeconds: 8 * 20 };
    expect(cpuOf({ ...slow, timing })).toMatchObject({ smallestDetectableRatio: null, suggestedRatio: null });
  });

  test('makes the suggested threshold: at least the limit, in tenths of a percent, never below what is seen', () => {
    fc.assert(
      fc.property(fc.nat(100), fc.double({ min: 0.001, max: 0.05, noNaN: true }), (seed, sd) => {
        const { suggestedRatio, smallestDetectableRatio, practicalRatio } = cpuOf(runWith(ratiosOf(seed, 12, sd)));
        if (suggestedRatio === null || smallestDetectableRatio === null) return;
        expect(suggestedRatio).toBeGreaterThanOrEqual(practicalRatio ?? 0);
        expect(suggestedRatio + 1e-9).toBeGreaterThanOrEqual(smallestDetectableRatio);
        expect(Math.abs(suggestedRatio * 1000 - Math.round(suggestedRatio * 1000))).toBeLessThan(1e-6);
      }),
      { numRuns: 6 },
    );
  });

  test('counts launches of one link seed as one, however often they are drawn', () => {
    // Pairs of launches that agree perfectly within their seed: 20 units, not 40.
    const doubled = ratiosOf(8, 20, 0.02).flatMap((ratio) => [ratio, ratio]);
    expect(sees(runWith(doubled, 2))).toBeGreaterThan(1.2 * sees(runWith(doubled)));
  });
});

describe('false alarms', () => {
  test('are none in 400 replays of ordinary launches', () => {
    expect(noiseWith(runWith(ratiosOf(9, 24, 0.012))).falseAlarms).toEqual({ seen: [], replays: 400, alarms: 0 });
  });

  test('seen by a run itself are told: sides that differ though they should not', () => {
    const crooked = runWith(ratiosOf(10, 16, 0.005).map((ratio) => ratio + 0.05));
    expect(noiseWith(crooked).falseAlarms.seen).toEqual(['cpuNsPerRequest']);
    // A replay exchanges sides at random, which undoes a difference that is always on one side.
    expect(noiseWith(crooked).falseAlarms.alarms).toBeLessThan(20);
  });
});

test('the same runs give the same noise, and exchanged sides the same figures of spread', () => {
  const run = runWith(ratiosOf(11, 16, 0.01));
  expect(noiseWith(run)).toEqual(noiseWith(run));
  expect(cpuOf(mirrored(run)).sdRatio).toBeCloseTo(cpuOf(run).sdRatio ?? 0, 12);
});

describe('a stored profile', () => {
  const profile = {
    ...noiseWith(runWith(ratiosOf(12, 10, 0.01))),
    createdAt: '2026-01-01T00:00:00Z',
    godynoVersion: '0.1.0',
    scenarioDigest: 'd1',
    cpuModel: 'Test CPU',
    cpus: 2,
  };

  test('survives being written and read', () => {
    expect(parseNoiseProfile(JSON.parse(JSON.stringify(profile)), 'noise.json')).toEqual(profile);
  });

  test.each([
    null,
    7,
    'noise',
    [],
    {},
    { ...profile, metrics: [{}] },
    { ...profile, horizon: undefined, metrics: 'x' },
  ])('is refused when it is %j', (value) => {
    expect(() => parseNoiseProfile(value, 'noise.json')).toThrow(/noise\.json/);
  });
});
