import { expect, test } from 'vitest';
import { rateOfOne } from '../../../harness/run/launch/trace.ts';
import type { RouteWindow } from '../../../harness/model/index.ts';
import { latencyOf, launchOf, pairOf, windowOf } from '../../builders/synthetic-run.ts';

const routeOf = (route: string, us: number): RouteWindow => ({
  route,
  answered: 100,
  service: latencyOf(us),
  response: null,
  lag: null,
});

/** Half of all requests take 9.5 ms, the others 0.5. */
const window = windowOf({}, { service: latencyOf(5000), routes: [routeOf('slow', 9500), routeOf('quick', 500)] });
const launches = [launchOf(0, [pairOf(window, window, { phase: 'latency' })], { stage: 'latency' })];

test('one name is sent at the pace at which it takes no more time than all of them did, and never faster', () => {
  expect(rateOfOne(launches, 'slow', 100)).toBeCloseTo((100 * 5) / 9.5, 6);
  expect(rateOfOne(launches, 'quick', 100)).toBe(100);
  expect(rateOfOne(launches, 'never answered', 100)).toBe(100);
  expect(rateOfOne([], 'slow', 100)).toBe(100);
});
