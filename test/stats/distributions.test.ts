import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  clopperPearson,
  differencePValue,
  incompleteBeta,
  normalCdf,
  normalQuantile,
  proportionLowerBound,
  proportionUpperBound,
  studentTwoSidedP,
  studentUpperQuantile,
  studentUpperTail,
} from '../../harness/stats/index.ts';

describe('the normal distribution', () => {
  // Python 3.11, statistics.NormalDist().inv_cdf (Wichura's AS 241).
  test.each([
    [0.5, 0],
    [0.8, 0.8416212335729144],
    [0.975, 1.9599639845400536],
    [0.99, 2.3263478740408408],
    [0.9995, 3.2905267314918945],
    [1e-6, -4.753424308822899],
    [1e-12, -7.034483825301131],
  ])('has quantile %d where Python has it', (p, z) => {
    expect(normalQuantile(p)).toBeCloseTo(z, 11);
  });

  test('has tails to full relative precision', () => {
    // DLMF / Abramowitz & Stegun 26.2: Q(3) and Q(6).
    expect(normalCdf(-3) / 1.3498980316300946e-3).toBeCloseTo(1, 12);
    expect(normalCdf(-6) / 9.86587645037698e-10).toBeCloseTo(1, 12);
  });

  test('quantile and cdf undo each other', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-12, max: 0.999, noNaN: true }), (p) => {
        expect(normalCdf(normalQuantile(p)) / p).toBeCloseTo(1, 9);
      }),
    );
  });

  test('has no quantile outside 0 to 1', () => {
    expect(() => normalQuantile(1.1)).toThrow(RangeError);
    expect(normalQuantile(0)).toBe(-Infinity);
  });
});

describe("Student's t", () => {
  const tails = fc.double({ min: 1e-7, max: 0.49, noNaN: true });

  test('with one degree of freedom is Cauchy, with two it has a closed form', () => {
    fc.assert(
      fc.property(tails, (tail) => {
        expect(studentUpperQuantile(tail, 1) * Math.tan(Math.PI * tail)).toBeCloseTo(1, 9);
        const closed = (1 - 2 * tail) / Math.sqrt(2 * tail * (1 - tail));
        expect(studentUpperQuantile(tail, 2) / closed).toBeCloseTo(1, 9);
      }),
    );
  });

  test('gives a difference the p-value of its tails; without any spread one is certain, and none is none', () => {
    expect(differencePValue(-2.262, 1, 9)).toBeCloseTo(0.05, 4);
    expect([differencePValue(1e-9, 0, 9), differencePValue(0, 0, 9), differencePValue(0, 2, 9)]).toEqual([0, 1, 1]);
  });

  // Printed t tables.
  test.each([
    [0.025, 9, 2.262],
    [0.005, 7, 3.499],
    [0.0005, 8, 5.041],
    [0.05, 30, 1.697],
    [0.025, 120, 1.98],
  ])('of upper tail %d at %i degrees of freedom is %d', (tail, degrees, t) => {
    expect(studentUpperQuantile(tail, degrees)).toBeCloseTo(t, 3);
  });

  test('becomes normal with many degrees of freedom', () => {
    expect(studentUpperQuantile(0.025, 1e7)).toBeCloseTo(normalQuantile(0.975), 6);
    expect(studentUpperTail(-1, 5) + studentUpperTail(1, 5)).toBeCloseTo(1, 14);
    expect(studentTwoSidedP(0, 5)).toBe(1);
  });
});

describe('proportions', () => {
  // The bounds quoted in docs/method.md, one-sided 95 %.
  test.each([
    [0, 60, 4.87],
    [1, 60, 7.66],
    [0, 300, 0.99],
    [1, 300, 1.57],
    [1, 500, 0.95],
    [3, 1000, 0.77],
  ])('%i alarms in %i runs bound the rate by %d %%', (hits, trials, percent) => {
    expect(100 * proportionUpperBound(hits, trials, 0.95)).toBeCloseTo(percent, 2);
  });

  test.each([
    [10, 10, 74.1],
    [29, 30, 85.1],
    [38, 40, 85.1],
    [59, 60, 92.3],
  ])('%i hits in %i runs promise at least %d %%', (hits, trials, percent) => {
    expect(100 * proportionLowerBound(hits, trials, 0.95)).toBeCloseTo(percent, 1);
  });

  test('bounds are exact: at the upper bound so few hits have exactly the probability left', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 0, max: 59 }), (trials, some) => {
        const hits = Math.min(some, trials - 1);
        const upper = proportionUpperBound(hits, trials, 0.95);
        // P(X <= hits | p) = I_{1-p}(trials - hits, hits + 1)
        expect(incompleteBeta(1 - upper, trials - hits, hits + 1)).toBeCloseTo(0.05, 9);
        const [low, high] = clopperPearson(hits, trials, 0.9);
        expect(low).toBeLessThanOrEqual(hits / trials);
        expect(high).toBeCloseTo(upper, 12);
      }),
    );
  });
});
