import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { familyOf, judgedGates, judgeSoFar } from '../../../harness/compare/index.ts';
import { normalDeviates, randomFrom } from '../../../harness/stats/index.ts';
import { simulate, noiseOf, SERVICES, simulateCoins, simulateFew } from '../../prove/verdict-models.ts';
import {
  cpuRun,
  growthOf,
  launchOf,
  mirrored,
  pairOf,
  runOf,
  unseededBuilds,
  windowOf,
} from '../../builders/synthetic-run.ts';
import { settings } from '../../builders/settings.ts';
import { scenarioWith } from '../../builders/scenarios.ts';

const cpuGate = scenarioWith({
  latency: null,
  gates: {
    mallocsPerRequest: false,
    allocBytesPerRequest: false,
    heapGrowthBytesPerRequest: false,
    goroutineGrowthPerRequest: false,
    errorRatio: false,
  },
});
const family = { gates: 1 };
const ratios = (seed: number, n: number, effect: number, sd: number): readonly number[] => {
  const normal = normalDeviates(randomFrom(seed));
  return Array.from({ length: n }, () => effect + sd * normal());
};
const ask = (values: readonly number[], gates = family) => judgeSoFar(cpuRun(values, { scenario: cpuGate }), gates);

describe('the stopping rule', () => {
  test('gives no verdict before the eighth launch, however plain the difference', () => {
    const early = ask(ratios(1, 7, 0.5, 0.001));
    expect(early).toMatchObject({ isLook: false, done: false, nextLook: 8, launches: 7 });
    expect(early.verdicts[0]?.verdict).toBe('open');
    expect(ask(ratios(1, 8, 0.5, 0.001))).toMatchObject({
      isLook: true,
      done: true,
      verdicts: [{ verdict: 'regressed' }],
    });
  });

  test('says unchanged and stops at 8 launches that agree within the equivalence limit', () => {
    const answer = ask(ratios(2, 8, 0, 0.003));
    expect(answer.done).toBe(true);
    expect(answer.verdicts[0]).toMatchObject({ verdict: 'unchanged', units: 8, unitsNeeded: null });
  });

  test('goes on between looks and names the next one, until none is left', () => {
    const noisy = ratios(3, 40, 0.015, 0.1);
    expect(ask(noisy.slice(0, 9))).toMatchObject({ isLook: false, done: false, nextLook: 10 });
    expect(ask(noisy.slice(0, 24))).toMatchObject({ isLook: true, done: false, nextLook: 32 });
    const end = ask(noisy);
    expect(end).toMatchObject({ done: true, nextLook: null });
    expect(end.verdicts[0]?.verdict).toBe('open');
    expect(end.verdicts[0]?.unitsNeeded).toBeGreaterThan(40);
  });

  test('looks on to 80 launches in tight mode', () => {
    const scenario = { ...cpuGate, measure: { ...cpuGate.measure, tight: true } };
    const answer = judgeSoFar(cpuRun(ratios(3, 40, 0.01, 0.1), { scenario }), family);
    expect(answer).toMatchObject({ done: false, nextLook: 48 });
  });

  test('keeps a verdict, whatever comes later', () => {
    fc.assert(
      fc.property(fc.integer(), fc.double({ min: -0.04, max: 0.04, noNaN: true }), (seed, effect) => {
        const values = ratios(seed, 40, effect, 0.012);
        let settled: string | null = null;
        for (let n = 8; n <= 40; n++) {
          const { verdict } = ask(values.slice(0, n)).verdicts[0]!;
          if (settled !== null) expect(verdict).toBe(settled);
          if (verdict !== 'open') settled = verdict;
        }
      }),
      { numRuns: 25 },
    );
  });

  test('is stricter when more gates share the level', () => {
    const values = ratios(5, 8, 0.03, 0.011);
    const width = (gates: number): number => {
      const [low, high] = ask(values, { gates }).verdicts[0]!.ciRatio!;
      return high - low;
    };
    expect(width(18)).toBeGreaterThan(width(6));
    expect(width(6)).toBeGreaterThan(width(1));
  });

  test('counts a link seed launched three times as one unit, and leaves out an unfinished one', () => {
    const launches = ratios(6, 26, 0.1, 0.002).map((ratio, index) =>
      launchOf(index, [pairOf(windowOf({ cpuNs: 1e6 }), windowOf({ cpuNs: 1e6 * Math.exp(ratio) }))], {
        linkSeed: Math.floor(index / 3),
      }),
    );
    const at = (n: number) => judgeSoFar(runOf(launches.slice(0, n), { scenario: cpuGate }), family);
    expect(at(23)).toMatchObject({ isLook: false, nextLook: 24 });
    expect(at(24)).toMatchObject({ isLook: true, done: true });
    expect(at(24).verdicts[0]?.units).toBe(8);
    expect(at(26).verdicts[0]?.units).toBe(8);
  });

  test('makes up for a launch whose pairs were all discarded', () => {
    const run = cpuRun(ratios(7, 8, 0.1, 0.002), { scenario: cpuGate });
    const [first, ...rest] = run.launches;
    const spoilt = { ...first!, pairs: first!.pairs.map((pair) => ({ ...pair, discarded: 'steal 20 %' })) };
    expect(judgeSoFar({ ...run, launches: [spoilt, ...rest] }, family)).toMatchObject({ isLook: false, nextLook: 9 });
  });

  test('sees nothing in latency, explain or growth launches', () => {
    const run = cpuRun(ratios(8, 8, 0.1, 0.002), { scenario: cpuGate });
    const other = run.launches.map((launch) => ({ ...launch, stage: 'explain' as const }));
    expect(judgeSoFar({ ...run, launches: other }, family)).toMatchObject({ launches: 0, done: false, nextLook: 8 });
  });

  test('stops at once when head fails requests and base does not', () => {
    const window = windowOf({ cpuNs: 1e6 });
    const failing = windowOf({ cpuNs: 1e6 }, { failed: 50, failedStatus: { '500': 50 } });
    const run = runOf([launchOf(0, [pairOf(window, failing)])]);
    expect(judgeSoFar(run, family).done).toBe(true);
    expect(judgeSoFar(runOf([launchOf(0, [pairOf(window, window)])]), family).done).toBe(false);
  });
});

describe('few launches of identical code', () => {
  test.each([
    ['typical', { launches: 4, layouts: 2 }],
    ['worst', { launches: 6, layouts: 2 }],
    ['two-mode', { launches: 5, layouts: 5 }],
    ['outliers', { launches: 9, layouts: 3 }],
  ] as const)('raise a false alarm on CPU in at most 1 %% of runs: %s, %o', (name, few) => {
    const { regressed, improved } = simulateFew(SERVICES[name], few, { effect: 0, gates: 6, runs: 400, seed: 1 });
    expect(regressed + improved).toBeLessThanOrEqual(4);
  });

  test('of a quiet service see +10 % of CPU, and never call it unchanged', () => {
    const few = { launches: 9, layouts: 3 };
    const found = simulateFew(SERVICES.typical, few, { effect: 0.1, gates: 6, runs: 100, seed: 1 });
    expect(found).toMatchObject({ regressed: 100, unchanged: 0 });
  });

  test('call allocations regressed in at most 1 % of runs, even where they hang on a coin of each process', () => {
    const coins = { share: 0.5, ratio: 0.05, windowSd: 1e-4 };
    expect(simulateCoins(coins, 4, { gates: 6, runs: 400, seed: 1 }).regressed).toBeLessThanOrEqual(4);
  });
});

describe('what cannot be judged', () => {
  test('is CPU on a machine that cannot pin, while allocations still decide', () => {
    const pair = () => pairOf(windowOf({ cpuNs: 1e6, mallocs: 100 }), windowOf({ cpuNs: 2e6, mallocs: 110 }));
    const launches = Array.from({ length: 8 }, (_, index) => launchOf(index, [pair(), pair(), pair()]));
    const answer = judgeSoFar(
      runOf(launches, { settings: { ...settings, pinned: false, unpinnedReason: 'no affinity' } }),
      family,
    );
    const verdicts = Object.fromEntries(answer.verdicts.map(({ metric, verdict }) => [metric, verdict]));
    expect(verdicts).toMatchObject({ cpuNsPerRequest: 'notJudged', mallocsPerRequest: 'regressed' });
  });

  test('is a metric that one side lacks', () => {
    const pair = pairOf(windowOf({ cpuNs: 1e6, mallocs: 100 }), windowOf({ cpuNs: 1e6 }));
    const launches = Array.from({ length: 8 }, (_, index) => launchOf(index, [pair, pair, pair]));
    const mallocs = judgeSoFar(runOf(launches), family).verdicts.find(({ metric }) => metric === 'mallocsPerRequest');
    expect(mallocs?.verdict).toBe('notJudged');
  });
});

describe('limits', () => {
  test('are 3 and 6 % with one layout only, so that +2 % is called unchanged there and regressed with seeds', () => {
    const values = ratios(9, 8, 0.02, 0.002);
    const unseeded = judgeSoFar(cpuRun(values, { scenario: cpuGate, builds: unseededBuilds }), family);
    expect(unseeded.verdicts[0]?.verdict).toBe('unchanged');
    expect(ask(values).verdicts[0]?.verdict).toBe('regressed');
  });

  test('are 2.5 and 5 % when the sides ran one after the other', () => {
    const values = ratios(9, 8, 0.02, 0.002);
    const run = cpuRun(values, { scenario: cpuGate, settings: { ...settings, mode: 'alternate' } });
    expect(judgeSoFar(run, family).verdicts[0]?.verdict).toBe('unchanged');
  });

  test('follow the scenario: +5 % allowed lets +3 % pass', () => {
    const scenario = {
      ...cpuGate,
      gates: { ...cpuGate.gates, cpuNsPerRequest: { failRatio: 0.05, failAbsolute: null } },
    };
    expect(judgeSoFar(cpuRun(ratios(10, 8, 0.03, 0.002), { scenario }), family).verdicts[0]?.verdict).toBe('unchanged');
    expect(judgeSoFar(cpuRun(ratios(10, 8, 0.06, 0.002), { scenario }), family).verdicts[0]?.verdict).toBe('regressed');
  });

  test('finer than the metric can carry are refused by name', () => {
    const scenario = scenarioWith({ gates: { cpuNsPerRequest: { failRatio: 0.001, failAbsolute: null } } });
    expect(() => judgedGates(scenario)).toThrow(/gates\.cpuNsPerRequest.*0\.1 %.*0\.5 %/);
  });

  test('default to gates of which six share the level, one fewer without a latency phase', () => {
    const gates = judgedGates(scenarioWith({})).map(({ metric }) => metric);
    expect(gates).toContain('latencyP50Ms');
    expect(familyOf([scenarioWith({})]).gates).toBe(6);
    expect(familyOf([scenarioWith({}), scenarioWith({ latency: null })]).gates).toBe(11);
    expect(judgedGates(scenarioWith({ latency: null })).map(({ metric }) => metric)).not.toContain('latencyP50Ms');
    expect(
      judgedGates(scenarioWith({ gates: { mallocsPerRequest: false } })).map(({ metric }) => metric),
    ).not.toContain('mallocsPerRequest');
  });
});

describe('sides exchanged', () => {
  test('give the mirrored verdict of every gate', () => {
    const opposite: Record<string, string> = { regressed: 'improved', improved: 'regressed' };
    fc.assert(
      fc.property(
        fc.integer(),
        fc.double({ min: -0.05, max: 0.05, noNaN: true }),
        fc.boolean(),
        (seed, effect, leak) => {
          const normal = normalDeviates(randomFrom(seed));
          const window = (factor: number) =>
            windowOf({
              cpuNs: 1e6 * factor * Math.exp(0.008 * normal()),
              mallocs: 100 * factor * (1 + 1e-4 * normal()),
              allocBytes: 9000 * (1 + 7e-4 * normal()),
            });
          const growth = (goroutines: number) =>
            growthOf({ goroutinesEnd: 10 + goroutines, liveHeapBytesEnd: 5e6 + 2000 * normal() });
          const launches = Array.from({ length: 12 }, (_, index) =>
            launchOf(index, [pairOf(window(1), window(1 + effect)), pairOf(window(1), window(1 + effect))], {
              growth: { base: growth(0), head: growth(leak ? 12 : 0) },
            }),
          );
          const run = runOf(launches);
          const there = judgeSoFar(run, { gates: 6 });
          const back = judgeSoFar(mirrored(run), { gates: 6 });
          there.verdicts.forEach(({ metric, verdict }, index) => {
            expect([metric, back.verdicts[index]?.verdict]).toEqual([metric, opposite[verdict] ?? verdict]);
          });
          expect(back.done).toBe(there.done);
          expect(back.suspectGrowth).toEqual(there.suspectGrowth);
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('simulated through the shipped code', () => {
  // docs/method.md promises .02 to .08 % regressed at 0 with six gates, 98.4 % found and 1.6 % missed at +2 %.
  test('2000 runs of a typical service without a change raise at most a handful of alarms and end after 8 launches', () => {
    const found = simulate(noiseOf(SERVICES.typical, 11), 0, 6, 'usual', 2000);
    expect(found.regressed + found.improved).toBeLessThanOrEqual(6);
    expect(found.unchanged).toBeGreaterThanOrEqual(1985);
    expect(found.meanLaunches).toBeLessThan(8.6);
  });

  test('600 runs at +2 % are found, and at most 5 % are called unchanged', () => {
    const found = simulate(noiseOf(SERVICES.typical, 12), 0.02, 6, 'usual', 600);
    expect(found.regressed).toBeGreaterThanOrEqual(575);
    expect(found.unchanged).toBeLessThanOrEqual(22);
    expect(found.covered).toBeGreaterThanOrEqual(597);
  });

  test('a service with fast and slow processes takes longer and raises no more alarms', () => {
    const quiet = simulate(noiseOf(SERVICES['two-mode'], 13), 0, 6, 'usual', 600);
    expect(quiet.regressed + quiet.improved).toBeLessThanOrEqual(4);
    expect(quiet.unchanged).toBeGreaterThanOrEqual(590);
    const slower = simulate(noiseOf(SERVICES['two-mode'], 14), 0.02, 6, 'usual', 300);
    expect(slower.regressed).toBeGreaterThanOrEqual(275);
    expect(slower.unchanged).toBeLessThanOrEqual(18);
  });

  test('tight mode finds +1 % in nine of ten runs', () => {
    const found = simulate(noiseOf(SERVICES.typical, 15), 0.01, 6, 'tight', 200);
    expect(found.regressed).toBeGreaterThanOrEqual(184);
  });
});
