/** Plain descriptions of a sample. Each throws a RangeError on an empty sample: a caller must know what it has. */
import { mean as sampleMean, median as sampleMedian } from 'simple-statistics';

const requireSome = (values: readonly number[], least: number): void => {
  if (values.length < least) throw new RangeError(`needs at least ${least} values, got ${values.length}`);
};

export const mean = (values: readonly number[]): number => {
  requireSome(values, 1);
  return sampleMean([...values]);
};

export const median = (values: readonly number[]): number => {
  requireSome(values, 1);
  return sampleMedian([...values]);
};

/** Sample standard deviation (n − 1). Exactly 0 when all values are equal, whatever the rounding of their mean. */
export const standardDeviation = (values: readonly number[]): number => {
  requireSome(values, 2);
  const first = values[0] ?? 0;
  if (values.every((value) => value === first)) return 0;
  const centre = sum(values) / values.length;
  let squares = 0;
  for (const value of values) squares += (value - centre) ** 2;
  return Math.sqrt(squares / (values.length - 1));
};

/** Standard error of the mean. */
export const standardError = (values: readonly number[]): number =>
  standardDeviation(values) / Math.sqrt(values.length);

/** Sum of the values; 0 for none. */
export const sum = (values: readonly number[]): number => {
  let total = 0;
  for (const value of values) total += value;
  return total;
};
