import { expect, test } from 'vitest';
import { overheadOf } from '../../harness/compare/index.ts';
import type { ScenarioRun } from '../../harness/model/index.ts';
import { normalDeviates, randomFrom } from '../../harness/stats/index.ts';
import { growthOf, latencyOf, launchOf, pairOf, runOf, windowOf } from '../builders/synthetic-run.ts';

/** Eight launches that differ by 1 %, with a profiler on head that costs 4 % of CPU and 2 % of latency. */
const profiled = (launches = 8): ScenarioRun => {
  const normal = normalDeviates(randomFrom(11));
  const window = (cpu: number, latency: number) =>
    windowOf(
      { cpuNs: 1e6 * cpu * Math.exp(0.01 * normal()), mallocs: 100, allocBytes: 9000 },
      { service: latencyOf(2000 * latency * Math.exp(0.01 * normal())) },
    );
  return runOf(
    Array.from({ length: launches }, (_, index) =>
      launchOf(index, [pairOf(window(1, 1), window(1.04, 1.02))], { growth: { base: growthOf(), head: growthOf() } }),
    ),
  );
};

test('the cost of a profiler is the ratio of launch means, with an interval that holds what was planted', () => {
  const { cpu, latency, launches } = overheadOf(profiled(), 'cpu');
  expect(launches).toBe(8);
  for (const [cost, planted] of [
    [cpu, 0.04],
    [latency, 0.02],
  ] as const) {
    expect(cost!.ciRatio[0]).toBeLessThan(planted);
    expect(cost!.ciRatio[1]).toBeGreaterThan(planted);
    expect(cost!.ciRatio[1] - cost!.ciRatio[0]).toBeLessThan(0.04);
  }
});

test('one launch says nothing', () => {
  expect(overheadOf(profiled(1), 'cpu')).toMatchObject({ launches: 1, cpu: null, latency: null, memory: null });
});
