/** The incomplete beta function and what follows from it: Student's t and its quantiles. */
import { gammaln } from 'simple-statistics';
import { normalQuantile } from './normal.ts';

const TINY = 1e-300;

const notZero = (x: number): number => (Math.abs(x) < TINY ? TINY : x);

/** Continued fraction of the incomplete beta function (DLMF 8.17.22) by Lentz's method. */
const betaFraction = (x: number, a: number, b: number): number => {
  let c = 1;
  let d = 1 / notZero(1 - ((a + b) * x) / (a + 1));
  let value = d;
  for (let m = 1; m < 1000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / notZero(1 + even * d);
    c = notZero(1 + even / c);
    value *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / notZero(1 + odd * d);
    c = notZero(1 + odd / c);
    const step = d * c;
    value *= step;
    if (Math.abs(step - 1) < 1e-16) break;
  }
  return value;
};

/** Regularised incomplete beta function I_x(a, b), 0 ≤ x ≤ 1, a, b > 0. */
export const incompleteBeta = (x: number, a: number, b: number): number => {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const front = Math.exp(gammaln(a + b) - gammaln(a) - gammaln(b) + a * Math.log(x) + b * Math.log1p(-x));
  return x < (a + 1) / (a + b + 2) ? (front * betaFraction(x, a, b)) / a : 1 - (front * betaFraction(1 - x, b, a)) / b;
};

/** x with I_x(a, b) = p, by bisection: no start can send it astray. */
export const betaQuantile = (p: number, a: number, b: number): number => {
  let low = 0;
  let high = 1;
  for (let step = 0; step < 200 && high - low > 1e-16 * high; step++) {
    const middle = (low + high) / 2;
    if (incompleteBeta(middle, a, b) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
};

/** P(T > t) for Student's t with `degrees` degrees of freedom (not necessarily whole). */
export const studentUpperTail = (t: number, degrees: number): number => {
  if (t === Infinity) return 0;
  const tail = incompleteBeta(degrees / (degrees + t * t), degrees / 2, 0.5) / 2;
  return t >= 0 ? tail : 1 - tail;
};

/** Two-sided p-value of a t statistic. */
export const studentTwoSidedP = (t: number, degrees: number): number =>
  Math.min(1, 2 * studentUpperTail(Math.abs(t), degrees));

/** Two-sided p-value of a difference; without any spread one is certain, and none is none. */
export const differencePValue = (difference: number, standardError: number, degrees: number): number => {
  if (standardError > 0) return studentTwoSidedP(difference / standardError, degrees);
  return difference === 0 ? 1 : 0;
};

const solveUpperQuantile = (tail: number, degrees: number): number => {
  let low = 0;
  let high = Math.max(1, -normalQuantile(tail));
  while (studentUpperTail(high, degrees) > tail) high *= 2;
  for (let step = 0; step < 200 && high - low > 1e-15 * high; step++) {
    const middle = (low + high) / 2;
    if (studentUpperTail(middle, degrees) > tail) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
};

const quantiles = new Map<string, number>();

/**
 * t with P(T > t) = `tail`, 0 < tail ≤ .5: the half-width factor of an interval of one-sided level `tail`.
 * Throws a RangeError for other tails.
 */
export const studentUpperQuantile = (tail: number, degrees: number): number => {
  if (!(tail > 0 && tail <= 0.5)) throw new RangeError(`a tail must lie in 0 … 0.5, got ${tail}`);
  const key = `${tail}:${degrees}`;
  const known = quantiles.get(key);
  if (known !== undefined) return known;
  const value = tail === 0.5 ? 0 : solveUpperQuantile(tail, degrees);
  // Whole degrees of freedom come back at every look; Welch's fractional ones hardly ever do.
  if (Number.isInteger(degrees)) quantiles.set(key, value);
  return value;
};
