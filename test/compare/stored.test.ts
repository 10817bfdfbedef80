import { describe, expect, test } from 'vitest';
import { compareStored } from '../../harness/compare/index.ts';
import type { MetricComparison, MetricId, RunFile, ScenarioRun } from '../../harness/model/index.ts';
import { normalDeviates, randomFrom } from '../../harness/stats/index.ts';
import { fileOf, growthOf, launchOf, pairOf, runOf, scenarioWith, settings, windowOf } from './synthetic-run.ts';

/** Both sides alike; only the head's figures matter here. */
const storedRun = (seed: number, factors: { readonly cpu?: number; readonly mallocs?: number } = {}): ScenarioRun => {
  const normal = normalDeviates(randomFrom(seed));
  const window = () =>
    windowOf({
      cpuNs: 1e6 * (factors.cpu ?? 1) * Math.exp(0.02 * normal()),
      mallocs: 100 * (factors.mallocs ?? 1) * Math.exp(1e-4 * normal()),
      allocBytes: 9000 * Math.exp(7e-4 * normal()),
    });
  const launches = Array.from({ length: 8 }, (_, index) =>
    launchOf(index, [pairOf(window(), window()), pairOf(window(), window())], {
      growth: { base: growthOf(), head: growthOf() },
    }),
  );
  return runOf(launches, { stop: 'recorded' });
};

const otherMachine = (file: RunFile): RunFile => ({
  ...file,
  environment: { ...file.environment, fingerprint: 'f2', cpuModel: 'Other CPU' },
});
const rowOf = (before: RunFile, after: RunFile, metric: MetricId): MetricComparison => {
  const row = compareStored(before, after).scenarios[0]?.metrics.find((candidate) => candidate.metric === metric);
  if (!row) throw new Error(`no row for ${metric}`);
  return row;
};
const baseline = fileOf([storedRun(1)]);

describe('stored runs of one machine', () => {
  test('of equal code regress nothing; CPU is not judged, since runs differ by more than a duet would', () => {
    const comparison = compareStored(baseline, fileOf([storedRun(2, { cpu: 1.1 })]));
    expect(comparison).toMatchObject({ method: 'same-machine', verdict: 'unchanged' });
    const row = rowOf(baseline, fileOf([storedRun(2, { cpu: 1.1 })]), 'cpuNsPerRequest');
    expect(row).toMatchObject({ verdict: 'notJudged', reason: expect.stringContaining('both sides together') });
    expect(row.ciRatio![0]).toBeLessThan(-0.1);
    expect(row.decidedBy).toMatchObject({ stage: 'stored', unit: 'run', n: 1 });
  });

  test('twice as dear in CPU are regressed even so', () => {
    expect(rowOf(baseline, fileOf([storedRun(2, { cpu: 2 })]), 'cpuNsPerRequest').verdict).toBe('regressed');
  });

  test('with 2 % more allocations are regressed by allocations', () => {
    expect(rowOf(baseline, fileOf([storedRun(2, { mallocs: 1.02 })]), 'mallocsPerRequest').verdict).toBe('regressed');
    expect(rowOf(fileOf([storedRun(2, { mallocs: 1.02 })]), baseline, 'mallocsPerRequest').verdict).toBe('improved');
  });
});

describe('stored runs of two machines', () => {
  test('judge allocations and growth, never CPU, however large its difference', () => {
    const after = otherMachine(fileOf([storedRun(2, { cpu: 5, mallocs: 1.02 })]));
    expect(compareStored(baseline, after).method).toBe('other-machine');
    expect(rowOf(baseline, after, 'cpuNsPerRequest')).toMatchObject({
      verdict: 'notJudged',
      reason: 'measured on another machine',
    });
    expect(rowOf(baseline, after, 'mallocsPerRequest').verdict).toBe('regressed');
    expect(rowOf(baseline, after, 'goroutineGrowthPerRequest').verdict).toBe('unchanged');
  });
});

describe('stored runs under other conditions', () => {
  test.each([
    ['GOMAXPROCS', { settings: { ...settings, gomaxprocs: 4 } }],
    ['GOGC', { settings: { ...settings, gogc: 'off' } }],
    ['requests in flight', { settings: { ...settings, inFlight: 8 } }],
    ['scenario content', { scenario: { ...scenarioWith({}), digest: 'd2' } }],
  ])('are refused when they differ in %s, by name', (name, changes) => {
    const after = fileOf([{ ...storedRun(2), ...changes }]);
    expect(() => compareStored(baseline, after)).toThrow(name);
  });

  test('are refused across Go versions, and warned about across patch versions', () => {
    const withGo = (goVersion: string): RunFile => {
      const run = storedRun(2);
      return fileOf([{ ...run, builds: { base: run.builds.base, head: { ...run.builds.head, goVersion } } }]);
    };
    expect(() => compareStored(baseline, withGo('go1.25.1'))).toThrow('Go version (1.26 → 1.25)');
    const [scenario] = compareStored(baseline, withGo('go1.26.9')).scenarios;
    expect(scenario?.warnings.join()).toContain('go1.26.8 and go1.26.9');
  });

  test('are refused when they share no scenario', () => {
    const other = fileOf([{ ...storedRun(2), scenario: scenarioWith({ name: 'other' }) }]);
    expect(() => compareStored(baseline, other)).toThrow('demo against other');
  });
});
