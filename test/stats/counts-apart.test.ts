/** Counts of launches that are no pairs: two sides measured hours apart. */
import { describe, expect, test } from 'vitest';
import {
  estimateSessionSpread,
  normalDeviates,
  type PairedCounts,
  randomFrom,
  testCountsApart,
  widenSessionSpread,
  withSessions,
} from '../../harness/stats/index.ts';
import { poisson } from '../compare/functions/fixture.ts';

const KNOWN = { sdRatio: 0.03, degrees: 20 };
const launches = (random: () => number, mean: number, count: number): readonly number[] =>
  Array.from({ length: count }, () => poisson(random, mean));

describe('launches that are no pairs', () => {
  test('of one rate are called different at 1 % about as often as that promises, with session spread added', () => {
    let [called, tests] = [0, 0];
    for (let seed = 1; seed <= 40; seed++) {
      const random = randomFrom(seed);
      const normal = normalDeviates(random);
      const rate = (mean: number): number => mean * Math.exp(KNOWN.sdRatio * normal());
      const functions = Array.from({ length: 20 }, (_, at): PairedCounts => {
        const mean = 5 + 3 * at;
        return { base: launches(random, rate(mean), 12), head: launches(random, rate(mean), 8) };
      });
      const exposures = { base: Array.from({ length: 12 }, () => 1), head: Array.from({ length: 8 }, () => 1) };
      const ratio = 8 / 12;
      testCountsApart(functions, exposures, ratio).forEach((found, at) => {
        const { base = [], head = [] } = functions[at] ?? {};
        const totals = { base: base.reduce((a, b) => a + b), head: head.reduce((a, b) => a + b) };
        const { pValue } = withSessions(found, totals, { base: 1, head: 1 }, KNOWN, ratio);
        tests++;
        if (pValue < 0.01) called++;
      });
    }
    expect(called / tests).toBeGreaterThan(0.001);
    expect(called / tests).toBeLessThan(0.02);
  });

  test('what all launches of a side share is no noise of theirs', () => {
    const counts = { base: [100, 100, 100, 100], head: [200, 200, 200, 200] };
    const [found] = testCountsApart([counts], { base: [1, 1, 1, 1], head: [1, 1, 1, 1] }, 1);
    expect(found).toMatchObject({ dispersion: 1 });
    expect(found?.z).toBeCloseTo(400 / Math.sqrt(1200), 6);
  });

  test('exposure, not the number of launches, is what counts go by; a launch without any says nothing', () => {
    const functions = [{ base: [10, 20, 0], head: [30, 30, 0] }];
    const [even] = testCountsApart(functions, { base: [1, 2, 0], head: [3, 3, 0] }, 2);
    expect(even?.z).toBeCloseTo(0, 9);
    expect(() => testCountsApart(functions, { base: [1, 0, 0], head: [1, 0, 0] }, 1)).toThrow(RangeError);
  });
});

describe('the spread between sessions', () => {
  test('is what is known as long as there is one session', () => {
    expect(estimateSessionSpread([{ counts: [50], dispersion: 1 }], [1], KNOWN, 4)).toBe(KNOWN);
  });

  test('comes near to what sessions show, the more of them there are', () => {
    const random = randomFrom(5);
    const normal = normalDeviates(random);
    const spreadOf = (sessions: number, sd: number): number => {
      const functions = Array.from({ length: 20 }, () => ({
        counts: Array.from({ length: sessions }, () => poisson(random, 2000 * Math.exp(sd * normal()))),
        dispersion: 1,
      }));
      const exposures = Array.from({ length: sessions }, () => 1);
      return estimateSessionSpread(functions, exposures, KNOWN, 4).sdRatio;
    };
    expect(spreadOf(30, 0.1)).toBeGreaterThan(0.085);
    expect(spreadOf(30, 0.1)).toBeLessThan(0.105);
    expect(spreadOf(30, 0)).toBeLessThan(0.015);
    expect(spreadOf(2, 0.1)).toBeGreaterThan(KNOWN.sdRatio);
  });
});

describe('an hour that moves most functions', () => {
  const testsOf = (factors: readonly number[]) => {
    const exposures = { base: [1, 1, 1, 1], head: [1, 1, 1, 1] };
    const counts = factors.map((factor) => ({
      base: [100, 100, 100, 100],
      head: [100, 100, 100, 100].map((count) => count * factor),
    }));
    const tests = testCountsApart(counts, exposures, 1);
    return tests.map((test, at) => ({ test, base: 400, head: 400 * (factors[at] ?? 1) }));
  };
  const widened = (factors: readonly number[]): number =>
    widenSessionSpread(testsOf(factors), { base: 1, head: 1 }, KNOWN, 1).sdRatio;

  test('widens the spread, and a change of one function does not', () => {
    const many = [1.4, 0.7, 1.5, 0.6, 1.3, 0.75, 1.45, 0.65, 1.35, 0.7];
    expect(widened(many)).toBeGreaterThan(0.2);
    expect(widened(many.map((_, at) => (at === 0 ? 2 : 1)))).toBe(KNOWN.sdRatio);
    expect(widened([2, 2, 2])).toBe(KNOWN.sdRatio);
  });
});
