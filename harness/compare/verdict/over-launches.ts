/** How far the mean of a few launches may be off. */
import { mean, studentUpperQuantile } from '../../stats/index.ts';

/** On each side of a 95 % interval. */
export const SHOWN_TAIL = 0.025;

const standardError = (values: readonly number[]): number => {
  const centre = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - centre) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1) / values.length);
};

/** Of the mean, by Student's t; of two values and more. */
export const intervalOver = (values: readonly number[], tail: number): readonly [number, number] => {
  const half = studentUpperQuantile(tail, values.length - 1) * standardError(values);
  const centre = mean(values);
  return [centre - half, centre + half];
};
