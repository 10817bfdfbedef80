/**
 * Numbers only: distributions, rank statistics, the sequential boundaries of a verdict, families and count models.
 *
 * In: arrays of numbers. Out: estimates, intervals, p-values, boundaries. Knows no metric, unit, scenario or side, and
 * is the only module that knows simple-statistics. Same input, same output: the random source is a seeded parameter.
 */
export * from './describe.ts';
export * from './normal.ts';
export * from './beta.ts';
export * from './binomial.ts';
export * from './signed-rank.ts';
export * from './sequential.ts';
export * from './slope.ts';
export * from './welch.ts';
export * from './multiplicity.ts';
export * from './counts.ts';
export * from './random.ts';
