/**
 * Metrics that are only shown fail nothing, but *regressed* beside a good verdict makes people look for a cause. There are
 * up to ten of them, each with a 99 % interval of its own: the more are shown, the more often chance moves one.
 */
import type { MetricComparison, MetricVerdict } from '../../model/index.ts';
import { benjaminiHochberg } from '../../stats/index.ts';

/**
 * Share of the metrics called moved that may be so by chance; where nothing changed, of the runs that call any
 * (docs/method.md, deciding on the rest).
 */
export const MOST_FALSE = 0.05;

const MOVED: ReadonlySet<MetricVerdict> = new Set(['regressed', 'improved', 'changed']);

/** Takes back what moved among the metrics without a gate, where as many of them move by chance. */
export const withoutChance = (rows: readonly MetricComparison[]): readonly MetricComparison[] => {
  const tested = rows.flatMap((row) => (row.gate || row.pValue === null ? [] : [{ row, pValue: row.pValue }]));
  const qValues = benjaminiHochberg(tested.map(({ pValue }) => pValue));
  const chance = new Set(
    tested.flatMap(({ row }, index) => (MOVED.has(row.verdict) && (qValues[index] ?? 1) > MOST_FALSE ? [row] : [])),
  );
  const reason = `may be chance, as one of ${tested.length} metrics without a gate`;
  return rows.map((row) => (chance.has(row) ? { ...row, verdict: 'notJudged', reason } : row));
};
