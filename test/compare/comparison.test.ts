import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareRun, NO_FINDINGS } from '../../harness/compare/index.ts';
import {
  bothSides,
  parseComparison,
  type Comparison,
  type MetricComparison,
  type MetricId,
  type Scenario,
  type ScenarioRun,
} from '../../harness/model/index.ts';
import { normalDeviates, randomFrom } from '../../harness/stats/index.ts';
import {
  cpuRun,
  fileOf,
  growthOf,
  latencyOf,
  launchOf,
  mirrored,
  pairOf,
  runOf,
  unseededBuilds,
  windowOf,
  type PerRequest,
} from '../builders/synthetic-run.ts';
import { settings } from '../builders/settings.ts';
import { functionGate } from '../builders/comparisons.ts';
import { scenarioWith } from '../builders/scenarios.ts';

interface Service {
  readonly base: PerRequest;
  readonly head: PerRequest;
  readonly launches?: number;
  readonly windowSd?: number;
  /** sd of allocations and bytes from launch to launch. */
  readonly launchSd?: number;
  readonly scenario?: Scenario;
}

const NOISE: Readonly<Record<string, number>> = { cpuNs: 0.008, mallocs: 1e-4, allocBytes: 7e-4, mutexWaitNs: 0.1 };

const serviceRun = (service: Service, seed = 1, changes: Partial<ScenarioRun> = {}): ScenarioRun => {
  const normal = normalDeviates(randomFrom(seed));
  const launches = Array.from({ length: service.launches ?? 8 }, (_, index) => {
    const shift = { base: (service.launchSd ?? 0) * normal(), head: (service.launchSd ?? 0) * normal() };
    const draw = (side: 'base' | 'head') => {
      const noisy = Object.entries(service[side]).map(([name, value]) => [
        name,
        (value ?? 0) *
          Math.exp((service.windowSd ?? NOISE[name] ?? 0) * normal() + (name === 'cpuNs' ? 0 : shift[side])),
      ]);
      return windowOf(Object.fromEntries(noisy), { service: latencyOf(2000 * Math.exp(0.02 * normal())) });
    };
    const cost = Array.from({ length: 3 }, (_, number) => pairOf(draw('base'), draw('head'), { index: number }));
    const contention = index < 4 ? [pairOf(draw('base'), draw('head'), { index: 3, phase: 'contention' })] : [];
    return launchOf(index, [...cost, ...contention], { growth: { base: growthOf(), head: growthOf() } });
  });
  return runOf(launches, { scenario: service.scenario ?? scenarioWith({}), ...changes });
};

const steady = { cpuNs: 1e6, mallocs: 100, allocBytes: 9000 };
const compare = (run: ScenarioRun): Comparison => compareRun(fileOf([run]));
const rowsOf = (run: ScenarioRun): ReadonlyMap<MetricId, MetricComparison> =>
  new Map(compare(run).scenarios[0]!.metrics.map((row) => [row.metric, row]));
const rowOf = (run: ScenarioRun, metric: MetricId): MetricComparison => {
  const row = rowsOf(run).get(metric);
  if (!row) throw new Error(`no row for ${metric}`);
  return row;
};

describe('a run without a change', () => {
  test('is unchanged in every gate, and survives being written and read', () => {
    const comparison = compare(serviceRun({ base: steady, head: steady }));
    expect(comparison.verdict).toBe('unchanged');
    const gates = comparison.scenarios[0]!.metrics.filter(({ gate }) => gate);
    expect(gates.map(({ metric, verdict }) => [metric, verdict])).toEqual([
      ['cpuNsPerRequest', 'unchanged'],
      ['mallocsPerRequest', 'unchanged'],
      ['allocBytesPerRequest', 'unchanged'],
      ['latencyP50Ms', 'unchanged'],
      ['heapGrowthBytesPerRequest', 'unchanged'],
      ['goroutineGrowthPerRequest', 'unchanged'],
      ['errorRatio', 'unchanged'],
    ]);
    expect(parseComparison(JSON.stringify(comparison), 'comparison.json')).toEqual(comparison);
  });

  test('raises no alarm in 150 runs of all gates together, and is told unchanged in nearly all', () => {
    const verdicts = Array.from(
      { length: 150 },
      (_, seed) => compare(serviceRun({ base: steady, head: steady }, seed)).verdict,
    );
    expect(verdicts.filter((verdict) => verdict === 'regressed' || verdict === 'improved')).toEqual([]);
    expect(verdicts.filter((verdict) => verdict === 'unchanged').length).toBeGreaterThanOrEqual(145);
  });

  test('whose allocations are identical takes the exact path: no width, p = 1', () => {
    const row = rowOf(serviceRun({ base: { mallocs: 100 }, head: { mallocs: 100 }, windowSd: 0 }), 'mallocsPerRequest');
    expect(row).toMatchObject({ verdict: 'unchanged', effectRatio: 0, ciRatio: [0, 0], pValue: 1 });
    expect(row.decidedBy).toMatchObject({ unit: 'window', n: 24 });
  });

  test('whose launches differ in allocations for life raises no alarm from its many like windows', () => {
    const noisy = { base: steady, head: steady, launchSd: 0.02 };
    const alarms = Array.from(
      { length: 60 },
      (_, seed) => rowOf(serviceRun(noisy, seed), 'mallocsPerRequest').verdict,
    ).filter((verdict) => verdict === 'regressed' || verdict === 'improved' || verdict === 'changed');
    expect(alarms).toEqual([]);
  });
});

describe('allocations', () => {
  const mallocs = (factor: number): MetricComparison =>
    rowOf(serviceRun({ base: steady, head: { ...steady, mallocs: 100 * factor } }), 'mallocsPerRequest');

  test.each([
    [1.0005, 'unchanged'],
    [1.003, 'changed'],
    [1.02, 'regressed'],
    [0.997, 'changed'],
    [0.98, 'improved'],
  ])('times %d are %s', (factor, verdict) => {
    expect(mallocs(factor).verdict).toBe(verdict);
  });

  test('changed below what fails leave the run unchanged', () => {
    expect(compare(serviceRun({ base: steady, head: { ...steady, mallocs: 100.3 } })).verdict).toBe('unchanged');
  });

  test('appearing where there were none are told by difference, without a ratio', () => {
    const row = rowOf(
      serviceRun({ base: { ...steady, mallocs: 0 }, head: { ...steady, mallocs: 5 } }),
      'mallocsPerRequest',
    );
    expect(row).toMatchObject({ verdict: 'regressed', effectRatio: null, ciRatio: null, base: 0 });
    expect(row.effectAbsolute).toBeCloseTo(5, 2);
  });

  test('of a millionth per request never fail, whatever their ratio', () => {
    const run = serviceRun({ base: { ...steady, mallocs: 1e-3 }, head: { ...steady, mallocs: 3e-3 } });
    expect(rowOf(run, 'mallocsPerRequest').verdict).not.toBe('regressed');
  });
});

describe('a CPU regression', () => {
  const run = serviceRun({ base: steady, head: { ...steady, cpuNs: 1.05e6 } });

  test('fails the run with its effect inside its interval, at the look it was found', () => {
    const row = rowOf(run, 'cpuNsPerRequest');
    expect(compare(run).verdict).toBe('regressed');
    expect(row).toMatchObject({ verdict: 'regressed', gate: true, required: false, reason: null, unitsNeeded: null });
    expect(row.effectRatio).toBeGreaterThan(0.04);
    expect(row.effectRatio).toBeLessThan(0.06);
    expect(row.ciRatio![0]).toBeGreaterThan(0);
    expect(row.ciRatio![1]).toBeGreaterThan(row.effectRatio!);
    expect(row.ciLevel).toBeCloseTo(1 - 2 * (0.01 / 48), 9);
    expect(row.pValue).toBeLessThan(0.01);
    expect(row.qValue).toBeGreaterThanOrEqual(row.pValue!);
    expect(row.practicalRatio).toBeCloseTo(0.01, 12);
    expect(row.smallestDetectableRatio).toBeGreaterThan(0.01);
    expect(row.decidedBy).toEqual({ stage: 'judged', unit: 'launch', n: 8, linkSeeds: 8 });
  });

  test('is judged by the look, not by launches that came later for other gates', () => {
    const later = serviceRun({ base: steady, head: { ...steady, cpuNs: 1.05e6 }, launches: 15 });
    expect(rowOf(later, 'cpuNsPerRequest').decidedBy?.n).toBe(8);
  });

  test('is the worst of several scenarios, and the level is shared among them', () => {
    const good = serviceRun({ base: steady, head: steady, scenario: scenarioWith({ name: 'other' }) });
    const comparison = compareRun(fileOf([good, run]));
    expect(comparison.scenarios.map(({ verdict }) => verdict)).toEqual(['unchanged', 'regressed']);
    expect(comparison.verdict).toBe('regressed');
    expect(comparison.scenarios[1]!.metrics[0]!.ciLevel).toBeCloseTo(1 - 2 * (0.01 / 96), 9);
  });

  test('removed from the gates is shown and does not fail', () => {
    const scenario = scenarioWith({ gates: { cpuNsPerRequest: false } });
    const shown = compare({ ...run, scenario });
    expect(shown.verdict).toBe('unchanged');
    expect(shown.scenarios[0]!.metrics[0]).toMatchObject({ gate: false, verdict: 'regressed', ciLevel: 0.99 });
  });
});

describe('before the first look', () => {
  test('three launches decide nothing, say how many they are, and show their figures', () => {
    const run = serviceRun({ base: steady, head: steady, launches: 3 }, 1, { stop: 'budget' });
    const [scenario] = compare(run).scenarios;
    expect(scenario?.verdict).toBe('inconclusive');
    expect(scenario?.reason).toContain('allocations per request: 3 of at least 4 launches');
    expect(rowOf(run, 'cpuNsPerRequest')).toMatchObject({
      verdict: 'inconclusive',
      reason: '3 of at least 8 launches; --budget 2m would hold them',
    });
    expect(rowOf(run, 'cpuNsPerRequest').ciRatio).not.toBeNull();
  });

  test('four launches decide the counters that repeat: +1.2 % allocations and +6.8 % bytes fail', () => {
    const head = { ...steady, mallocs: 101.2, allocBytes: 9612 };
    const run = serviceRun({ base: steady, head, launches: 4 }, 1, { stop: 'budget' });
    expect(rowOf(run, 'mallocsPerRequest')).toMatchObject({ verdict: 'regressed' });
    expect(rowOf(run, 'allocBytesPerRequest')).toMatchObject({ verdict: 'regressed' });
    expect(rowOf(run, 'goroutineGrowthPerRequest')).toMatchObject({ verdict: 'unchanged' });
    expect(compare(run).verdict).toBe('regressed');
  });

  test('an early "unchanged" gives way to what later launches show, an early change does not', () => {
    const late = (from: number) => (index: number) => {
      const head = index >= from ? 103 : 100;
      const pair = pairOf(windowOf({ cpuNs: 1e6, mallocs: 100 }), windowOf({ cpuNs: 1e6, mallocs: head }));
      return launchOf(index, [pair, pair, pair]);
    };
    const at = (count: number, from: number) =>
      rowOf(runOf(Array.from({ length: count }, (_, index) => late(from)(index))), 'mallocsPerRequest').verdict;
    expect(at(4, 4)).toBe('unchanged');
    expect(at(7, 4)).toBe('inconclusive');
    expect([at(4, 0), at(8, 0)]).toEqual(['regressed', 'regressed']);
  });

  test('one launch, one pair, or nothing at all gives no verdict and no exception', () => {
    expect(compare(serviceRun({ base: steady, head: steady, launches: 1 })).verdict).toBe('inconclusive');
    expect(compare(cpuRun([0])).verdict).toBe('inconclusive');
    expect(compare(runOf([])).verdict).toBe('inconclusive');
    expect(compareRun(fileOf([])).verdict).toBe('unchanged');
  });
});

describe('link seeds launched three times each', () => {
  test('are the unit: eight seeds decide, though 24 launches were made', () => {
    const run = cpuRun(Array.from({ length: 24 }, (_, index) => 0.05 + (index % 5) * 1e-3));
    const launches = run.launches.map((launch, index) => ({ ...launch, linkSeed: Math.floor(index / 3) }));
    const row = rowOf({ ...run, launches }, 'cpuNsPerRequest');
    expect(row.decidedBy).toEqual({ stage: 'judged', unit: 'linkSeed', n: 8, linkSeeds: 8 });
    expect(row.verdict).toBe('regressed');
  });

  const shared = (effect: number, changes: Partial<ScenarioRun> = {}) => {
    const head = { ...steady, cpuNs: (steady.cpuNs ?? 1) * (1 + effect) };
    const run = serviceRun({ base: steady, head, launches: 15 }, 1, { stop: 'budget', ...changes });
    const launches = run.launches.map((launch, index) => ({ ...launch, linkSeed: Math.floor(index / 3) }));
    return { ...run, launches, timing: { ...run.timing, measureSeconds: 120 } };
  };

  test.each([
    [0, 'unchanged', 'unchanged'],
    [0.02, 'unchanged', 'unchanged'],
    [0.05, 'regressed', 'regressed'],
    [-0.3, 'improved', 'improved'],
  ] as const)(
    'are judged with the limits of one layout where the budget ends before the eighth: %d',
    (effect, verdict, whole) => {
      const row = rowOf(shared(effect), 'cpuNsPerRequest');
      expect(row).toMatchObject({
        verdict,
        reason: '5 of at least 8 code layouts in 15 launches, so the limits are 3 and 6 %; --budget 4m would hold them',
        decidedBy: { unit: 'launch', n: 15, linkSeeds: 5 },
      });
      expect(row.practicalRatio).toBe(0.03);
      expect(compare(shared(effect)).verdict).toBe(whole);
    },
  );

  test('are not judged at all where one layout is all there is, and that is open where CPU was asked for', () => {
    const one = (gates: Scenario['gates']) => {
      const run = shared(0.05, { scenario: scenarioWith({ gates }) });
      return { ...run, launches: run.launches.map((launch) => ({ ...launch, linkSeed: 1 })) };
    };
    expect(rowOf(one({}), 'cpuNsPerRequest')).toMatchObject({
      verdict: 'notJudged',
      reason: '1 of at least 8 code layouts in 15 launches; --budget 16m would hold them',
    });
    expect(rowOf(one({ cpuNsPerRequest: true }), 'cpuNsPerRequest').verdict).toBe('inconclusive');
  });

  test('cost allocations nothing: their launches count one by one', () => {
    const run = shared(0);
    expect(rowOf(run, 'mallocsPerRequest')).toMatchObject({
      verdict: 'unchanged',
      decidedBy: { unit: 'window', n: 24 },
    });
  });
});

describe('a run that ends undecided', () => {
  test('says what it would have taken', () => {
    const normal = normalDeviates(randomFrom(4));
    const run = cpuRun(
      Array.from({ length: 40 }, () => 0.012 + 0.1 * normal()),
      { stop: 'launches' },
    );
    const row = rowOf(run, 'cpuNsPerRequest');
    expect(row).toMatchObject({ verdict: 'inconclusive', reason: 'too noisy' });
    expect(row.unitsNeeded).toBeGreaterThan(40);
    expect(compare(run).scenarios[0]?.reason).toBe('CPU per request: too noisy');
  });
});

describe('where CPU cannot be judged', () => {
  const unpinned = { settings: { ...settings, pinned: false, unpinnedReason: 'no permission to set affinity' } };
  const slower = { base: steady, head: { ...steady, cpuNs: 2e6 } };

  test('it is shown with interval and reason, and the default gate lets the run pass', () => {
    const run = serviceRun(slower, 1, unpinned);
    expect(rowOf(run, 'cpuNsPerRequest')).toMatchObject({
      verdict: 'notJudged',
      reason: 'not pinned to a CPU: no permission to set affinity',
    });
    expect(rowOf(run, 'cpuNsPerRequest').ciRatio).not.toBeNull();
    expect(rowOf(run, 'latencyP50Ms').verdict).toBe('notJudged');
    expect(compare(run).verdict).toBe('unchanged');
    expect(compare(run).scenarios[0]!.warnings.join()).toContain('no permission to set affinity');
  });

  test('a gate that the scenario names makes the run inconclusive instead', () => {
    const scenario = scenarioWith({ gates: { cpuNsPerRequest: true } });
    const comparison = compare(serviceRun({ ...slower, scenario }, 1, unpinned));
    expect(comparison.verdict).toBe('inconclusive');
    expect(comparison.scenarios[0]?.reason).toContain('not pinned to a CPU');
  });

  test('and nothing else is measured, the run is inconclusive, not clean', () => {
    const comparison = compare(
      cpuRun(
        Array.from({ length: 8 }, () => 0.5),
        unpinned,
      ),
    );
    expect(comparison.verdict).toBe('inconclusive');
    expect(comparison.scenarios[0]?.reason).toContain('no gate could be judged');
  });

  test('one layout only widens the limits and says so', () => {
    const run = serviceRun({ base: steady, head: steady }, 1, { builds: unseededBuilds });
    expect(rowOf(run, 'cpuNsPerRequest')).toMatchObject({ reason: 'one layout only' });
    expect(rowOf(run, 'cpuNsPerRequest').practicalRatio).toBeCloseTo(0.03, 12);
    expect(compare(run).scenarios[0]!.warnings.join()).toContain('Go 1.22 has no -randlayout');
  });
});

describe('windows of fewer than 30 requests', () => {
  test('carry no CPU verdict, and the reason is told', () => {
    const few = (cpuNs: number) => windowOf({}, { planned: 20, answered: 20, counters: { cpuNs, mallocs: 2000 } });
    const run = runOf(Array.from({ length: 8 }, (_, index) => launchOf(index, [pairOf(few(1e7), few(2e7))])));
    expect(rowOf(run, 'cpuNsPerRequest')).toMatchObject({
      verdict: 'notJudged',
      reason: 'fewer than 30 requests per window',
    });
    expect(rowOf(run, 'mallocsPerRequest').verdict).toBe('unchanged');
  });
});

describe('a scenario that wants exact counts only', () => {
  test('is judged by them alone, and an invalid measurement without them, with the reason first', () => {
    const scenario = { ...scenarioWith({}), measure: { ...scenarioWith({}).measure, exact: 'only' as const } };
    const file = fileOf([runOf([], { scenario })]);
    const cpu = compareRun(fileOf([serviceRun({ base: steady, head: steady })])).scenarios[0]!.metrics[0]!;
    const row: MetricComparison = {
      ...cpu,
      metric: 'instructionsPerRequest',
      unit: 'instructions',
      verdict: 'improved',
    };
    expect(compareRun(file, () => ({ exactRows: [row] })).verdict).toBe('improved');
    expect(compareRun(file)).toMatchObject({
      verdict: 'invalid',
      scenarios: [{ reason: 'exact mode could not count: it did not run' }],
    });
    const exact = { engine: 'qemu', aaSpreadRatio: 0, refusal: 'it ended' } as const;
    expect(compareRun(file, () => ({ exact })).scenarios[0]).toMatchObject({
      verdict: 'invalid',
      reason: 'exact mode could not count: it ended',
    });
    const unstable: MetricComparison = { ...row, verdict: 'notJudged', reason: 'unstable: launches differ' };
    const syscalls: MetricComparison = { ...row, metric: 'syscallsPerRequest', verdict: 'unchanged' };
    expect(compareRun(file, () => ({ exactRows: [unstable, syscalls] })).scenarios[0]).toMatchObject({
      verdict: 'inconclusive',
      reason: 'instructions per request: unstable: launches differ',
    });
    const shown = { ...syscalls, gate: false };
    expect(compareRun(file, () => ({ exactRows: [unstable, shown] })).scenarios[0]?.reason).toBe(
      'instructions per request: unstable: launches differ',
    );
    const quiet = compareRun(file, () => ({ exactRows: [{ ...row, verdict: 'unchanged' }, shown] }));
    expect(quiet.verdict).toBe('unchanged');
    expect(quiet.scenarios[0]?.metrics.filter(({ gate, metric }) => gate && metric !== row.metric)).toEqual(
      [
        'cpuNsPerRequest',
        'mallocsPerRequest',
        'allocBytesPerRequest',
        'latencyP50Ms',
        'heapGrowthBytesPerRequest',
        'goroutineGrowthPerRequest',
        'errorRatio',
      ].map((metric) => expect.objectContaining({ metric, verdict: 'notJudged', reason: 'exact mode only' })),
    );
  });
});

describe('functions with a limit', () => {
  const asked = [{ pattern: 'main.encode', profile: 'cpu', failRatio: 0.2 }] as const;
  const scenario = { ...scenarioWith({}), functionGates: asked };
  const found = (verdict: 'regressed' | 'notJudged') => [functionGate('main.encode', 0.2, verdict, [])];
  const judged = (head: PerRequest, functionGates?: ReturnType<typeof found>) =>
    compareRun(fileOf([serviceRun({ base: steady, head, scenario })]), () =>
      functionGates === undefined ? {} : { functionGates },
    ).scenarios[0]!;

  test('fail a run in which nothing else does, and change nothing where they cannot be judged', () => {
    expect(judged(steady, found('regressed'))).toMatchObject({ verdict: 'regressed', reason: null });
    expect(judged(steady, found('notJudged')).verdict).toBe('unchanged');
    expect(judged(steady)).toMatchObject({ verdict: 'unchanged', functionGates: [{ reason: 'no profiles' }] });
    expect(compareRun(fileOf([serviceRun({ base: steady, head: steady })])).scenarios[0]).not.toHaveProperty(
      'functionGates',
    );
  });

  test('are not judged where the measurement is invalid', () => {
    const invalid = { code: 'restarted', message: 'head restarted', side: null } as const;
    const run = serviceRun({ base: steady, head: steady, scenario }, 1, { invalid });
    expect(compareRun(fileOf([run]), () => ({ functionGates: found('regressed') })).scenarios[0]).toMatchObject({
      verdict: 'invalid',
      functionGates: [{ verdict: 'notJudged', reason: 'the measurement is invalid' }],
    });
  });
});

describe('counters on one side only', () => {
  test('are told as such and never compared with nothing', () => {
    const run = serviceRun({ base: steady, head: { cpuNs: 1e6, allocBytes: 9000 } });
    expect(rowOf(run, 'mallocsPerRequest')).toMatchObject({ verdict: 'notJudged', reason: 'not measured on head' });
  });

  test('and absent on both sides have no row unless they are gates', () => {
    expect(rowsOf(serviceRun({ base: steady, head: steady })).has('mutexWaitNsPerRequest')).toBe(false);
    expect(rowsOf(serviceRun({ base: steady, head: steady })).has('instructionsPerRequest')).toBe(false);
  });
});

describe('waiting', () => {
  test('ten times as long is told as regressed though it fails nothing by default', () => {
    const run = serviceRun({ base: { ...steady, mutexWaitNs: 1000 }, head: { ...steady, mutexWaitNs: 1e4 } });
    expect(rowOf(run, 'mutexWaitNsPerRequest')).toMatchObject({ gate: false, verdict: 'regressed' });
    expect(rowOf(run, 'mutexWaitNsPerRequest').decidedBy?.n).toBe(4);
    expect(compare(run).verdict).toBe('unchanged');
  });

  test('named as a gate fails the run', () => {
    const scenario = scenarioWith({ gates: { mutexWaitNsPerRequest: true } });
    const run = serviceRun({
      base: { ...steady, mutexWaitNs: 1000 },
      head: { ...steady, mutexWaitNs: 1e4 },
      scenario,
    });
    expect(compare(run).verdict).toBe('regressed');
  });

  /** Contention of the first launches: waits in ns per request, drawn anew for each. */
  const waiting = (base: () => number, head: () => number, slices: number): ScenarioRun => {
    const scenario = scenarioWith({ gates: { mutexWaitNsPerRequest: true } });
    const run = serviceRun({ base: steady, head: steady, scenario });
    const launches = run.launches.map((launch, index) => {
      const cost = launch.pairs.filter(({ phase }) => phase === 'cost');
      if (index >= slices) return { ...launch, pairs: cost };
      const sides = [windowOf({ mutexWaitNs: base() }), windowOf({ mutexWaitNs: head() })] as const;
      return { ...launch, pairs: [...cost, pairOf(...sides, { index: 3, phase: 'contention' })] };
    });
    return { ...run, launches };
  };
  const normal = normalDeviates(randomFrom(21));

  test('where there was next to none is found in 99 of 100 runs of eight slices, though launches differ threefold', () => {
    const nextToNothing = (): number => (normal() < 0 ? 0 : 10 * Math.exp(normal()));
    const verdicts = Array.from({ length: 100 }, () =>
      compare(waiting(nextToNothing, () => 150_000 * Math.exp(1.1 * normal()), 8)),
    ).map(({ verdict }) => verdict);
    expect(verdicts.filter((verdict) => verdict === 'regressed').length).toBeGreaterThanOrEqual(99);
  });

  test.each([4, 8])('of equal sides raises an alarm in fewer than 1 of 100 runs of %i slices', (slices) => {
    for (const wait of [() => Math.exp(3 * normal()), () => 50_000 * Math.exp(0.2 * normal())]) {
      const rows = Array.from({ length: 200 }, () => rowOf(waiting(wait, wait, slices), 'mutexWaitNsPerRequest'));
      expect(rows.filter(({ verdict }) => verdict === 'regressed' || verdict === 'improved').length).toBeLessThan(4);
    }
  });
});

describe('metrics without a gate', () => {
  /** Blocked time as 5 % more CPU once showed it, p = 0.0098, beside collections and memory that are equal. */
  const blocked = (): ScenarioRun => {
    const run = serviceRun({ base: steady, head: steady });
    const contrasts = [0.246, 0.373, 0.411, 0.194];
    const launches = run.launches.map((launch, index) => {
      const at = contrasts[index];
      const cost = launch.pairs.filter(({ phase }) => phase === 'cost');
      const waits = (ns: number) => windowOf({ mutexWaitNs: 0, blockWaitNs: ns });
      const slice = (contrast: number) =>
        pairOf(waits(50_000), waits(51_000 * Math.exp(contrast) - 1000), { index: 3, phase: 'contention' });
      const growth = growthOf({ gcCycles: 10, gcCpuNs: 1e6 });
      const sides = bothSides((side) => ({ ...launch.sides[side], growth, peakRssBytes: 50e6 }));
      return { ...launch, pairs: [...cost, ...(at === undefined ? [] : [slice(at)])], sides };
    });
    return { ...run, launches };
  };

  test('are not called regressed for what may be chance among all of them', () => {
    const row = rowOf(blocked(), 'blockWaitNsPerRequest');
    expect(row.ciRatio![0]).toBeGreaterThan(0);
    expect(row).toMatchObject({ verdict: 'notJudged', reason: expect.stringMatching(/^may be chance, as one of \d+/) });
    expect(compare(blocked()).verdict).toBe('unchanged');
  });
});

describe('what others found', () => {
  test('travels into the scenario without touching the verdict', () => {
    const file = fileOf([serviceRun({ base: steady, head: { ...steady, mallocs: 103 } })]);
    const attribution = { source: 'judged', samples: null, diffuse: 'spread', culprit: null, warnings: [] } as const;
    const comparison = compareRun(file, () => ({ ...NO_FINDINGS, attribution }));
    expect(comparison.scenarios[0]!.attribution).toEqual(attribution);
    expect(comparison.verdict).toBe(compareRun(file).verdict);
  });

  test('of exact mode may fail the run by its own row', () => {
    const file = fileOf([serviceRun({ base: steady, head: steady })]);
    const cpu = compareRun(file).scenarios[0]!.metrics[0]!;
    const row: MetricComparison = {
      ...cpu,
      metric: 'instructionsPerRequest',
      unit: 'instructions',
      verdict: 'regressed',
    };
    const comparison = compareRun(file, () => ({ exactRows: [row] }));
    expect(comparison.verdict).toBe('regressed');
    expect(comparison.scenarios[0]!.metrics.map(({ metric }) => metric)).toContain('instructionsPerRequest');
  });
});

describe('sides exchanged', () => {
  test('give the mirrored comparison, row by row', () => {
    const opposite: Record<string, string> = { regressed: 'improved', improved: 'regressed' };
    fc.assert(
      fc.property(fc.integer(), fc.double({ min: -0.06, max: 0.06, noNaN: true }), (seed, effect) => {
        const head = { ...steady, cpuNs: 1e6 * (1 + effect), mallocs: 100 * (1 + effect / 3) };
        const run = serviceRun({ base: steady, head }, seed);
        const there = compare(run).scenarios[0]!.metrics;
        const back = compare(mirrored(run)).scenarios[0]!.metrics;
        there.forEach((row, index) => {
          expect([row.metric, back[index]?.verdict]).toEqual([row.metric, opposite[row.verdict] ?? row.verdict]);
          if (row.effectRatio !== null) {
            expect((1 + row.effectRatio) * (1 + back[index]!.effectRatio!)).toBeCloseTo(1, 9);
          }
        });
      }),
      { numRuns: 40 },
    );
  });
});
