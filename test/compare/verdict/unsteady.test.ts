import { describe, expect, test } from 'vitest';
import { compareRun } from '../../../harness/compare/index.ts';
import { unsteadyWarnings } from '../../../harness/compare/verdict/unsteady.ts';
import type { ScenarioRun } from '../../../harness/model/index.ts';
import { normalDeviates, randomFrom } from '../../../harness/stats/index.ts';
import { fileOf, launchOf, mirrored, pairOf, runOf, windowOf } from '../../builders/synthetic-run.ts';

/** Windows of a launch cost `step` times the one before; each launch and window with noise of its own. */
const runWith = (step: number, seed: number, launches = 8): ScenarioRun => {
  const normal = normalDeviates(randomFrom(seed));
  return runOf(
    Array.from({ length: launches }, (_, index) => {
      const own = Math.exp(0.05 * normal());
      const cost = (number: number) => windowOf({ cpuNs: 1e6 * own * step ** number * Math.exp(0.02 * normal()) });
      return launchOf(
        index,
        [0, 1, 2].map((number) => pairOf(cost(number), cost(number), { index: number })),
      );
    }),
  );
};

describe('a service that is still changing while it is measured', () => {
  test('is said to fall where a cache warms, with how much, and beside a verdict of its own', () => {
    const run = runWith(0.9, 1);
    expect(unsteadyWarnings(run).join()).toMatch(/^Never got steady: CPU per request falls by (1[6-9]|2[0-2]) % /);
    const [scenario] = compareRun(fileOf([run])).scenarios;
    expect(scenario?.warnings.join()).toContain('Never got steady');
    expect(scenario?.metrics.find(({ metric }) => metric === 'cpuNsPerRequest')?.verdict).not.toBe('invalid');
  });

  test('is said to rise where state grows, and the same with the sides exchanged', () => {
    const run = runWith(1.1, 2);
    expect(unsteadyWarnings(run).join()).toMatch(/rises by 2\d %/);
    expect(unsteadyWarnings(mirrored(run))).toEqual(unsteadyWarnings(run));
  });
});

test('a steady service is called unsteady in at most one of 100 runs', () => {
  const runs = Array.from({ length: 100 }, (_, seed) => unsteadyWarnings(runWith(1, 100 + seed)));
  expect(runs.filter((warnings) => warnings.length > 0).length).toBeLessThanOrEqual(1);
});

test('fewer than eight launches, or launches of one window, say nothing of it', () => {
  expect(unsteadyWarnings(runWith(0.5, 3, 7))).toEqual([]);
  const run = runWith(0.5, 4);
  const short = { ...run, launches: run.launches.map((launch) => ({ ...launch, pairs: launch.pairs.slice(0, 1) })) };
  expect(unsteadyWarnings(short)).toEqual([]);
});
