import { describe, expect, test } from 'vitest';
import { compareStored } from '../../../harness/compare/index.ts';
import type { MetricComparison, MetricId, RunFile, ScenarioRun } from '../../../harness/model/index.ts';
import { normalDeviates, randomFrom } from '../../../harness/stats/index.ts';
import { fileOf, growthOf, launchOf, pairOf, runOf, windowOf } from '../../builders/synthetic-run.ts';
import { settings } from '../../builders/settings.ts';
import { scenarioWith } from '../../builders/scenarios.ts';

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

/** A recorded commit, as `baseline record` makes it: base and head are the same. */
const recorded = (run: ScenarioRun, commit: string): RunFile => {
  const revision = { revision: commit.repeat(40), label: commit, kind: 'git' } as const;
  return fileOf([run], { base: revision, head: revision });
};
const baseline = recorded(storedRun(1), '1');

test('functions with a limit are not judged against a stored run', () => {
  const functionGates = [{ pattern: 'main.encode', profile: 'cpu', failRatio: 0.2 }] as const;
  const run = { ...storedRun(2), scenario: { ...storedRun(2).scenario, functionGates } };
  expect(compareStored(baseline, recorded(run, '2')).scenarios[0]?.functionGates).toMatchObject([
    { pattern: 'main.encode', verdict: 'notJudged', reason: expect.stringContaining('no profiles') },
  ]);
  expect(compareStored(baseline, recorded(storedRun(2), '2')).scenarios[0]).not.toHaveProperty('functionGates');
});

describe('stored runs of one machine', () => {
  test('of identical code regress nothing; CPU is not judged, since runs differ by more than a duet would', () => {
    const comparison = compareStored(baseline, recorded(storedRun(2, { cpu: 1.1 }), '2'));
    expect(comparison).toMatchObject({ method: 'same-machine', verdict: 'unchanged' });
    const row = rowOf(baseline, recorded(storedRun(2, { cpu: 1.1 }), '2'), 'cpuNsPerRequest');
    expect(row).toMatchObject({ verdict: 'notJudged', reason: expect.stringContaining('both sides together') });
    expect(row.ciRatio![0]).toBeLessThan(-0.1);
    expect(row.decidedBy).toMatchObject({ stage: 'stored', unit: 'run', n: 1 });
  });

  test('twice as dear in CPU are regressed even so', () => {
    expect(rowOf(baseline, recorded(storedRun(2, { cpu: 2 }), '2'), 'cpuNsPerRequest').verdict).toBe('regressed');
  });

  test('with 2 % more allocations are regressed by allocations', () => {
    expect(rowOf(baseline, recorded(storedRun(2, { mallocs: 1.02 }), '2'), 'mallocsPerRequest').verdict).toBe(
      'regressed',
    );
    expect(rowOf(recorded(storedRun(2, { mallocs: 1.02 }), '2'), baseline, 'mallocsPerRequest').verdict).toBe(
      'improved',
    );
  });
});

describe('waiting per request', () => {
  const waiting = (counters: (ns: number) => object): RunFile => {
    const run = storedRun(1);
    const slice = (index: number) => {
      const window = windowOf(counters(1e6 * (1 + index / 100)));
      return pairOf(window, window, { index: 9, phase: 'contention' });
    };
    const launches = run.launches.map((launch, index) => ({ ...launch, pairs: [...launch.pairs, slice(index)] }));
    return recorded({ ...run, launches }, '1');
  };
  const old = waiting((blockWaitNs) => ({ blockWaitNs }));
  const now = waiting((requestBlockNs) => ({ requestBlockNs, requestLockNs: 0 }));

  test('of a run that counted what the server waits for is compared with its like alone', () => {
    expect(rowOf(old, old, 'blockWaitNsPerRequest').verdict).not.toBe('notJudged');
    expect(rowOf(now, now, 'blockWaitNsPerRequest').verdict).not.toBe('notJudged');
    expect(rowOf(old, now, 'blockWaitNsPerRequest')).toMatchObject({
      verdict: 'notJudged',
      reason: expect.stringContaining('record the baseline again'),
    });
  });
});

describe('stored runs of another layout of CPUs', () => {
  const twoLanes = {
    lanes: [
      { targetCpus: [0], loaderCpus: [1] },
      { targetCpus: [2], loaderCpus: [3] },
    ],
  };
  test.each([
    ['with launches beside each other', twoLanes],
    ['with another half of the services’ core for the loader', { loaderCpus: [1, 2, 3] }],
  ])('%s judge allocations, not CPU, whatever its difference', (_, cpus) => {
    const run = storedRun(2, { cpu: 2, mallocs: 1.02 });
    const after = recorded({ ...run, settings: { ...settings, ...cpus } }, '2');
    expect(rowOf(baseline, after, 'cpuNsPerRequest')).toMatchObject({
      verdict: 'notJudged',
      reason: expect.stringContaining('another layout of CPUs') as string,
    });
    expect(rowOf(baseline, after, 'mallocsPerRequest').verdict).toBe('regressed');
    expect(
      rowOf(after, recorded({ ...run, settings: after.runs[0]!.settings }, '3'), 'cpuNsPerRequest').reason,
    ).not.toMatch('layout');
  });
});

describe('stored runs that measured the same base', () => {
  /** Head against base, while the machine makes both sides more expensive from run to run. */
  const run = (
    seed: number,
    drift: { readonly cpu: number; readonly bytes: number },
    more: { readonly cpu: number; readonly bytes: number },
  ) => {
    const normal = normalDeviates(randomFrom(seed));
    const window = (cpu: number, bytes: number) =>
      windowOf({
        cpuNs: 1e6 * cpu * drift.cpu * Math.exp(0.003 * normal()),
        mallocs: 100,
        allocBytes: 9000 * bytes * drift.bytes * Math.exp(7e-4 * normal()),
      });
    const pair = () => pairOf(window(1, 1), window(more.cpu, more.bytes));
    const launches = Array.from({ length: 10 }, (_, index) => launchOf(index, [pair(), pair(), pair()]));
    const head = { revision: String(seed).repeat(40), label: 'topic', kind: 'git' } as const;
    return fileOf([runOf(launches)], { head });
  };
  const same = { cpu: 1, bytes: 1 };
  const drifted = { cpu: 1.06, bytes: 1.02 };
  const before = run(1, same, same);

  test('blame nothing on head that the base went through, too', () => {
    const after = run(2, drifted, { cpu: 1, bytes: 1.007 });
    expect(compareStored(before, after)).toMatchObject({ method: 'shared-base', verdict: 'unchanged' });
    const row = rowOf(before, after, 'allocBytesPerRequest');
    expect(row.verdict).toBe('changed');
    expect(row.effectRatio).toBeCloseTo(0.007, 3);
    expect(row.head! / row.base!).toBeCloseTo(1.007, 3);
    expect(rowOf(before, after, 'cpuNsPerRequest')).toMatchObject({
      verdict: 'unchanged',
      decidedBy: { unit: 'launch' },
    });
  });

  test('find what is head’s own, as sharply as side by side', () => {
    const after = run(3, drifted, { cpu: 1.03, bytes: 1.03 });
    expect(rowOf(before, after, 'cpuNsPerRequest').verdict).toBe('regressed');
    expect(rowOf(before, after, 'allocBytesPerRequest').verdict).toBe('regressed');
    expect(rowOf(after, before, 'cpuNsPerRequest').verdict).toBe('improved');
  });

  test('are not the worse for another layout of CPUs, since the base was on it, too', () => {
    const after = run(6, drifted, { cpu: 1.03, bytes: 1 });
    const lanes = [1, 3].map((cpu) => ({ targetCpus: [cpu], loaderCpus: [cpu + 1] }));
    const beside = { ...after, runs: after.runs.map((one) => ({ ...one, settings: { ...one.settings, lanes } })) };
    expect(rowOf(before, beside, 'cpuNsPerRequest').verdict).toBe('regressed');
  });

  test('do not judge CPU by fewer launches than a look takes', () => {
    const after = run(4, same, { cpu: 1.2, bytes: 1 });
    const short = { ...after, runs: after.runs.map((one) => ({ ...one, launches: one.launches.slice(0, 5) })) };
    expect(rowOf(before, short, 'cpuNsPerRequest')).toMatchObject({
      verdict: 'notJudged',
      reason: expect.stringContaining('fewer launches') as string,
    });
  });

  test('are none where the base was built with another Go, or is another commit', () => {
    const after = run(5, drifted, same);
    const [one] = after.runs;
    const newer = { ...one!.builds.base, goVersion: 'go1.26.9' };
    const rebuilt = { ...after, runs: [{ ...one!, builds: { ...one!.builds, base: newer } }] };
    expect(compareStored(before, rebuilt).method).toBe('same-machine');
    expect(compareStored(before, { ...after, base: { ...after.base, revision: '0'.repeat(40) } }).method).toBe(
      'same-machine',
    );
  });
});

describe('stored runs of two machines', () => {
  test('judge allocations and growth, never CPU, however large its difference', () => {
    const after = otherMachine(recorded(storedRun(2, { cpu: 5, mallocs: 1.02 }), '2'));
    expect(compareStored(baseline, after).method).toBe('other-machine');
    expect(rowOf(baseline, after, 'cpuNsPerRequest')).toMatchObject({
      verdict: 'notJudged',
      reason: 'recorded on another machine',
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
    const after = recorded({ ...storedRun(2), ...changes }, '2');
    expect(() => compareStored(baseline, after)).toThrow(name);
  });

  test('are refused across Go versions, and warned about across patch versions', () => {
    const withGo = (goVersion: string): RunFile => {
      const run = storedRun(2);
      return recorded({ ...run, builds: { base: run.builds.base, head: { ...run.builds.head, goVersion } } }, '2');
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
