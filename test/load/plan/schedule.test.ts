import fc from 'fast-check';
import { expect, test } from 'vitest';
import { blockCounts, blockLengthOf, connectsHeadFirst, createSchedule } from '../../../harness/load/plan/schedule.ts';

const seeds = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const weights = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 6 });
const numbers = (from: number, count: number): readonly number[] => Array.from({ length: count }, (_, i) => from + i);

test('every block holds each route exactly by its weight', () => {
  fc.assert(
    fc.property(seeds, weights, fc.integer({ min: 0, max: 50 }), (seed, given, block) => {
      const { routeOf } = createSchedule({ seed, weights: given, rows: 0 });
      const blockLength = blockLengthOf(given);
      const routes = numbers(block * blockLength, blockLength).map(routeOf);
      const total = given.reduce((sum, weight) => sum + weight, 0);
      given.forEach((weight, route) => {
        expect(routes.filter((each) => each === route).length * total).toBe(weight * blockLength);
      });
    }),
    { numRuns: 60 },
  );
});

test('a request keeps its route, row and order however often and in whatever order it is asked for', () => {
  fc.assert(
    fc.property(
      seeds,
      weights,
      fc.integer({ min: 0, max: 700 }),
      fc.array(fc.nat(1e7), { minLength: 1, maxLength: 40 }),
      (seed, given, rows, asked) => {
        const one = createSchedule({ seed, weights: given, rows });
        const other = createSchedule({ seed, weights: given, rows });
        const first = asked.map((n) => [one.routeOf(n), one.rowOf(n), one.headFirst(n)]);
        const reversed = [...asked].reverse().map((n) => [other.routeOf(n), other.rowOf(n), other.headFirst(n)]);
        expect(reversed.reverse()).toEqual(first);
      },
    ),
    { numRuns: 40 },
  );
});

test('every data row comes once in each pass, in another order in the next pass', () => {
  for (const rows of [100, 1000]) {
    const { rowOf } = createSchedule({ seed: 3, weights: [1], rows });
    const first = numbers(0, rows).map(rowOf);
    const second = numbers(rows, rows).map(rowOf);
    expect([...first].sort((a, b) => a - b)).toEqual(numbers(0, rows));
    expect([...second].sort((a, b) => a - b)).toEqual(numbers(0, rows));
    expect(second).not.toEqual(first);
  }
});

test('the order inside a couple is a fair coin without memory', () => {
  for (const seed of [1, 2, 2 ** 40 + 1]) {
    const { headFirst } = createSchedule({ seed, weights: [1], rows: 0 });
    const flips = numbers(0, 40_000).map(headFirst);
    const heads = flips.filter(Boolean).length;
    const repeats = flips.filter((flip, index) => index > 0 && flip === flips[index - 1]).length;
    // Five standard deviations of a fair coin: 5 × √(n/4) = 500.
    expect(Math.abs(heads - 20_000)).toBeLessThan(500);
    expect(Math.abs(repeats - 20_000)).toBeLessThan(500);
  }
});

test('the order inside a couple does not depend on its route', () => {
  const { headFirst, routeOf } = createSchedule({ seed: 9, weights: [1, 1], rows: 0 });
  const first = numbers(0, 20_000).filter((n) => routeOf(n) === 0);
  const headFirsts = first.filter(headFirst).length;
  expect(Math.abs(headFirsts - 5000)).toBeLessThan(250);
});

test('seeds that differ only above 32 bits give other schedules', () => {
  const routes = (seed: number) => numbers(0, 64).map(createSchedule({ seed, weights: [1, 1, 1], rows: 0 }).routeOf);
  expect(routes(5)).not.toEqual(routes(5 + 2 ** 32));
});

test('launches connect to either side first about equally often', () => {
  const headFirst = numbers(0, 2000).filter((launch) => connectsHeadFirst(1, launch)).length;
  expect(Math.abs(headFirst - 1000)).toBeLessThan(112);
});

test('weights become the shortest block with their exact shares', () => {
  expect(blockCounts([700, 250, 50])).toEqual([14, 5, 1]);
  expect(blockCounts([6, 3, 1])).toEqual([6, 3, 1]);
  expect(blockCounts([0.5, 0.25])).toEqual([2, 1]);
  expect(blockCounts([4])).toEqual([1]);
});

test('weights too fine for a block are rounded to thousandths and no route is left out', () => {
  expect(blockCounts([99_999, 1])).toEqual([999, 1]);
  const thirds = blockCounts([1 / 3, 2 / 3]);
  expect(thirds).toEqual([333, 667]);
});

test.each([[[]], [[0, 1]], [[-1]], [[Number.NaN]], [[Number.POSITIVE_INFINITY]]])('weights %j are refused', (given) => {
  expect(() => blockCounts(given)).toThrow(expect.objectContaining({ code: 'WEIGHT_INVALID', exitCode: 2 }));
});
