import { describe, expect, test } from 'vitest';
import { compareRun } from '../../../harness/compare/index.ts';
import type { MetricComparison, MetricId, Scenario, ScenarioRun } from '../../../harness/model/index.ts';
import { normalDeviates, randomFrom } from '../../../harness/stats/index.ts';
import { fileOf, latencyOf, launchOf, pairOf, runOf, windowOf } from '../../builders/synthetic-run.ts';
import { scenarioWith } from '../../builders/scenarios.ts';

interface Phase {
  readonly baseUs: number;
  readonly headUs: number;
  readonly lagUs?: number;
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
          loader: { eventLoopRatio: 0.3, cpuNs: 1e8, lagP50Us: 100, lagP99Us: phase.lagUs ?? 900 },
        }),
      ),
      { stage: 'latency' },
    ),
  );
  return runOf([...judged, ...latency], { scenario: phase.scenario ?? scenarioWith({}) });
};

const scenarioOf = (run: ScenarioRun) => compareRun(fileOf([run])).scenarios[0]!;
const rowOf = (run: ScenarioRun, metric: MetricId = 'latencyP50Ms'): MetricComparison => {
  const row = scenarioOf(run).metrics.find((candidate) => candidate.metric === metric);
  if (!row) throw new Error(`no row for ${metric}`);
  return row;
};

describe('the median latency', () => {
  test('half again as long fails the run, judged on the windows of the latency phase', () => {
    const row = rowOf(phaseRun({ baseUs: 4000, headUs: 6000 }));
    expect(row).toMatchObject({ verdict: 'regressed', unit: 'ms', warnings: [] });
    expect(row.decidedBy).toMatchObject({ stage: 'latency', unit: 'window', n: 8 });
    expect(row.base).toBeCloseTo(4, 0);
    expect(compareRun(fileOf([phaseRun({ baseUs: 4000, headUs: 6000 })])).verdict).toBe('regressed');
  });

  test('half again as long but under half a millisecond does not fail', () => {
    expect(rowOf(phaseRun({ baseUs: 400, headUs: 600 })).verdict).toBe('unchanged');
    expect(rowOf(phaseRun({ baseUs: 4000, headUs: 4400 })).verdict).toBe('unchanged');
  });

  test('uses all of its level at its single look', () => {
    expect(rowOf(phaseRun({ baseUs: 4000, headUs: 4000 })).ciLevel).toBeCloseTo(1 - 2 * (0.01 / 6), 9);
  });

  test('under a late loader is judged on the couples, and says so', () => {
    const row = rowOf(phaseRun({ baseUs: 4000, headUs: 9000, couplesUs: [2000, 2000], lagUs: 20_000 }));
    expect(row).toMatchObject({ verdict: 'unchanged' });
    expect(row.decidedBy).toMatchObject({ stage: 'judged', unit: 'launch', n: 8 });
    expect(row.warnings.join()).toMatch(/service time of paired requests.*late.*within 20 ms, limit 3 ms/);
    expect(rowOf(phaseRun({ baseUs: 1, headUs: 1, couplesUs: [2000, 4000], lagUs: 20_000 })).verdict).toBe('regressed');
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
