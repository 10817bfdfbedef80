import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  benjaminiHochberg,
  digamma,
  exponential,
  mean,
  median,
  normalDeviates,
  randomFrom,
  slopeOf,
  smallestDetectableCount,
  standardDeviation,
  studentUpperQuantile,
  suspectsFirst,
  testCounts,
  trigamma,
  unpairedDifference,
  unpairedInterval,
} from '../../harness/stats/index.ts';

describe('false discovery values', () => {
  test('are those of a worked example', () => {
    // p x m / rank: .05, .04, .05, .045, .04; then the smallest of what follows.
    const expected = [0.04, 0.04, 0.04, 0.04, 0.04];
    benjaminiHochberg([0.01, 0.016, 0.03, 0.036, 0.04]).forEach((q, index) =>
      expect(q).toBeCloseTo(expected[index]!, 12),
    );
    const [second, first] = benjaminiHochberg([0.9, 0.001]);
    expect(first).toBe(0.002);
    expect(second).toBe(0.9);
  });

  test('keep the order of the p-values and never fall below them', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 30 }), (p) => {
        const q = benjaminiHochberg(p);
        p.forEach((value, i) => {
          expect(q[i]).toBeGreaterThanOrEqual(value);
          expect(q[i]).toBeLessThanOrEqual(1);
          p.forEach((other, j) => {
            if (value < other) expect(q[i]).toBeLessThanOrEqual(q[j]!);
          });
        });
      }),
    );
  });

  test('of nothing are nothing', () => {
    expect(benjaminiHochberg([])).toEqual([]);
    expect(suspectsFirst([], [])).toEqual({ qValues: [], weights: [] });
  });

  test('give half of the error to few suspects, half to the others', () => {
    const { qValues, weights } = suspectsFirst([0.001, 0.001, 0.5, 0.5, 0.5], [true, false, false, false, false]);
    expect(weights).toEqual([2.5, 0.625, 0.625, 0.625, 0.625]);
    // 0.001 ÷ 2.5 × 5 and 0.001 ÷ 0.625 × 5 ÷ 2.
    expect(qValues[0]).toBeCloseTo(0.002, 12);
    expect(qValues[1]).toBeCloseTo(0.004, 12);
  });

  test.each([
    ['nobody', [false, false, false, false]],
    ['half of them', [true, true, false, false]],
    ['all', [true, true, true, true]],
  ])('are as without suspects where these are %s', (_, isSuspect) => {
    const p = [0.03, 0.01, 0.4, 0.02];
    expect(suspectsFirst(p, isSuspect)).toEqual({ qValues: benjaminiHochberg(p), weights: [1, 1, 1, 1] });
  });

  test('keep the promise with suspects: of equal families as many have one below a tenth', () => {
    const random = randomFrom(77);
    const families = Array.from({ length: 4000 }, () => {
      const p = Array.from({ length: 20 }, random);
      return suspectsFirst(
        p,
        p.map((_, i) => i < 3),
      ).qValues.some((q) => q <= 0.1);
    });
    const share = families.filter(Boolean).length / families.length;
    expect(share).toBeGreaterThan(0.08);
    expect(share).toBeLessThan(0.115);
  });
});

describe('the random source', () => {
  test('repeats for the same seed and differs for the next', () => {
    const draw = (seed: number): readonly number[] => Array.from({ length: 5 }, randomFrom(seed));
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
  });

  test('is uniform, and its deviates have the moments they should', () => {
    const random = randomFrom(1);
    const buckets = Array.from({ length: 20 }, () => 0);
    for (let i = 0; i < 40_000; i++) {
      const value = random();
      expect(value >= 0 && value < 1).toBe(true);
      buckets[Math.floor(value * 20)]!++;
    }
    // chi-square with 19 degrees of freedom: .9999 quantile 50.
    expect(buckets.reduce((sum, count) => sum + (count - 2000) ** 2 / 2000, 0)).toBeLessThan(50);
    const normals = Array.from({ length: 40_000 }, normalDeviates(random));
    expect(mean(normals)).toBeCloseTo(0, 1);
    expect(standardDeviation(normals)).toBeCloseTo(1, 1);
    const waits = Array.from({ length: 40_000 }, () => exponential(random, 8));
    expect(mean(waits) / 8).toBeCloseTo(1, 1);
  });
});

describe('descriptions', () => {
  test('refuse an empty sample instead of giving NaN', () => {
    expect(() => mean([])).toThrow(RangeError);
    expect(() => median([])).toThrow(RangeError);
    expect(() => standardDeviation([1])).toThrow(RangeError);
  });

  test('know that equal values have no spread, whatever rounding says', () => {
    expect(standardDeviation([0.1, 0.1, 0.1])).toBe(0);
    expect(standardDeviation([1, 2, 3, 4])).toBeCloseTo(1.2909944487358056, 14);
  });
});

describe("Welch's interval", () => {
  test('has the textbook degrees of freedom', () => {
    // Variances 10 and 40 over n, n1 = n2 = 5: v = 2 + 8 squared over (4 + 64) / 4 = 100 / 17.
    const base = [-4, -2, 0, 2, 4];
    const head = [-8, -4, 0, 4, 8];
    const difference = unpairedDifference(base, head);
    expect(difference.standardError).toBeCloseTo(Math.sqrt(10), 12);
    expect(difference.degrees).toBeCloseTo(100 / 17, 12);
    const [low, high] = unpairedInterval(difference, 0.025);
    expect(low).toBeCloseTo(-high, 12);
  });

  test('of constant equal samples has no width', () => {
    expect(unpairedInterval(unpairedDifference([3, 3], [3, 3]), 0.01)).toEqual([0, 0]);
  });
});

describe('a slope over launches of unequal length', () => {
  test('is total over total, worked by hand', () => {
    // gains 1, 3 and 8 over 1, 2 and 3: slope 2, residuals -1, -1, 2, spread sqrt(3), error sqrt(9) / 6.
    const slope = slopeOf([1, 3, 8], [1, 2, 3]);
    expect(slope.centre).toBe(2);
    expect(slope.spread).toBeCloseTo(Math.sqrt(3), 12);
    expect(slope.standardError).toBeCloseTo(0.5, 12);
    expect(slope.degrees).toBe(2);
  });

  test('of a steady leak is that leak without any error, however long the launches', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 2, maxLength: 12 }), (requests) => {
        const slope = slopeOf(
          requests.map((count) => count * 8),
          requests,
        );
        expect(slope.centre).toBe(8);
        expect(slope.standardError).toBe(0);
      }),
    );
  });

  test('covers the truth as often as it says, where long launches are as noisy as short ones', () => {
    const normal = normalDeviates(randomFrom(21));
    const requests = [2600, 3000, 2900, 1900, 1100, 700, 740, 740];
    const covered = Array.from({ length: 2000 }, () => {
      const { centre, standardError, degrees } = slopeOf(
        requests.map((count) => 5 * count + 4000 * normal()),
        requests,
      );
      return Math.abs(centre - 5) <= studentUpperQuantile(0.025, degrees) * standardError;
    }).filter(Boolean).length;
    expect(covered / 2000).toBeGreaterThan(0.93);
  });

  test('needs exposure', () => {
    expect(() => slopeOf([1, 2], [0, 0])).toThrow(RangeError);
    expect(() => slopeOf([1], [10])).toThrow(RangeError);
  });
});

describe('counts per launch', () => {
  const poisson = (random: () => number, expected: number): number => {
    let count = 0;
    for (let left = Math.exp(-expected), p = random(); p > left; p *= random()) count++;
    return count;
  };

  /** 60 functions with Zipf shares of 600 samples a launch, each launch's share off by some per cent. */
  const simulateFunctions = (seed: number, launches: number, effect: number) => {
    const random = randomFrom(seed);
    const normal = normalDeviates(random);
    return Array.from({ length: 60 }, (_, index) => {
      const expected = 80 / (index + 1) ** 0.9;
      const draw = (factor: number) => () => poisson(random, expected * factor * Math.exp(0.05 * normal()));
      return {
        base: Array.from({ length: launches }, draw(1)),
        head: Array.from({ length: launches }, draw(index === 3 ? 1 + effect : 1)),
      };
    }).filter(({ base, head }) => [...base, ...head].reduce((sum, count) => sum + count, 0) >= 20);
  };

  test('of identical code rarely raise a false discovery anywhere', () => {
    const alarms = Array.from({ length: 100 }, (_, seed) => {
      const q = benjaminiHochberg(testCounts(simulateFunctions(seed, 10, 0)).map(({ pValue }) => pValue));
      return q.some((value) => value < 0.05);
    }).filter(Boolean).length;
    expect(alarms).toBeLessThanOrEqual(10);
  });

  test('find the one function that doubled', () => {
    const hits = Array.from({ length: 20 }, (_, seed) => {
      const tests = testCounts(simulateFunctions(1000 + seed, 10, 1));
      const strongest = tests.reduce((best, { z }, index) => (z > tests[best]!.z ? index : best), 0);
      return strongest === 3 && tests[3]!.pValue < 1e-4;
    }).filter(Boolean).length;
    expect(hits).toBeGreaterThanOrEqual(19);
  });

  test('take more exposure on head for no change, and exchange sign with the sides', () => {
    const counts = simulateFunctions(5, 8, 0.5);
    const tests = testCounts(counts);
    const mirror = testCounts(counts.map(({ base, head }) => ({ base: head, head: base })));
    tests.forEach(({ z }, index) => expect(mirror[index]!.z).toBeCloseTo(-z, 9));
    const twice = [{ base: [50, 50], head: [100, 100] }];
    expect(testCounts(twice, 2)[0]!.z).toBeCloseTo(0, 12);
    expect(testCounts(twice)[0]!.z).toBeGreaterThan(5);
  });

  test('need two launches', () => {
    expect(() => testCounts([{ base: [1], head: [2] }])).toThrow(RangeError);
    expect(testCounts([])).toEqual([]);
  });

  test('rest on digamma and trigamma as published', () => {
    expect(digamma(1)).toBeCloseTo(-0.5772156649015329, 12);
    expect(digamma(0.5)).toBeCloseTo(-1.9635100260214235, 12);
    expect(trigamma(1)).toBeCloseTo(Math.PI ** 2 / 6, 12);
    expect(trigamma(0.5)).toBeCloseTo(Math.PI ** 2 / 2, 12);
  });

  test('sees just the difference that is as many standard errors large as level and power ask for', () => {
    for (const [samples, dispersion, zLevel] of [
      [120, 1.5, 3.72],
      [5, 1, 2],
      [10_000, 3, 4],
    ] as const) {
      const more = smallestDetectableCount(samples, dispersion, zLevel);
      expect(more / Math.sqrt(dispersion * (2 * samples + more))).toBeCloseTo(zLevel + 0.8416, 3);
    }
    expect(smallestDetectableCount(0, 1, 2)).toBeCloseTo((2 + 0.8416) ** 2, 2);
  });
});
