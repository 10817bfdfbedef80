/** How often: exact bounds of a proportion. */
import { betaQuantile } from './beta.ts';

/** One-sided exact (Clopper-Pearson 1934) upper bound of a proportion after `hits` of `trials`; `level` e.g. .95. */
export const proportionUpperBound = (hits: number, trials: number, level: number): number =>
  hits >= trials ? 1 : betaQuantile(level, hits + 1, trials - hits);

/** One-sided exact lower bound of a proportion. */
export const proportionLowerBound = (hits: number, trials: number, level: number): number =>
  hits <= 0 ? 0 : betaQuantile(1 - level, hits, trials - hits + 1);

/** Two-sided Clopper-Pearson interval of the given level. */
export const clopperPearson = (hits: number, trials: number, level: number): readonly [number, number] => {
  const oneSided = (1 + level) / 2;
  return [proportionLowerBound(hits, trials, oneSided), proportionUpperBound(hits, trials, oneSided)];
};
