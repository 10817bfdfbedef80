/** Ratios as percentages: one decimal, more where it takes more to show that the effect is not zero. */
import { decimalsFor, formatFixed, withSign } from './decimal.ts';

/** A ten-thousandth of a percent: smaller effects are below what any counter here resolves, and read as 0. */
const SMALLEST_PERCENT = 1e-4;

/** A limit someone chose (2 %) rather than a figure someone measured (2.0 %). */
const isWhole = (percent: number): boolean => Math.abs(percent - Math.round(percent)) < 1e-9;

const formatMeasured = (percent: number): string => {
  const size = Math.abs(percent);
  if (size < SMALLEST_PERCENT / 2) return '0';
  if (size >= 99.95) return formatFixed(percent, 0);
  if (size >= 0.995) return formatFixed(percent, 1);
  const digits = formatFixed(percent, Math.min(4, decimalsFor(percent, 2)));
  return digits.replace(/0+$/, '');
};

const formatNumber = (percent: number): string => {
  if (Number.isNaN(percent)) return '–';
  if (!Number.isFinite(percent)) return percent > 0 ? '∞' : '-∞';
  return isWhole(percent) && Math.abs(percent) >= 1 ? formatFixed(percent, 0) : formatMeasured(percent);
};

/** `0.0219` → `2.2 %`, `0.02` → `2 %`, `0.0004` → `0.04 %`; `–` when it is not a number. */
export const formatPercent = (ratio: number): string => `${formatNumber(ratio * 100)} %`;

/** As {@link formatPercent}, with `+` before an increase. */
export const formatSignedPercent = (ratio: number): string => withSign(formatPercent(ratio));

/** Instead of an interval that is only noise. */
export const TOO_NOISY = 'too noisy to say';

/** From less than half to more than the double, with "no change" in it: whatever happened, it would hold it. */
const NOISE_RATIO = 4;

/** Whether an interval of changes says nothing of the change. */
export const isOnlyNoise = ([low, high]: readonly [number, number]): boolean =>
  low < 0 && high > 0 && 1 + high >= NOISE_RATIO * (1 + low);

/** An interval of ratios: `1.2…3.1 %`, `-0.4…1.0 %`; words where it is only noise. */
export const formatPercentRange = ([low, high]: readonly [number, number]): string => {
  if (isOnlyNoise([low, high])) return TOO_NOISY;
  const percents = [low * 100, high * 100];
  const format = percents.every((percent) => !Number.isFinite(percent) || isWhole(percent)) ? formatNumber : formatEnd;
  return `${percents.map(format).join('…')} %`;
};

const formatEnd = (percent: number): string =>
  Number.isFinite(percent) ? formatMeasured(percent) : formatNumber(percent);
