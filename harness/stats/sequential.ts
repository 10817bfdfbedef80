/**
 * The sequential procedure of a verdict: looks, levels, intervals, p-values, and what it would still take.
 * Simulated operating characteristics and the reasons of every constant: docs/method.md.
 */
import { mean, standardDeviation, standardError } from './describe.ts';
import { differencePValue, studentUpperQuantile } from './beta.ts';
import { normalQuantile } from './normal.ts';
import { signedRankIndex, signedRankTwoSidedP, walshAverages, walshInterval, walshMedian } from './signed-rank.ts';

/** Units (launches, or link seeds with several launches each) at which a verdict may fall. */
export const LOOKS = [8, 10, 12, 16, 20, 24, 32, 40] as const;
/** Looks of the tight mode. */
export const TIGHT_LOOKS = [...LOOKS, 48, 60, 80] as const;
/**
 * Before these: looks at what repeats nearly exactly. Were a counter to depend on a coin that each process throws once,
 * four launches would agree on the wrong answer in (1/4)⁴ = 0.4 % of runs, three in 1.6 %.
 */
export const EARLY_LOOKS = [4, 6] as const;

/**
 * Launches of the latency phase at which its verdict may fall. Three that agree by chance are no rarity (see
 * {@link EARLY_LOOKS}), so the first look is at four, which for a clear answer are enough.
 */
export const LATENCY_LOOKS = [4, 6, 8, 12] as const;
/** Of a latency gate that a scenario names: it wants its answer, and a 99th percentile takes longer. */
export const NAMED_LATENCY_LOOKS = [...LATENCY_LOOKS, 16] as const;

/** From this many values on the interval is the exact signed-rank one; below, t around the Hodges-Lehmann estimate. */
const RANK_FROM = 16;
/** One-sided level of the signed-rank interval which a t interval must hold too; at 8 values: all on one side. */
const GUARD_LEVEL = 0.005;
const GUARD_FROM = 8;
/** Largest one-sided level of a change per look. */
const LARGEST_CHANGE_LEVEL = 0.0005;
/** P(any gate regressed | no change) per run, spread over looks and gates by the union bound. */
const RUN_LEVEL = 0.01;

export interface Levels {
  /** One-sided level of "changed" at each look. */
  readonly change: number;
  /** One-sided level of "unchanged" at each look. */
  readonly equivalence: number;
}

/** Levels when `looks` looks are taken at each of `gates` gates (over all scenarios of the run). */
export const levelsFor = (looks: number, gates: number): Levels => ({
  change: Math.min(LARGEST_CHANGE_LEVEL, RUN_LEVEL / (looks * Math.max(1, gates))),
  // .008 keeps a true change of Δ called unchanged under 5 % in tight mode, where there are more chances to do so.
  equivalence: looks > LOOKS.length ? 0.008 : 0.01,
});

/** The same promise for a gate that is looked at once: all of its level at that look. */
export const oneLookLevels = (looks: number, gates: number): Levels => {
  const { change, equivalence } = levelsFor(looks, gates);
  return { change: change * looks, equivalence };
};

/** What each of so many looks may spend of levels that are meant for all of them (union bound). */
export const shareOf = ({ change, equivalence }: Levels, looks: number): Levels => ({
  change: change / looks,
  equivalence: equivalence / looks,
});

export interface Estimate {
  readonly n: number;
  /** Hodges-Lehmann. */
  readonly centre: number;
  readonly standardError: number;
  /** Sorted Walsh averages. */
  readonly averages: Float64Array;
  readonly values: readonly number[];
}

/** Needs at least two values. */
export const estimate = (values: readonly number[]): Estimate => {
  const n = values.length;
  const averages = walshAverages(values);
  const standardError = standardDeviation(values) / Math.sqrt(n);
  return { n, centre: walshMedian(averages), standardError, averages, values };
};

export type Interval = readonly [number, number];

/** The smallest interval that holds both. */
export const hull = (a: Interval, b: Interval): Interval => [Math.min(a[0], b[0]), Math.max(a[1], b[1])];

const studentInterval = ({ centre, standardError, n }: Estimate, level: number): Interval => {
  const half = studentUpperQuantile(level, n - 1) * standardError;
  return [centre - half, centre + half];
};

/**
 * One-sided level `level` per side: what "unchanged" is judged by. Where so few values have no signed-rank interval of
 * that level, t, widened to hold all values.
 */
export const equivalenceInterval = (at: Estimate, level: number): Interval => {
  if (at.n < RANK_FROM) return studentInterval(at, level);
  if (signedRankIndex(at.n, level) > 0) return walshInterval(at.averages, at.n, level);
  return hull(studentInterval(at, level), [at.averages[0] ?? -Infinity, at.averages.at(-1) ?? Infinity]);
};

/** One-sided level `level` per side; below 16 values widened to hold the exact signed-rank interval of .005. */
export const changeInterval = (at: Estimate, level: number): Interval => {
  const interval = equivalenceInterval(at, level);
  if (at.n >= RANK_FROM || at.n < GUARD_FROM) return interval;
  return hull(interval, walshInterval(at.averages, at.n, GUARD_LEVEL));
};

/** The t interval of one-sided level `level` per side around a plain mean; for a coarser unit's say beside a finer one's. */
export const studentIntervalOf = (values: readonly number[], level: number): Interval => {
  const centre = mean(values);
  const half = studentUpperQuantile(level, values.length - 1) * standardError(values);
  return [centre - half, centre + half];
};

/** Two-sided p-value that goes with {@link changeInterval}. */
export const changePValue = (at: Estimate): number => {
  if (at.n >= RANK_FROM) return signedRankTwoSidedP(at.values);
  const p = differencePValue(at.centre, at.standardError, at.n - 1);
  if (at.n < GUARD_FROM) return p;
  const [low, high] = walshInterval(at.averages, at.n, GUARD_LEVEL);
  return low > 0 || high < 0 ? p : Math.max(p, signedRankTwoSidedP(at.values));
};

export interface Limits {
  /** τ: the smallest effect that counts, on the scale of the values. */
  readonly practical: number;
  /** Δ: an interval inside ±Δ says "unchanged". */
  readonly equivalent: number;
}

export type Direction = 'up' | 'down' | 'same' | 'open';

/** Estimates from here on are never called unchanged: they would fail (τ), or are nearer to Δ than to nothing. */
const sameBelow = ({ practical, equivalent }: Limits): number =>
  Math.min(equivalent, Math.max(practical, equivalent / 2));

/**
 * One look: `up` and `down` are changes of at least τ, `same` is equivalence within Δ, `open`: go on. With
 * few launches their spread is now and then too small by chance; a true Δ was then called unchanged at the first look,
 * hence {@link sameBelow}. What is equal pays nothing for it (docs/method.md).
 */
export const decide = (centre: number, change: Interval, equivalence: Interval, limits: Limits): Direction => {
  if (change[0] > 0 && centre >= limits.practical) return 'up';
  if (change[1] < 0 && centre <= -limits.practical) return 'down';
  if (Math.abs(centre) >= sameBelow(limits)) return 'open';
  return equivalence[0] > -limits.equivalent && equivalence[1] < limits.equivalent ? 'same' : 'open';
};

const halfWidth = ([low, high]: Interval): number => (high - low) / 2;

/** What a look has seen, for {@link unitsNeeded}. */
interface SoFar {
  /** Units so far. */
  readonly n: number;
  readonly centre: number;
  readonly change: Interval;
  readonly equivalence: Interval;
  readonly limits: Limits;
}

/** Units it would take in all, from the half-widths now; at least one more than there are. Infinity from Δ to τ. */
export const unitsNeeded = ({ n, centre, change, equivalence, limits }: SoFar): number => {
  const size = Math.abs(centre);
  const toChange = size >= limits.practical ? (halfWidth(change) / size) ** 2 : Infinity;
  const toSame = size < sameBelow(limits) ? (halfWidth(equivalence) / (limits.equivalent - size)) ** 2 : Infinity;
  return Math.max(n + 1, Math.ceil(n * Math.min(toChange, toSame)));
};

const POWER_Z = normalQuantile(0.8);

/** True effect that a look like this one calls changed in 80 % of runs. */
export const smallestDetectable = (at: Estimate, change: Interval, limits: Limits): number =>
  Math.max(halfWidth(change), limits.practical) + POWER_Z * at.standardError;
