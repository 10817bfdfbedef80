/** Sums per unit of exposure: a total over many launches ÷ their requests. */
import { sum } from './describe.ts';

export interface Slope {
  /** Σ gain ÷ Σ exposure. */
  readonly centre: number;
  readonly standardError: number;
  readonly degrees: number;
  /** sd of one launch's gain around the slope. */
  readonly spread: number;
}

/**
 * The classical ratio estimator (Cochran, Sampling Techniques, ch. 6): long launches count more than short ones, and
 * the error comes from the residuals, whatever their variance does with the length. Needs two gains or more with a
 * positive total exposure; throws a RangeError otherwise.
 */
export const slopeOf = (gains: readonly number[], exposures: readonly number[]): Slope => {
  const total = sum(exposures);
  if (gains.length < 2 || gains.length !== exposures.length || !(total > 0)) {
    throw new RangeError(`needs two gains and as many exposures, got ${gains.length} and ${exposures.length}`);
  }
  const centre = sum(gains) / total;
  const squares = sum(gains.map((gain, index) => (gain - centre * (exposures[index] ?? 0)) ** 2));
  const degrees = gains.length - 1;
  const spread = Math.sqrt(squares / degrees);
  return { centre, standardError: (spread * Math.sqrt(gains.length)) / total, degrees, spread };
};
