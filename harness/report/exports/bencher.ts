/** Bencher Metric Format, https://bencher.dev/bmf.json: the head's values with the interval of the comparison. */
import type { Comparison, MetricComparison } from '../../model/index.ts';
import { visibleText } from '../text/escape.ts';

interface BencherMetric {
  readonly value: number;
  readonly lower_value?: number;
  readonly upper_value?: number;
}

/** Bencher's latency measures are in nanoseconds. */
const scaleOf = (metric: MetricComparison): readonly [slug: string, factor: number] =>
  metric.unit === 'ms' ? [metric.metric.replace(/Ms$/, 'Ns'), 1e6] : [metric.metric, 1];

const boundsOf = (metric: MetricComparison): readonly [number, number] | null => {
  if (metric.base === null) return null;
  if (metric.ciRatio !== null) return [metric.base * (1 + metric.ciRatio[0]), metric.base * (1 + metric.ciRatio[1])];
  return metric.ciAbsolute === null ? null : [metric.base + metric.ciAbsolute[0], metric.base + metric.ciAbsolute[1]];
};

const measureOf = (metric: MetricComparison): readonly (readonly [string, BencherMetric])[] => {
  if (metric.head === null) return [];
  const [slug, factor] = scaleOf(metric);
  const value = metric.head * factor;
  const bounds = boundsOf(metric);
  if (bounds === null) return [[slug, { value }]];
  // Means and the paired estimate differ a little; Bencher wants lower ≤ value ≤ upper.
  const [lower, upper] = bounds;
  return [
    [slug, { value, lower_value: Math.min(value, lower * factor), upper_value: Math.max(value, upper * factor) }],
  ];
};

/** `bencher run --adapter json --file …`. Invalid scenarios are left out: they would become history. */
export const exportBencher = (comparison: Comparison): string => {
  const scenarios = comparison.scenarios
    .filter((scenario) => scenario.verdict !== 'invalid')
    .map(
      (scenario) => [visibleText(scenario.scenario), Object.fromEntries(scenario.metrics.flatMap(measureOf))] as const,
    );
  return `${JSON.stringify(Object.fromEntries(scenarios), null, 2)}\n`;
};
