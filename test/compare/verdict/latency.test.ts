import { describe, expect, test } from 'vitest';
import { compareRun, familyOf, judgeAtEnd } from '../../../harness/compare/index.ts';
import type { MetricComparison, MetricId, Pair, Scenario, ScenarioRun } from '../../../harness/model/index.ts';
import { normalDeviates, randomFrom } from '../../../harness/stats/index.ts';
import { fileOf, latencyOf, launchOf, pairOf, runOf, windowOf } from '../../builders/synthetic-run.ts';
import { scenarioWith } from '../../builders/scenarios.ts';

interface Phase {
  readonly baseUs: number;
  readonly headUs: number;
  readonly lagUs?: number;
  /** Of single windows, launch by launch, where they are not all alike. */
  readonly lagsUs?: readonly (readonly [number, number])[];
  readonly sd?: number;
  /** Couples' service p50 on both sides; without it as in the latency phase. */
  readonly couplesUs?: readonly [number, number];
  readonly scenario?: Scenario;
  readonly latencyLaunches?: number;
}

const phaseRun = (phase: Phase, seed = 1): ScenarioRun => {
  const normal = normalDeviates(randomFrom(seed));
  const noisy = (us: number): ReturnType<typeof latencyOf> => latencyOf(us * Math.exp((phase.sd ?? 0.03) * normal()));
  const [baseService, headService] = phase.couplesUs ?? [phase.baseUs, phase.headUs];
  const judged = Array.from({ length: 8 }, (_, index) =>
    launchOf(index, [
      pairOf(
        windowOf({ cpuNs: 1e6 }, { service: noisy(baseService) }),
        windowOf({ cpuNs: 1e6 }, { service: noisy(headService) }),
      ),
    ]),
  );
  const latency = Array.from({ length: phase.latencyLaunches ?? 4 }, (_, index) =>
    launchOf(
      8 + index,
      [0, 1].map((number) =>
        pairOf(windowOf({}, { response: noisy(phase.baseUs) }), windowOf({}, { response: noisy(phase.headUs) }), {
          index: number,
          phase: 'latency',
          loader: {
            eventLoopRatio: 0.3,
            cpuNs: 1e8,
            lagP50Us: 100,
            lagP99Us: phase.lagsUs?.[index]?.[number] ?? phase.lagUs ?? 900,
          },
        }),
      ),
      { stage: 'latency' },
    ),
  );
  return runOf([...judged, ...latency], { scenario: phase.scenario ?? scenarioWith({}) });
};

const withHead = (pair: Pair, us: number): Pair => ({ ...pair, head: { ...pair.head, response: latencyOf(us) } });

const scenarioOf = (run: ScenarioRun) => compareRun(fileOf([run])).scenarios[0]!;
const rowOf = (run: ScenarioRun, metric: MetricId = 'latencyP50Ms'): MetricComparison => {
  const row = scenarioOf(run).metrics.find((candidate) => candidate.metric === metric);
  if (!row) throw new Error(`no row for ${metric}`);
  return row;
};

describe('the median latency', () => {
  test('half again as long fails the run, judged on the launches of the latency phase', () => {
    const row = rowOf(phaseRun({ baseUs: 4000, headUs: 6000 }));
    expect(row).toMatchObject({ verdict: 'regressed', unit: 'ms', warnings: [] });
    expect(row.decidedBy).toMatchObject({ stage: 'latency', unit: 'launch', n: 4 });
    expect(row.base).toBeCloseTo(4, 0);
    expect(compareRun(fileOf([phaseRun({ baseUs: 4000, headUs: 6000 })])).verdict).toBe('regressed');
  });

  test('half again as long but under half a millisecond does not fail', () => {
    expect(rowOf(phaseRun({ baseUs: 400, headUs: 600 })).verdict).toBe('unchanged');
    expect(rowOf(phaseRun({ baseUs: 4000, headUs: 4400 })).verdict).toBe('unchanged');
  });

  test('shares its level among its looks, of which it has more where the scenario names it', () => {
    const equal = { baseUs: 4000, headUs: 4000 };
    expect(rowOf(phaseRun(equal)).ciLevel).toBeCloseTo(1 - 2 * (0.01 / 6 / 4), 9);
    const scenario = scenarioWith({ gates: { latencyP50Ms: true } });
    expect(rowOf(phaseRun({ ...equal, scenario })).ciLevel).toBeCloseTo(1 - 2 * (0.01 / 6 / 5), 9);
  });

  test('is judged on the windows that were on time, and counts no launch that has none', () => {
    const late = 20_000;
    const oneEach = phaseRun({ baseUs: 4000, headUs: 4000, lagsUs: Array.from({ length: 4 }, () => [late, 900]) });
    expect(rowOf(oneEach).decidedBy).toMatchObject({ stage: 'latency', n: 4 });
    const noneInOne = { baseUs: 4000, headUs: 4000, lagsUs: [[late, late] as const] };
    expect(rowOf(phaseRun({ ...noneInOne, latencyLaunches: 3 })).decidedBy).toMatchObject({ stage: 'judged' });
    expect(rowOf(phaseRun({ ...noneInOne, latencyLaunches: 5 })).decidedBy).toMatchObject({ stage: 'latency', n: 4 });
  });

  test('of launches that each keep to their own is not certain, however alike the windows of a launch are', () => {
    const run = phaseRun({ baseUs: 4000, headUs: 4000, sd: 0 });
    const longer = [1, 1.9, 1.1, 1.8];
    let launch = 0;
    const launches = run.launches.map((one) =>
      one.stage === 'latency'
        ? { ...one, pairs: one.pairs.map((pair) => withHead(pair, 4000 * (longer[launch] ?? 1))), index: launch++ }
        : one,
    );
    expect(rowOf({ ...run, launches })).toMatchObject({ verdict: 'notJudged', reason: 'latency too noisy here' });
  });

  test('under a late loader is judged on the couples, and says so', () => {
    const row = rowOf(phaseRun({ baseUs: 4000, headUs: 9000, couplesUs: [2000, 2000], lagUs: 20_000 }));
    expect(row).toMatchObject({ verdict: 'unchanged' });
    expect(row.decidedBy).toMatchObject({ stage: 'judged', unit: 'launch', n: 8 });
    expect(row.warnings.join()).toMatch(/service time of paired requests.*late.*within 20 ms, limit 3 ms/);
    expect(rowOf(phaseRun({ baseUs: 1, headUs: 1, couplesUs: [2000, 4000], lagUs: 20_000 })).verdict).toBe('regressed');
  });

  test('clearly unchanged after three launches is told by them', () => {
    const row = rowOf(phaseRun({ baseUs: 4000, headUs: 4000, latencyLaunches: 3 }));
    expect(row).toMatchObject({ verdict: 'unchanged', warnings: [], decidedBy: { stage: 'latency', n: 3 } });
  });

  test('longer in three launches is no change yet: it is judged on the couples, and says that it was time', () => {
    const row = rowOf(phaseRun({ baseUs: 4000, headUs: 8000, couplesUs: [2000, 2000], latencyLaunches: 3 }));
    expect(row).toMatchObject({ verdict: 'unchanged', decidedBy: { stage: 'judged' } });
    expect(row.warnings.join()).toContain('there was time for 3 of the 4 launches that tell latency');
  });

  test('without a latency phase is judged on the couples too', () => {
    const row = rowOf(phaseRun({ baseUs: 2000, headUs: 4000, latencyLaunches: 0 }));
    expect(row).toMatchObject({ verdict: 'regressed' });
    expect(row.warnings.join()).toContain('no latency phase was run');
  });

  test('lost in noise is not judged and lets the run pass, unless the scenario names it', () => {
    const noisy = { baseUs: 4000, headUs: 4000, sd: 0.6 };
    expect(rowOf(phaseRun(noisy))).toMatchObject({ verdict: 'notJudged', reason: 'latency too noisy here' });
    expect(scenarioOf(phaseRun(noisy)).verdict).toBe('unchanged');
    const scenario = scenarioWith({ gates: { latencyP50Ms: true } });
    expect(scenarioOf(phaseRun({ ...noisy, scenario })).verdict).toBe('inconclusive');
  });
});

describe('the higher percentiles', () => {
  test('are shown, fail nothing, and are not judged under a late loader', () => {
    const slower = phaseRun({ baseUs: 4000, headUs: 4000 });
    expect(rowOf(slower, 'latencyP99Ms')).toMatchObject({ gate: false, ciLevel: 0.99 });
    const late = phaseRun({ baseUs: 4000, headUs: 9000, couplesUs: [2000, 2000], lagUs: 20_000 });
    expect(scenarioOf(late).metrics.find(({ metric }) => metric === 'latencyP99Ms')).toBeUndefined();
  });
});

describe('the loader', () => {
  test.each([
    [900, 'ok'],
    [4000, 'suspect'],
    [20_000, 'invalid'],
  ])('with a lag of %i us is %s, and no verdict on cost depends on it', (lagUs, verdict) => {
    const scenario = scenarioOf(phaseRun({ baseUs: 4000, headUs: 4000, lagUs }));
    expect(scenario.loader.verdict).toBe(verdict);
    expect(scenario.metrics[0]).toMatchObject({ metric: 'cpuNsPerRequest', verdict: 'unchanged' });
  });
});

describe('the next look at latency', () => {
  const next = (phase: Partial<Phase>): number | null => {
    const run = phaseRun({ baseUs: 4000, headUs: 4000, ...phase });
    return judgeAtEnd(run, familyOf([run.scenario])).nextLatencyLook;
  };
  const noisy = { sd: 0.6 };
  const named = scenarioWith({ gates: { latencyP50Ms: true } });

  test.each<readonly [string, Partial<Phase>, number | null]>([
    ['is at three launches, which can only acquit', { latencyLaunches: 0 }, 3],
    ['is not needed where they do', { latencyLaunches: 3 }, null],
    ['comes after four where it is clearly longer', { latencyLaunches: 3, headUs: 8000 }, 4],
    ['comes after four where three differ', { ...noisy, latencyLaunches: 3 }, 4],
    ['is not needed where nothing changed', {}, null],
    ['is not needed where it is clearly longer', { headUs: 8000 }, null],
    ['comes after two more launches where it is open', noisy, 6],
    ['and two more', { ...noisy, latencyLaunches: 6 }, 8],
    ['and four', { ...noisy, latencyLaunches: 8 }, 12],
    ['but not beyond twelve', { ...noisy, latencyLaunches: 12 }, null],
    ['unless the scenario names it', { ...noisy, latencyLaunches: 12, scenario: named }, 16],
    ['and then not beyond sixteen', { ...noisy, latencyLaunches: 16, scenario: named }, null],
    ['waits for launches on time', { latencyLaunches: 3, lagsUs: [[9000, 9000]] }, 4],
    ['waits for one more where they differ', { ...noisy, lagsUs: [[9000, 9000]] }, 5],
    ['is given up under a loader that is never on time', { lagUs: 9000 }, null],
    [
      'is not taken at what is only shown',
      { ...noisy, latencyLaunches: 3, scenario: scenarioWith({ gates: { latencyP50Ms: false } }) },
      null,
    ],
    [
      'waits for the tail where that is a gate',
      { sd: 0.12, baseUs: 40_000, headUs: 40_000, scenario: scenarioWith({ gates: { latencyP99Ms: true } }) },
      6,
    ],
  ])('%s', (_what, phase, look) => expect(next(phase)).toBe(look));
});
