import { expect, test } from 'vitest';
import { routesLaunchSeconds, waitsSeconds } from '../../../harness/run/launch/routes.ts';

test('a launch of single names takes longer with each name, and with slow ones up to windows of 2 s', () => {
  const [one, ten] = [routesLaunchSeconds(1, 1000), routesLaunchSeconds(10, 1000)];
  expect((ten - one) / 9).toBeCloseTo(0.06 + 2 * 0.15, 9);
  expect(routesLaunchSeconds(10, 100)).toBeCloseTo(routesLaunchSeconds(10, 1000) + 10 * 2 * (0.3 - 0.15), 9);
  expect(routesLaunchSeconds(1, 0.001)).toBe(routesLaunchSeconds(1, 1));
  // Before the first launch the pace is not known.
  expect(routesLaunchSeconds(10, Infinity)).toBe(ten);
  expect(waitsSeconds(10)).toBeCloseTo(10 * waitsSeconds(1), 9);
});
