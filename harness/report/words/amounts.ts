/** Numbers of a comparison as people read them; every figure in a report passes through here. */
import type { FunctionComparison, MetricComparison, MetricUnit } from '../../model/index.ts';
import { metricDef } from '../../metrics/index.ts';
import {
  formatPercent,
  formatPercentRange,
  formatQuantity,
  formatSignedPercent,
  formatSignedQuantity,
  isOnlyNoise,
  TOO_NOISY,
} from '../../units/index.ts';

/** Shown where a side or an effect has no value. */
export const NOTHING = '–';

/** A ratio in percent points: a difference between two shares is not itself a share. */
const signedPoints = (ratio: number): string => formatSignedPercent(ratio).replace('%', 'points');

/** A difference in its unit, signed; ratios in points. */
export const signedAmount = (value: number, unit: MetricUnit): string =>
  unit === 'ratio' ? signedPoints(value) : formatSignedQuantity(value, unit);

export const sideText = (value: number | null, unit: MetricUnit): string => {
  if (value === null) return NOTHING;
  return unit === 'ratio' ? formatPercent(value) : formatQuantity(value, unit);
};

/** A difference has no half and no double: its noise is measured by what *unchanged* must exclude. */
const NOISE_IN_EQUIVALENTS = 20;

const isNoisyDifference = (metric: MetricComparison): boolean => {
  const { ciAbsolute, practicalAbsolute } = metric;
  if (ciAbsolute === null || practicalAbsolute === null || ciAbsolute[0] >= 0 || ciAbsolute[1] <= 0) return false;
  const usual = metricDef(metric.metric);
  const delta = equivalentTo(practicalAbsolute, usual.practicalAbsolute, usual.equivalentAbsolute);
  return reachOf(ciAbsolute) > NOISE_IN_EQUIVALENTS * delta;
};

/** Whether the interval is so wide that neither it nor the effect in its middle says anything. */
const saysNothing = (metric: MetricComparison): boolean =>
  metric.effectRatio === null ? isNoisyDifference(metric) : metric.ciRatio !== null && isOnlyNoise(metric.ciRatio);

/** The effect as ratio where there is one, else as difference in the unit. */
export const effectText = (metric: MetricComparison): string => {
  if (saysNothing(metric)) return NOTHING;
  if (metric.effectRatio !== null) return formatSignedPercent(metric.effectRatio);
  if (metric.effectAbsolute !== null) return signedAmount(metric.effectAbsolute, metric.unit);
  return NOTHING;
};

/** The interval belonging to {@link effectText}, or `null` where the effect is exact or missing. */
export const intervalText = (metric: MetricComparison): string | null => {
  if (saysNothing(metric)) return TOO_NOISY;
  if (metric.effectRatio !== null) return metric.ciRatio === null ? null : formatPercentRange(metric.ciRatio);
  if (metric.ciAbsolute === null) return null;
  const [low, high] = metric.ciAbsolute;
  return `${signedAmount(low, metric.unit)} to ${signedAmount(high, metric.unit)}`;
};

/** `8.0…8.0 %`: narrower than the digits shown, so it adds nothing to a sentence. */
const isPoint = (interval: string): boolean => {
  const [low, high] = interval.replace(/ %$/, '').split('…');
  return low === high;
};

/** `+2.2 % (1.2…3.1 %)`. */
export const effectWithInterval = (metric: MetricComparison): string => {
  if (saysNothing(metric)) return TOO_NOISY;
  const interval = intervalText(metric);
  return interval === null || isPoint(interval) ? effectText(metric) : `${effectText(metric)} (${interval})`;
};

/** The metric's effect in multiples of what fails; `undefined` where it has no limit or no effect. */
export const severity = (metric: MetricComparison): number | undefined => {
  if (metric.effectRatio !== null && metric.practicalRatio) return Math.abs(metric.effectRatio) / metric.practicalRatio;
  if (metric.effectAbsolute !== null && metric.practicalAbsolute)
    return Math.abs(metric.effectAbsolute) / metric.practicalAbsolute;
  return undefined;
};

/** How near the effect is to failing: above 1 it would; better than base is below 0, and mere noise is near nothing. */
export const nearness = (metric: MetricComparison): number => {
  const size = severity(metric);
  if (size === undefined || saysNothing(metric)) return -Infinity;
  const worse = (metric.effectRatio ?? metric.effectAbsolute ?? 0) > 0 === (metric.better === 'lower');
  return worse ? size : -size;
};

/** Δ as the metric table has it for the default τ; a scenario's own τ has twice itself (docs/method.md). */
const equivalentTo = (practical: number, usual: number | null, usualEquivalent: number | null): number =>
  practical === usual && usualEquivalent !== null ? usualEquivalent : 2 * practical;

const reachOf = (interval: readonly [number, number] | null): number =>
  interval === null ? 0 : Math.max(...interval.map(Math.abs));

/** Δ, the width called "unchanged", or the interval's own reach where that is wider. */
export const unchangedWithin = (metric: MetricComparison): string | null => {
  const usual = metricDef(metric.metric);
  if (metric.effectRatio !== null && metric.practicalRatio !== null) {
    const delta = equivalentTo(metric.practicalRatio, usual.practicalRatio, usual.equivalentRatio);
    return formatPercent(Math.max(delta, reachOf(metric.ciRatio)));
  }
  if (metric.effectAbsolute === null || metric.practicalAbsolute === null) return null;
  const delta = equivalentTo(metric.practicalAbsolute, usual.practicalAbsolute, usual.equivalentAbsolute);
  const within = Math.max(delta, reachOf(metric.ciAbsolute));
  return metric.unit === 'ratio' ? formatPercent(within).replace('%', 'points') : formatQuantity(within, metric.unit);
};

interface Amounts {
  readonly base: number;
  readonly head: number;
  readonly delta: number;
}

/** What a row is about: the function's own cost or, where it is named for what its callees spend, that as well. */
export const costOf = (row: FunctionComparison): Amounts =>
  row.namedFor === 'callees'
    ? {
        base: row.baseCumPerRequest,
        head: row.headCumPerRequest,
        delta: row.headCumPerRequest - row.baseCumPerRequest,
      }
    : { base: row.basePerRequest, head: row.headPerRequest, delta: row.deltaPerRequest };

/** As it is shown: what is held at the end of a launch as it stood, costs per request. */
export const shownOf = (row: FunctionComparison): Amounts =>
  row.held === undefined ? costOf(row) : { ...row.held, delta: row.held.head - row.held.base };

/** Growth is told per request, by rows that else show what has grown. */
export const amountsFor = (row: FunctionComparison, metric: MetricComparison): Amounts =>
  metricDef(metric.metric).method === 'growth' ? costOf(row) : shownOf(row);

/** A part of nothing is no figure. */
const isOfNothing = ({ impactRatio, impactCiRatio, deltaPerRequest }: FunctionComparison): boolean =>
  impactRatio === 0 && deltaPerRequest !== 0 && (impactCiRatio === null || impactCiRatio.every((bound) => bound === 0));

export const impactText = (row: FunctionComparison): string => {
  if (isOfNothing(row)) return NOTHING;
  if (row.impactCiRatio !== null && isOnlyNoise(row.impactCiRatio)) return TOO_NOISY;
  const impact = formatSignedPercent(row.impactRatio);
  return row.impactCiRatio === null ? impact : `${impact} (${formatPercentRange(row.impactCiRatio)})`;
};
