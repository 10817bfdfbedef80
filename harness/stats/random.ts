/** A seeded random source: the same seed gives the same numbers on every machine. */

/** Uniform in [0, 1). */
export type RandomSource = () => number;

/** splitmix32: spreads a seed over the generator's state. */
const spread = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  };
};

const rotate = (x: number, by: number): number => (x << by) | (x >>> (32 - by));

/** xoshiro128** (Blackman & Vigna 2018), 32 random bits a call as a number in [0, 1). */
export const randomFrom = (seed: number): RandomSource => {
  const next = spread(seed);
  let a = next();
  let b = next();
  let c = next();
  let d = next();
  return () => {
    const bits = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0;
    const t = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= t;
    d = rotate(d, 11);
    return bits / 4294967296;
  };
};

/** Standard normal deviates by Marsaglia's polar method. */
export const normalDeviates = (random: RandomSource): RandomSource => {
  let spare: number | null = null;
  return () => {
    if (spare !== null) {
      const value = spare;
      spare = null;
      return value;
    }
    for (;;) {
      const u = 2 * random() - 1;
      const v = 2 * random() - 1;
      const s = u * u + v * v;
      if (s === 0 || s >= 1) continue;
      const factor = Math.sqrt((-2 * Math.log(s)) / s);
      spare = v * factor;
      return u * factor;
    }
  };
};

/** One exponential deviate of the given mean. */
export const exponential = (random: RandomSource, meanValue: number): number => -meanValue * Math.log1p(-random());
