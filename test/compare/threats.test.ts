/**
 * What shared machines and living services do to a measurement, window by window, put into synthetic runs with equal
 * code or a known change, and judged by the shipped stopping rule. Launches with a speed of their own are in
 * look.test.ts.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareRun, discardReason, invalidity, judgeSoFar, looksOf } from '../../harness/compare/index.ts';
import type { Launch, Pair, ScenarioRun, Window } from '../../harness/model/index.ts';
import { exponential, normalDeviates, randomFrom } from '../../harness/stats/index.ts';
import { fileOf, launchOf, mirrored, pairOf, type PerRequest, runOf, windowOf } from '../builders/synthetic-run.ts';
import { scenarioWith } from '../builders/scenarios.ts';

const scenario = scenarioWith({
  latency: null,
  gates: {
    mallocsPerRequest: false,
    allocBytesPerRequest: false,
    heapGrowthBytesPerRequest: false,
    goroutineGrowthPerRequest: false,
  },
});
const family = { gates: 6 };
const CPU_NS = 1e6;
const WINDOWS = 3;

/** Factors on the cost of one window, base and head; called in the order in which windows are measured. */
type Threat = (draw: Draw) => () => readonly [base: number, head: number];

interface Draw {
  readonly uniform: () => number;
  readonly normal: () => number;
  readonly coin: () => boolean;
}

/** Window 0.8 %, launch 0.5 %, layout 0.9 %: an ordinary service on an ordinary machine. */
const WINDOW_SD = 0.008;
const LAUNCH_SD = Math.hypot(0.005, 0.009);

const THREATS: Readonly<Record<string, Threat>> = {
  'a neighbour that comes and goes, and slows both sides by half with three times the noise': ({ uniform, normal }) => {
    let here = false;
    return () => {
      if (uniform() < 0.2) here = !here;
      return here ? [1.5 * Math.exp(0.017 * normal()), 1.5 * Math.exp(0.017 * normal())] : [1, 1];
    };
  },
  'a neighbour whose bursts hit one side of a window, whichever':
    ({ uniform, coin }) =>
    () => {
      if (uniform() >= 0.1) return [1, 1];
      const burst = 1 + exponential(uniform, 0.08);
      return coin() ? [burst, 1] : [1, burst];
    },
  'spells inside each service: 3 % slower for a few windows, each side by itself': ({ uniform }) => {
    let [base, head] = [false, false];
    return () => {
      if (uniform() < 0.3) base = !base;
      if (uniform() < 0.3) head = !head;
      return [base ? 1.03 : 1, head ? 1.03 : 1];
    };
  },
  'a heavy collector: every window holds two or three of its cycles, at 2 % of the window each':
    ({ coin }) =>
    () => [1 + (coin() ? 0.06 : 0.04), 1 + (coin() ? 0.06 : 0.04)],
  'a cache that warms: each window of a launch is 10 % cheaper than the one before, on both sides': () => {
    let window = 0;
    return () => {
      const factor = 0.9 ** (window % WINDOWS);
      window += 1;
      return [factor, factor];
    };
  },
  'state that grows: both sides become more expensive by a fiftieth with every window of the run': () => {
    let factor = 1;
    return () => {
      factor *= 1.02;
      return [factor, factor];
    };
  },
  'a service of 30 µs a request, whose windows scatter by 2 %':
    ({ normal }) =>
    () => [0.03 * Math.exp(0.018 * normal()), 0.03 * Math.exp(0.018 * normal())],
};

const runUnder = (threat: Threat, seed: number, effect: number, launches: number): ScenarioRun => {
  const uniform = randomFrom(seed);
  const normal = normalDeviates(uniform);
  const factors = threat({ uniform, normal, coin: () => uniform() < 0.5 });
  const cost = (factor: number): Window =>
    windowOf({ cpuNs: CPU_NS * factor * Math.exp((WINDOW_SD / Math.SQRT2) * normal()) });
  return runOf(
    Array.from({ length: launches }, (_, index) => {
      const own = Math.exp(LAUNCH_SD * normal());
      const pairs = Array.from({ length: WINDOWS }, () => {
        const [base, head] = factors();
        return pairOf(cost(base), cost(head * own * (1 + effect)));
      });
      return launchOf(index, pairs);
    }),
    { scenario },
  );
};

const verdictOf = (run: ScenarioRun): string =>
  judgeSoFar(run, family).verdicts.find(({ metric }) => metric === 'cpuNsPerRequest')?.verdict ?? 'absent';

const MOST = looksOf(scenario).at(-1) ?? 0;

describe.each(Object.entries(THREATS))('%s', (_name, threat) => {
  test('raises no alarm in 150 runs of identical code that look as often as they may, and 9 in 10 are reported as unchanged', () => {
    const verdicts = Array.from({ length: 150 }, (_, seed) => verdictOf(runUnder(threat, seed, 0, MOST)));
    expect(verdicts.filter((verdict) => verdict === 'regressed' || verdict === 'improved')).toEqual([]);
    expect(verdicts.filter((verdict) => verdict === 'unchanged').length).toBeGreaterThanOrEqual(135);
  });

  test('does not hide +5 %: found in each of 40 runs', () => {
    const verdicts = Array.from({ length: 40 }, (_, seed) => verdictOf(runUnder(threat, 1000 + seed, 0.05, MOST)));
    expect(verdicts.filter((verdict) => verdict !== 'regressed')).toEqual([]);
  });

  test('with the sides exchanged gives the mirrored verdict', () => {
    const opposite: Readonly<Record<string, string>> = { regressed: 'improved', improved: 'regressed' };
    fc.assert(
      fc.property(fc.nat(), fc.constantFrom(-0.05, -0.02, 0, 0.01, 0.03), (seed, effect) => {
        const run = runUnder(threat, seed, effect, 16);
        const verdict = verdictOf(run);
        expect(verdictOf(mirrored(run))).toBe(opposite[verdict] ?? verdict);
      }),
      { numRuns: 30 },
    );
  });
});

describe('a neighbour that takes the CPU away from both (steal)', () => {
  const stolen = (share: number, seed: number, effect: number): ScenarioRun => {
    const uniform = randomFrom(seed);
    const run = runUnder(() => () => [1, 1], seed, effect, 12);
    const hit = (pair: Pair): Pair => {
      // While it steals, costs are nonsense: only leaving the pair out saves the verdict.
      const [base, head] = [
        windowOf({ cpuNs: CPU_NS * (1 + 3 * uniform()) }),
        windowOf({ cpuNs: CPU_NS * (1 + 3 * uniform()) }),
      ];
      const host = { stealRatio: 0.16 + 0.5 * uniform() };
      return { ...pair, base, head, host, discarded: discardReason(host, base, head) };
    };
    let due = 0;
    const launches = run.launches.map(
      (launch): Launch => ({
        ...launch,
        pairs: launch.pairs.map((pair) => {
          due += share;
          if (due < 1) return pair;
          due -= 1;
          return hit(pair);
        }),
      }),
    );
    return { ...run, launches };
  };

  test('in 19 % of the pairs costs those pairs and nothing else', () => {
    const quiet = Array.from({ length: 60 }, (_, seed) => stolen(0.19, seed, 0));
    expect(quiet.map(invalidity)).toEqual(quiet.map(() => null));
    expect(quiet.map(verdictOf).filter((verdict) => verdict === 'regressed' || verdict === 'improved')).toEqual([]);
    expect(Array.from({ length: 20 }, (_, seed) => verdictOf(stolen(0.19, 100 + seed, 0.08)))).toEqual(
      Array.from({ length: 20 }, () => 'regressed'),
    );
  });

  test('in a quarter of them makes the run invalid, slower head or not', () => {
    for (const effect of [0, 0.3]) {
      const comparison = compareRun(fileOf([stolen(0.25, 7, effect)]));
      expect(comparison.verdict).toBe('invalid');
      expect(comparison.scenarios[0]?.metrics.every(({ verdict }) => verdict === 'invalid')).toBe(true);
    }
  });
});

describe('counters at their limits', () => {
  const launchesOf = (base: PerRequest, head: PerRequest, count = 12): readonly Launch[] =>
    Array.from({ length: count }, (_, index) =>
      launchOf(index, [pairOf(windowOf(base), windowOf(head)), pairOf(windowOf(base), windowOf(head))]),
    );
  const gates = scenarioWith({ latency: null });

  test.each<readonly [string, PerRequest, PerRequest, string]>([
    ['all equal', { cpuNs: 1e6, mallocs: 7, allocBytes: 80 }, { cpuNs: 1e6, mallocs: 7, allocBytes: 80 }, 'unchanged'],
    ['all zero', { cpuNs: 0, mallocs: 0, allocBytes: 0 }, { cpuNs: 0, mallocs: 0, allocBytes: 0 }, 'invalid'],
    ['no CPU counted on head', { cpuNs: 1e6, mallocs: 7 }, { mallocs: 7 }, 'notJudged'],
    ['no CPU counted on base', { mallocs: 7 }, { cpuNs: 1e6, mallocs: 7 }, 'notJudged'],
    ['no counter at all on either side', {}, {}, 'notJudged'],
  ])('%s: a word for the CPU, never an exception or a figure that is not one', (_name, base, head, verdict) => {
    const comparison = compareRun(fileOf([runOf(launchesOf(base, head), { scenario: gates })]));
    const rows = comparison.scenarios[0]?.metrics ?? [];
    expect(rows.find(({ metric }) => metric === 'cpuNsPerRequest')?.verdict).toBe(verdict);
    for (const row of rows) {
      for (const value of [
        row.effectRatio,
        row.effectAbsolute,
        row.pValue,
        ...(row.ciRatio ?? []),
        row.base,
        row.head,
      ]) {
        expect(value === null || Number.isFinite(value)).toBe(true);
      }
    }
    expect(comparison.verdict).not.toBe('regressed');
  });

  test('a single window without CPU on head, among 24, is no improvement', () => {
    const usual = { cpuNs: 1e6 };
    const launches = launchesOf(usual, usual).map((launch, index) =>
      index === 3
        ? { ...launch, pairs: [pairOf(windowOf(usual), windowOf({ cpuNs: 0 })), ...launch.pairs.slice(1)] }
        : launch,
    );
    expect(['unchanged', 'open', 'inconclusive']).toContain(verdictOf(runOf(launches, { scenario })));
  });

  test('one pair is one pair: no verdict, whatever it says', () => {
    for (const factor of [0, 1, 100]) {
      const one = runOf([launchOf(0, [pairOf(windowOf({ cpuNs: 1e6 }), windowOf({ cpuNs: 1e6 * factor }))])], {
        scenario,
      });
      expect(verdictOf(one)).toBe('open');
      expect(compareRun(fileOf([one])).verdict).toBe('inconclusive');
    }
  });
});
