import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  hodgesLehmann,
  signedRankCdf,
  signedRankIndex,
  signedRankTwoSidedP,
  walshAverages,
  walshInterval,
} from '../../harness/stats/index.ts';

/** All 2^n sign patterns of the given mid-ranks: the definition, as slow as it is plain. */
const enumerateTwoSidedP = (values: readonly number[]): number => {
  const sizes = values.map(Math.abs);
  const rank = (size: number): number =>
    sizes.filter((other) => other < size).length + (sizes.filter((other) => other === size).length + 1) / 2;
  const carriers = values.filter((value) => value !== 0);
  const ranks = carriers.map((value) => rank(Math.abs(value)));
  const total = ranks.reduce((sum, r) => sum + r, 0);
  const positive = carriers.reduce((sum, value, index) => sum + (value > 0 ? ranks[index]! : 0), 0);
  const tail = Math.min(positive, total - positive);
  let below = 0;
  for (let pattern = 0; pattern < 2 ** ranks.length; pattern++) {
    const sum = ranks.reduce((partial, r, index) => partial + ((pattern >> index) & 1 ? r : 0), 0);
    if (sum <= tail + 1e-9) below++;
  }
  return Math.min(1, (2 * below) / 2 ** ranks.length);
};

describe('the signed-rank distribution', () => {
  test('has the published tails', () => {
    // Wilcoxon's table, one-sided: n = 10, W <= 3 has .0049, W <= 10 has .0420; counted by hand: 5 and 43 of 1024.
    expect(signedRankCdf(3, 10)).toBe(5 / 1024);
    expect(signedRankCdf(10, 10)).toBe(43 / 1024);
    expect(signedRankCdf(0, 8)).toBe(2 ** -8);
  });

  test.each([2 ** -8, 0.01, 0.2])('is symmetric: the two tails of level %d hold equally many averages', (level) => {
    const k = signedRankIndex(20, level);
    expect(signedRankCdf(k - 1, 20)).toBeLessThanOrEqual(level);
    expect(signedRankCdf(k, 20)).toBeGreaterThan(level);
  });

  test('sums to one for hundreds of values without losing digits', () => {
    expect(signedRankCdf((240 * 241) / 2, 240)).toBeCloseTo(1, 12);
  });
});

describe('the p-value', () => {
  test('is that of all sign patterns, ties and zeros included', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -4, max: 4 }), { minLength: 1, maxLength: 11 }), (values) => {
        expect(signedRankTwoSidedP(values)).toBeCloseTo(enumerateTwoSidedP(values), 12);
      }),
    );
  });

  test('is 1 when nothing differs', () => {
    expect(signedRankTwoSidedP([0, 0, 0, 0])).toBe(1);
  });
});

describe('the Hodges-Lehmann estimate', () => {
  test('is the median of pairwise means, worked by hand', () => {
    // Walsh averages of 1, 2, 6: 1, 1.5, 2, 3.5, 4, 6.
    expect([...walshAverages([6, 1, 2])]).toEqual([1, 1.5, 2, 3.5, 4, 6]);
    expect(hodgesLehmann([6, 1, 2])).toBe(2.75);
  });

  test('lies within its interval, which one wild value cannot move beyond the others', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 16, maxLength: 24 }), (values) => {
        const averages = walshAverages(values);
        const [low, high] = walshInterval(averages, values.length, 0.01);
        const centre = hodgesLehmann(values);
        expect(low).toBeLessThanOrEqual(centre);
        expect(high).toBeGreaterThanOrEqual(centre);
        expect(hodgesLehmann([...values.slice(1), 1e9])).toBeLessThanOrEqual(1);
      }),
    );
  });

  test('has no interval where too few values allow none', () => {
    expect(walshInterval(walshAverages([1, 2, 3]), 3, 0.01)).toEqual([-Infinity, Infinity]);
  });
});
