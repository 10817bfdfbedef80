/** Metric rows: formatted figures, verdict in words, in the order of weight. */
import { METRIC_IDS, type MetricComparison, type MetricVerdict } from '../../model/index.ts';
import { metricDef } from '../../metrics/index.ts';
import { effectText, intervalText, NOTHING, severity, sideText } from './amounts.ts';
import { VERDICT_WORDS } from './labels.ts';
import type { MetricRow } from './report.ts';

export const metricRow = (metric: MetricComparison): MetricRow => ({
  metric: metric.metric,
  label: metricDef(metric.metric).label,
  gate: metric.gate,
  base: sideText(metric.base, metric.unit),
  head: sideText(metric.head, metric.unit),
  effect: effectText(metric),
  interval: intervalText(metric) ?? NOTHING,
  verdict: metric.verdict,
  words: VERDICT_WORDS[metric.verdict],
  reason: metric.reason,
  warnings: metric.warnings,
});

const WEIGHT: Readonly<Record<MetricVerdict, number>> = {
  regressed: 0,
  invalid: 1,
  inconclusive: 2,
  improved: 3,
  changed: 4,
  notJudged: 5,
  unchanged: 6,
};

/** Gates first, then worst verdict, then furthest beyond its limit. */
export const byWeight = (left: MetricComparison, right: MetricComparison): number =>
  Number(right.gate) - Number(left.gate) ||
  WEIGHT[left.verdict] - WEIGHT[right.verdict] ||
  (severity(right) ?? 0) - (severity(left) ?? 0) ||
  METRIC_IDS.indexOf(left.metric) - METRIC_IDS.indexOf(right.metric);

/** Worth a reader's glance: it moved, or a gate stayed open. Ungated doubts stay in the folded table. */
export const isChanged = (metric: MetricComparison): boolean =>
  metric.verdict === 'regressed' ||
  metric.verdict === 'improved' ||
  metric.verdict === 'changed' ||
  (metric.gate && (metric.verdict === 'inconclusive' || metric.verdict === 'invalid'));
