import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  countedPairs,
  measureLaunch,
  measureWindow,
  METRICS,
  metricDef,
  serviceP50Ms,
} from '../../harness/metrics/index.ts';
import { METRIC_IDS } from '../../harness/model/index.ts';
import { growthOf, latencyOf, launchOf, pairOf, windowOf } from '../builders/synthetic-run.ts';

describe('a window', () => {
  test('gives CPU per answered, not per planned, request', () => {
    const window = windowOf({}, { planned: 200, answered: 100, lost: 100, counters: { cpuNs: 5e6 } });
    expect(measureWindow(window, 'cost')).toEqual({ cpuNsPerRequest: 50_000, errorRatio: 0.5 });
  });

  test('leaves out what was not measured, and keeps a measured nothing as 0', () => {
    const values = measureWindow(windowOf({ mallocs: 0 }), 'cost');
    expect(values.mallocsPerRequest).toBe(0);
    expect('allocBytesPerRequest' in values).toBe(false);
    expect('cpuNsPerRequest' in values).toBe(false);
  });

  test('with nothing answered has no cost per request', () => {
    const window = windowOf({}, { answered: 0, timedOut: 200, counters: { cpuNs: 1e9, mallocs: 10 } });
    expect(measureWindow(window, 'cost')).toEqual({ errorRatio: 1 });
  });

  test('with under 30 requests has no CPU figure, with 30 it has', () => {
    const counters = { cpuNs: 3e7 };
    expect(measureWindow(windowOf({}, { answered: 29, counters }), 'cost').cpuNsPerRequest).toBeUndefined();
    expect(measureWindow(windowOf({}, { answered: 30, counters }), 'cost').cpuNsPerRequest).toBe(1e6);
  });

  test('gives waiting only from the contention slice and latency only from the latency phase', () => {
    const window = windowOf({ mutexWaitNs: 50 }, { response: latencyOf(1500) });
    expect(measureWindow(window, 'contention')).toEqual({ mutexWaitNsPerRequest: 50 });
    expect(measureWindow(window, 'latency')).toEqual({ latencyP50Ms: 1.5, latencyP90Ms: 3, latencyP99Ms: 6 });
    expect(measureWindow(window, 'cost')).toEqual({ errorRatio: 0 });
    expect(serviceP50Ms(window)).toBeUndefined();
  });

  test('counts failed, lost and timed-out requests alike as errors', () => {
    const window = windowOf({}, { failed: 1, lost: 2, timedOut: 1 });
    expect(measureWindow(window, 'cost').errorRatio).toBe(4 / 200);
  });

  test('never gives a number that is not finite, whatever the counters', () => {
    const whole = fc.nat(1e9);
    fc.assert(
      fc.property(whole, whole, whole, (planned, answered, total) => {
        const window = windowOf(
          {},
          { planned, answered, counters: { cpuNs: total, mallocs: total, allocBytes: total } },
        );
        for (const value of Object.values(measureWindow(window, 'cost'))) expect(Number.isFinite(value)).toBe(true);
      }),
    );
  });
});

describe('a launch', () => {
  const growth = growthOf({
    requests: 500,
    liveHeapBytesEnd: 5e6 + 5000,
    liveObjectsEnd: 2e4 + 50,
    goroutinesEnd: 15,
    gcCpuNs: 1e6,
    gcCycles: 5,
  });

  test('gives growth and GC per request of the span between its two collections', () => {
    const launch = launchOf(0, [], { growth: { base: growth, head: null } });
    expect(measureLaunch(launch, 'base')).toEqual({
      gcCpuNsPerRequest: 2000,
      gcCyclesPerRequest: 0.01,
      liveHeapBytes: 5_005_000,
      goroutines: 15,
      heapGrowthBytesPerRequest: 10,
      goroutineGrowthPerRequest: 0.01,
    });
    expect(measureLaunch(launch, 'head')).toEqual({});
  });

  test('without requests between the collections has no slope', () => {
    const launch = launchOf(0, [], { growth: { base: { ...growth, requests: 0 }, head: null } });
    expect(measureLaunch(launch, 'base')).toEqual({ liveHeapBytes: 5_005_000, goroutines: 15 });
  });

  test('counts only pairs of the phase that were not discarded', () => {
    const window = windowOf({});
    const launch = launchOf(0, [
      pairOf(window, window, { index: 0 }),
      pairOf(window, window, { index: 1, discarded: 'steal 20 %' }),
      pairOf(window, window, { index: 2, phase: 'contention' }),
    ]);
    expect(countedPairs(launch, 'cost').map(({ index }) => index)).toEqual([0]);
    expect(countedPairs(launch, 'contention').map(({ index }) => index)).toEqual([2]);
  });
});

describe('the metric table', () => {
  test('has one row for every metric id, each with a label of its own', () => {
    expect(Object.keys(METRICS).sort()).toEqual([...METRIC_IDS].sort());
    expect(new Set(METRIC_IDS.map((id) => metricDef(id).label)).size).toBe(METRIC_IDS.length);
  });

  test.each([...METRIC_IDS])('lets %s be called unchanged only within limits above what fails', (metric) => {
    const { practicalRatio, equivalentRatio, changedRatio, finestRatio, practicalAbsolute, equivalentAbsolute } =
      metricDef(metric);
    if (practicalRatio === null) {
      expect(equivalentAbsolute).toBeGreaterThanOrEqual(practicalAbsolute);
      return;
    }
    expect(equivalentRatio).toBeGreaterThan(practicalRatio);
    expect(changedRatio ?? 0).toBeLessThan(practicalRatio);
    expect(finestRatio).toBeLessThanOrEqual(practicalRatio);
  });

  test('gates CPU, allocations, growth, errors, instructions and the median latency by default, nothing else', () => {
    expect(METRIC_IDS.filter((id) => metricDef(id).gate)).toEqual([
      'cpuNsPerRequest',
      'instructionsPerRequest',
      'mallocsPerRequest',
      'allocBytesPerRequest',
      'latencyP50Ms',
      'heapGrowthBytesPerRequest',
      'goroutineGrowthPerRequest',
      'errorRatio',
    ]);
  });
});
