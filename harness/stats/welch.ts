/** Two samples that are not paired: Welch's interval. */
import { studentUpperQuantile } from './beta.ts';
import { mean, standardError } from './describe.ts';

export interface UnpairedDifference {
  /** mean(head) − mean(base). */
  readonly centre: number;
  readonly standardError: number;
  /** Welch-Satterthwaite. */
  readonly degrees: number;
}

/** Needs at least two values a side. */
export const unpairedDifference = (base: readonly number[], head: readonly number[]): UnpairedDifference => {
  const baseVariance = standardError(base) ** 2;
  const headVariance = standardError(head) ** 2;
  const variance = baseVariance + headVariance;
  const degrees =
    variance === 0
      ? base.length + head.length - 2
      : variance ** 2 / (baseVariance ** 2 / (base.length - 1) + headVariance ** 2 / (head.length - 1));
  return { centre: mean(head) - mean(base), standardError: Math.sqrt(variance), degrees };
};

/** Interval of one-sided level `level` per side. */
export const unpairedInterval = (at: UnpairedDifference, level: number): readonly [number, number] => {
  const half = at.standardError === 0 ? 0 : studentUpperQuantile(level, at.degrees) * at.standardError;
  return [at.centre - half, at.centre + half];
};
