/** What a scenario may ask of each metric, and how far down: limits of the metric table. */
import { metricDef } from '../metrics/index.ts';
import type { GateLimit, MetricId } from '../model/index.ts';
import { formatPercent, parsePercentRatio, parseSizeBytes } from '../units/index.ts';

/** `ratio`: head ÷ base; `count`, `bytes`, `points`: head − base. */
type Limit = 'ratio' | 'count' | 'bytes' | 'points';

const limitOf = (metric: MetricId): Limit => {
  const { practicalRatio, unit } = metricDef(metric);
  if (practicalRatio !== null) return 'ratio';
  if (unit === 'B') return 'bytes';
  return unit === 'ratio' ? 'points' : 'count';
};

const LIMIT_EXPECTED: Readonly<Record<Exclude<Limit, 'ratio'>, string>> = {
  count: 'expected a number above 0 such as "0.01" (head minus base, per request)',
  bytes: 'expected a size above 0 such as "64B" (head minus base, per request)',
  points: 'expected percentage points above 0 such as "0.1%" (head minus base)',
};

/** What to write as `fail`, with an example that would be accepted. */
export const limitExpected = (metric: MetricId): string => {
  const limit = limitOf(metric);
  if (limit !== 'ratio') return LIMIT_EXPECTED[limit];
  const { finestRatio } = metricDef(metric);
  return `expected a percentage above 0 such as "${(finestRatio ?? 0) > 0.02 ? '+10%' : '+2%'}"`;
};

const amountOf: Readonly<Record<Limit, (text: string) => number | undefined>> = {
  ratio: parsePercentRatio,
  points: parsePercentRatio,
  bytes: parseSizeBytes,
  count: (text) => (/^\+?(?:\d+\.?\d*|\.\d+)$/.test(text.trim()) ? Number(text) : undefined),
};

/** Reads a `fail` limit; a string is why it is not one for this metric. The floor of tight mode applies here. */
export const parseGate = (metric: MetricId, fail: string | number): GateLimit | string => {
  const limit = limitOf(metric);
  const { finestRatio } = metricDef(metric);
  const amount = amountOf[limit](typeof fail === 'string' ? fail.replace(/^\s*\+/, '') : String(fail));
  if (amount === undefined || !(amount > 0)) return limitExpected(metric);
  if (limit !== 'ratio') return { failRatio: null, failAbsolute: amount };
  if (finestRatio !== null && amount < finestRatio) return belowFloor(amount, finestRatio);
  return { failRatio: amount, failAbsolute: null };
};

export const SHARE_EXPECTED = 'expected a percentage above 0 such as "+20%"';

/** Reads a function's limit; a string is why it is none. */
export const parseFunctionLimit = (written: string | number): number | string => {
  const ratio = parsePercentRatio(String(written).replace(/^\s*\+/, ''));
  return ratio !== undefined && ratio > 0 ? ratio : SHARE_EXPECTED;
};

const belowFloor = (amount: number, floor: number): string =>
  `no run can decide a change of ${formatPercent(amount)}: the smallest limit here is ${formatPercent(floor)}`;

/** Why a limit that tight mode could decide is too small without it; undefined when it is not. */
export const needsTightMode = (metric: MetricId, gate: GateLimit): string | undefined => {
  const { finestRatio, untightFinestRatio } = metricDef(metric);
  if (finestRatio === null || untightFinestRatio === null) return undefined;
  if (gate.failRatio === null || gate.failRatio >= untightFinestRatio) return undefined;
  return `${belowFloor(gate.failRatio, untightFinestRatio)}; with \`measure: { tight: true }\` it is ${formatPercent(finestRatio)}`;
};
