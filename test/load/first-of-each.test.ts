import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createSchedule, firstOfEach, numbersByRoute } from '../../harness/load/plan/schedule.ts';
import type { RequestSpec } from '../../harness/model/index.ts';

const requestOf = (weight: number): RequestSpec => ({
  name: String(weight),
  weight,
  method: 'GET',
  path: '/',
  headers: {},
  body: null,
  expect: { status: [] },
});

test('each request has a number whose turn is its own, none earlier from the given one on', () => {
  const weights = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(weights, fc.integer(), fc.nat(5000), (given, seed, from) => {
      const numbers = firstOfEach({ seed, requests: given.map(requestOf), data: null }, from);
      const { routeOf } = createSchedule({ seed, weights: given, rows: 0 });
      numbers.forEach((number, route) => {
        expect(number).toBeGreaterThanOrEqual(from);
        expect(routeOf(number)).toBe(route);
        for (let earlier = from; earlier < number; earlier++) expect(routeOf(earlier)).not.toBe(route);
      });
    }),
  );
});

test('each of a stretch of numbers is once among those of its route, in order', () => {
  fc.assert(
    fc.property(fc.integer(), fc.nat(5000), fc.nat(300), (seed, from, count) => {
      const numbers = numbersByRoute({ seed, requests: [1, 2, 5].map(requestOf), data: null }, from, count);
      const { routeOf } = createSchedule({ seed, weights: [1, 2, 5], rows: 0 });
      for (const [route, own] of numbers) {
        expect(own.every((number) => routeOf(number) === route)).toBe(true);
        expect(own).toEqual(own.toSorted((a, b) => a - b));
      }
      const all = [...numbers.values()].flat().toSorted((a, b) => a - b);
      expect(all).toEqual(Array.from({ length: count }, (_, at) => from + at));
    }),
  );
});
