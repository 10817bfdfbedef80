import { describe, expect, test } from 'vitest';
import type { MetricId } from '../../harness/model/index.ts';
import { NO_FAULT, simulateWholeRun, type Fault } from '../prove/whole-run-models.ts';

const SEEDS = Array.from({ length: 10 }, (_, seed) => seed);

describe('a whole run with every default gate, as the conductor takes it', () => {
  test('of identical code is never regressed nor improved, and reported as unchanged in 97 of 100', () => {
    const verdicts = Array.from({ length: 200 }, (_, seed) => simulateWholeRun(seed, NO_FAULT).comparison.verdict);
    expect(verdicts.filter((verdict) => verdict === 'regressed' || verdict === 'improved')).toEqual([]);
    expect(verdicts.filter((verdict) => verdict === 'unchanged').length).toBeGreaterThanOrEqual(194);
  });

  test.each<readonly [string, Partial<Fault>, MetricId]>([
    ['5 % more CPU', { cpu: 0.05 }, 'cpuNsPerRequest'],
    ['2 % more allocations', { mallocs: 0.02 }, 'mallocsPerRequest'],
    ['half again the latency', { latency: 0.5 }, 'latencyP50Ms'],
    ['2 KiB leaked in 100 requests', { heapBytes: 20.48 }, 'heapGrowthBytesPerRequest'],
    ['one goroutine leaked in 100 requests', { goroutines: 0.01 }, 'goroutineGrowthPerRequest'],
  ])('with %s fails by the gate that watches it, ten times of ten', (_name, fault, gate) => {
    for (const seed of SEEDS) {
      const { comparison } = simulateWholeRun(5000 + seed, { ...NO_FAULT, ...fault });
      expect(comparison.verdict).toBe('regressed');
      const row = comparison.scenarios[0]?.metrics.find(({ metric }) => metric === gate);
      expect(row?.verdict).toBe('regressed');
    }
  });

  test('repeated with the same data gives the same comparison to the last digit', () => {
    const first = simulateWholeRun(3, NO_FAULT).comparison;
    expect(JSON.stringify(simulateWholeRun(3, NO_FAULT).comparison)).toBe(JSON.stringify(first));
  });
});
