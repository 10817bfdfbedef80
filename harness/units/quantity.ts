/** Quantities with their unit, scaled to three significant digits. */
import type { MetricUnit } from '../model/index.ts';
import { formatFixed, formatSignificant, roundSignificant, withSign } from './decimal.ts';
import { formatPercent } from './percent.ts';

/** Smallest first: unit text and how many base units it holds. */
type UnitSteps = readonly (readonly [unit: string, size: number])[];

const TIME: UnitSteps = [
  [' ns', 1],
  [' µs', 1e3],
  [' ms', 1e6],
  [' s', 1e9],
];

const SIZE: UnitSteps = [
  [' B', 1],
  [' KiB', 1024],
  [' MiB', 1024 ** 2],
  [' GiB', 1024 ** 3],
  [' TiB', 1024 ** 4],
];

/** Counts stay whole to a million, because 3,412 allocations and 3,413 are different facts. */
const NUMBER: UnitSteps = [
  ['', 1],
  [' M', 1e6],
  [' G', 1e9],
  [' T', 1e12],
];

/** The largest unit of which `value` shows at least one, by the digits that will be printed (999.6 ns is 1 µs). */
const formatScaled = (value: number, scale: UnitSteps): string => {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? '–' : value > 0 ? '∞' : '-∞';
  let [unit, size] = scale[0] ?? ['', 1];
  for (const [largerUnit, largerSize] of scale.slice(1)) {
    if (Math.abs(roundSignificant(value / size, 3)) * size < largerSize) break;
    [unit, size] = [largerUnit, largerSize];
  }
  return `${formatSignificant(value / size, 3)}${unit}`;
};

const FORMATS: Readonly<Record<MetricUnit, (value: number) => string>> = {
  ns: (value) => formatScaled(value, TIME),
  ms: (value) => formatScaled(value * 1e6, TIME),
  B: (value) => formatScaled(value, SIZE),
  count: (value) => formatScaled(value, NUMBER),
  instructions: (value) => `${formatScaled(value, NUMBER)} instructions`,
  ratio: formatPercent,
};

/** `812345` ns → `812 µs`, `1229` B → `1.2 KiB`, `3412` → `3,412`, `4.1` ms → `4.1 ms`; `–` when it is not a number. */
export const formatQuantity = (value: number, unit: MetricUnit): string => FORMATS[unit](value);

/** As {@link formatQuantity}, with `+` before an increase: `+17.7 µs`. */
export const formatSignedQuantity = (value: number, unit: MetricUnit): string => withSign(formatQuantity(value, unit));

/** A whole number in full: `1,234,567`. */
export const formatCount = (value: number): string => (Number.isFinite(value) ? formatFixed(value, 0) : '–');

/** `0.00025` → `250 µs`, `41` → `41 s`, `90` → `1m30s`, `7265` → `2h1m`; from a minute on to the second, from an hour to the minute. */
export const formatDuration = (seconds: number): string => {
  if (seconds === 0) return '0 s';
  if (!(Math.abs(roundSignificant(seconds, 3)) >= 60) || !Number.isFinite(seconds)) {
    return formatScaled(seconds * 1e9, TIME);
  }
  const sign = seconds < 0 ? '-' : '';
  return sign + formatLong(Math.abs(seconds));
};

const formatLong = (seconds: number): string => {
  const whole = Math.round(seconds);
  if (whole < 3600) return joinParts([Math.floor(whole / 60), 'm'], [whole % 60, 's']);
  const minutes = Math.round(seconds / 60);
  return joinParts([Math.floor(minutes / 60), 'h'], [minutes % 60, 'm']);
};

const joinParts = (...parts: readonly (readonly [number, string])[]): string =>
  parts
    .filter(([amount]) => amount > 0)
    .map(([amount, unit]) => `${amount}${unit}`)
    .join('');
