/**
 * The normal distribution to full double precision. (simple-statistics has a four-digit table capped at .999 and a
 * quantile that is off in the third digit, so both are ours.)
 */
const SQRT_PI = Math.sqrt(Math.PI);
const TINY = 1e-300;

/** erf by its Maclaurin series in the form without cancellation (Abramowitz & Stegun 7.1.6); for |x| < 2.5. */
const erfSeries = (x: number): number => {
  let term = x;
  let total = x;
  for (let n = 1; Math.abs(term) > Math.abs(total) * 1e-17; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    total += term;
  }
  return (2 / SQRT_PI) * Math.exp(-x * x) * total;
};

/** erfc by its continued fraction (Abramowitz & Stegun 7.1.14), evaluated by Lentz's method; for x ≥ 2.5. */
const erfcFraction = (x: number): number => {
  let f = x;
  let c = x;
  let d = 0;
  for (let n = 1; n < 500; n++) {
    const a = n / 2;
    d = 1 / (x + a * d || TINY);
    c = x + a / c;
    const step = c * d;
    f *= step;
    if (Math.abs(step - 1) < 1e-16) break;
  }
  return Math.exp(-x * x) / (SQRT_PI * f);
};

const erfc = (x: number): number => {
  if (x < 0) return 2 - erfc(-x);
  return x < 2.5 ? 1 - erfSeries(x) : erfcFraction(x);
};

/** P(Z ≤ z), relative error below 1e-13 in the lower tail as far as doubles reach. */
export const normalCdf = (z: number): number => erfc(-z / Math.SQRT2) / 2;

const normalDensity = (z: number): number => Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);

/** Odeh & Evans' rational start (Applied Statistics AS 70), good to 1e-7. */
const roughUpperQuantile = (p: number): number => {
  const y = Math.sqrt(-2 * Math.log(p));
  const numerator = (((y * -0.453642210148e-4 - 0.0204231210245) * y - 0.342242088547) * y - 1) * y - 0.322232431088;
  const denominator =
    (((y * 0.0038560700634 + 0.10353775285) * y + 0.531103462366) * y + 0.588581570495) * y + 0.099348462606;
  return y + numerator / denominator;
};

/** z with P(Z ≤ z) = p. Throws a RangeError outside 0 … 1; ±∞ at the ends. */
export const normalQuantile = (p: number): number => {
  if (!(p >= 0 && p <= 1)) throw new RangeError(`a probability must lie in 0 … 1, got ${p}`);
  if (p === 0) return -Infinity;
  if (p === 1) return Infinity;
  if (p === 0.5) return 0;
  // The tail below .5 is the accurate one, so the upper half is mirrored.
  if (p > 0.5) return -normalQuantile(1 - p);
  let z = -roughUpperQuantile(p);
  for (let step = 0; step < 3; step++) {
    const u = (normalCdf(z) - p) / normalDensity(z);
    z -= u / (1 + (z * u) / 2);
  }
  return z;
};
