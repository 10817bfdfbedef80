import { expect, test } from 'vitest';
import { countedRoutes } from '../../../harness/compare/instructions/routes.ts';
import { bothSides, type ExactLaunch } from '../../../harness/model/index.ts';

/** Launches that differ in nothing but the instructions that each counted for its `requests` of one name. */
const launchesOf = (requests: number, perRequest: readonly number[]) =>
  perRequest.map((each) => ({
    launch: { routes: [{ route: 0, requests, instructions: each * requests }] } as unknown as ExactLaunch,
  }));

const isChanged = (requests: number, base: readonly number[], head: readonly number[]): boolean | undefined => {
  const values = { base, head };
  return countedRoutes(
    bothSides((side) => launchesOf(requests, values[side])),
    ['GET /search'],
  )[0]?.isChanged;
};

const BASE = [100_000, 100_010, 100_020];
const times = (ratio: number): readonly number[] => BASE.map((each) => each * ratio);

test('a name changed by half a percent in many requests, by more than one in a dozen', () => {
  expect(isChanged(60, BASE, times(1.005))).toBe(true);
  expect(isChanged(12, BASE, times(1.005))).toBe(false);
  expect(isChanged(12, BASE, times(1.08))).toBe(true);
});

test('launches that overlap, or differ among themselves by a third of the difference, tell no change', () => {
  expect(isChanged(60, [100_000, 109_000], [108_000, 120_000])).toBe(false);
  expect(isChanged(60, [100_000, 104_000], [110_000, 112_000])).toBe(false);
  expect(isChanged(60, BASE, BASE)).toBe(false);
});
