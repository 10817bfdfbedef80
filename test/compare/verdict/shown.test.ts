import { describe, expect, test } from 'vitest';
import { judgeOnce } from '../../../harness/compare/verdict/judge.ts';
import { judgedMetrics } from '../../../harness/compare/verdict/gates.ts';
import { SHOWN_LEVELS } from '../../../harness/compare/verdict/latency.ts';
import { withoutChance } from '../../../harness/compare/verdict/shown.ts';
import { metricDef } from '../../../harness/metrics/index.ts';
import type { MetricComparison, MetricId } from '../../../harness/model/index.ts';
import { normalDeviates, randomFrom } from '../../../harness/stats/index.ts';
import { byRatio } from '../../builders/comparisons.ts';
import { scenarioWith } from '../../builders/scenarios.ts';

const shown = (metric: MetricId, pValue: number | null, rest: Partial<MetricComparison> = {}): MetricComparison =>
  byRatio(metric, 100, 130, 10, { gate: false, pValue, ...rest });

const QUIET = (['gcCyclesPerRequest', 'liveHeapBytes', 'goroutines', 'peakRssBytes', 'latencyP90Ms'] as const).map(
  (metric) => shown(metric, 0.6),
);

const moved = (rows: readonly MetricComparison[]): readonly MetricId[] =>
  rows.flatMap(({ metric, verdict }) => (verdict === 'regressed' || verdict === 'improved' ? [metric] : []));

describe('what is only shown', () => {
  const blocked = shown('blockWaitNsPerRequest', 0.009, { verdict: 'regressed' });

  test('has moved where it alone is shown, and may be chance beside others that have not', () => {
    expect(withoutChance([blocked])).toEqual([blocked]);
    const rows = withoutChance([blocked, ...QUIET]);
    expect(rows[0]).toEqual({
      ...blocked,
      verdict: 'notJudged',
      reason: 'may be chance, as one of 6 metrics without a gate',
    });
    expect(rows.slice(1)).toEqual(QUIET);
  });

  test('has moved beside others where it is surer than chance', () => {
    const surer = { ...blocked, pValue: 0.005 };
    expect(withoutChance([surer, ...QUIET])[0]).toEqual(surer);
  });

  test('has moved with others that moved, too: what is right of one makes the next likelier', () => {
    const rows = [blocked, { ...blocked, metric: 'gcCpuNsPerRequest' as const, pValue: 1e-6 }, ...QUIET];
    expect(withoutChance(rows)).toEqual(rows);
  });

  test('leaves gates as they are, and counts none of them', () => {
    const gate = byRatio('cpuNsPerRequest', 100, 130, 10, { verdict: 'regressed', pValue: 0.04 });
    expect(withoutChance([gate, blocked])).toEqual([gate, blocked]);
  });

  test('is left alone where another rule than a p-value decided it', () => {
    const counted = shown('syscallsPerRequest', null, { verdict: 'regressed' });
    expect(withoutChance([counted, ...QUIET])[0]).toEqual(counted);
  });
});

test('identical code has moved in at most one run of twenty, however many metrics are shown', () => {
  const metrics = judgedMetrics(scenarioWith({})).filter(
    ({ metric, gate }) => !gate && metricDef(metric).method === 'launches',
  );
  expect(metrics).toHaveLength(9);
  const deviate = normalDeviates(randomFrom(17));
  const rowsOfRun = (): readonly MetricComparison[] =>
    metrics.map((judged) => {
      const base = 1000 * Math.max(1, metricDef(judged.metric).practicalAbsolute);
      const units = Array.from({ length: 4 }, () => ({
        launches: [[{ base, head: base * Math.exp(0.6 * deviate()) }]],
      }));
      const judgement = judgeOnce(units, judged, SHOWN_LEVELS);
      const isMoved = judgement?.direction === 'up' || judgement?.direction === 'down';
      return shown(judged.metric, judgement?.pValue ?? null, { verdict: isMoved ? 'regressed' : 'unchanged' });
    });
  const runs = Array.from({ length: 2000 }, rowsOfRun);
  const share = (some: (rows: readonly MetricComparison[]) => boolean): number =>
    runs.filter(some).length / runs.length;
  const alone = share((rows) => moved(rows).length > 0);
  const together = share((rows) => moved(withoutChance(rows)).length > 0);
  expect(alone).toBeGreaterThan(0.07);
  // 5 %, and three standard errors of 2,000 runs.
  expect(together).toBeLessThan(0.065);
});
