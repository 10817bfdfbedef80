import { describe, expect, test } from 'vitest';
import { compareRun } from '../../../harness/compare/index.ts';
import type { Launch, TracedTime } from '../../../harness/model/index.ts';
import { normalDeviates, randomFrom } from '../../../harness/stats/index.ts';
import { fileOf, growthOf, launchOf, pairOf, runOf, windowOf } from '../../builders/synthetic-run.ts';

const traced = (perRequestUs: Readonly<Record<string, number>>, pausedUs = 0): TracedTime => ({
  requests: 100,
  spentNs: Object.fromEntries(Object.entries(perRequestUs).map(([state, us]) => [state, us * 1e5])),
  pausedNs: pausedUs * 1e5,
});

const tracedLaunch = (index: number, base: TracedTime, head: TracedTime): Launch => {
  const launch = launchOf(index, []);
  const { sides } = launch;
  return {
    ...launch,
    stage: 'trace',
    sides: { base: { ...sides.base, traced: base }, head: { ...sides.head, traced: head } },
  };
};

const partsOf = (launches: readonly (readonly [TracedTime, TracedTime])[]) => {
  const window = windowOf({ cpuNs: 1e6, mallocs: 100, allocBytes: 9000 });
  const judged = Array.from({ length: 8 }, (_, index) =>
    launchOf(index, [pairOf(window, window)], { growth: { base: growthOf(), head: growthOf() } }),
  );
  const run = runOf([...judged, ...launches.map(([base, head], at) => tracedLaunch(8 + at, base, head))]);
  return compareRun(fileOf([run])).scenarios[0]?.traced;
};

describe('launches under an execution trace', () => {
  test('say per request what it was spent on, with an interval over launches', () => {
    const found = partsOf([
      [traced({ running: 400, runnable: 20 }), traced({ running: 402, runnable: 20, sleep: 3100 }, 8)],
      [traced({ running: 404, runnable: 22 }), traced({ running: 400, runnable: 21, sleep: 3110 }, 9)],
      [traced({ running: 401, runnable: 19 }), traced({ running: 405, runnable: 20, sleep: 3105 }, 10)],
    ]);
    expect(found).toMatchObject({ launches: 3, requests: { base: 300, head: 300 } });
    expect(found?.parts.map(({ part, isCertain }) => [part, isCertain])).toEqual([
      ['running', false],
      ['scheduler', false],
      ['sleep', true],
      ['GC pauses', false],
    ]);
    const sleep = found?.parts.find(({ part }) => part === 'sleep');
    expect(sleep).toMatchObject({ basePerRequest: 0, headPerRequest: 3_105_000 });
    // 3105 ± t(0.975, 2) × 5/√3 µs
    expect(sleep?.ciPerRequest?.map(Math.round)).toEqual([3_092_579, 3_117_421]);
  });

  test('say nothing for certain where there is one, or where both sides wait alike', () => {
    expect(partsOf([[traced({ sleep: 10 }), traced({ sleep: 9000 })]])?.parts).toMatchObject([
      { part: 'sleep', ciPerRequest: null, isCertain: false },
    ]);
    const normal = normalDeviates(randomFrom(3));
    const alike = (): TracedTime =>
      traced({
        running: 400 * Math.exp(0.05 * normal()),
        network: 90 * Math.exp(0.3 * normal()),
        lock: 20 * Math.exp(normal()),
      });
    const wrong = Array.from({ length: 100 }, () =>
      partsOf(Array.from({ length: 3 }, () => [alike(), alike()] as const)),
    )
      .flatMap((found) => found?.parts ?? [])
      .filter(({ isCertain }) => isCertain);
    expect(wrong.length).toBeLessThanOrEqual(2);
  });

  test('leave out what took less than a microsecond, and are absent where nobody traced', () => {
    expect(partsOf([[traced({ lock: 0.5 }), traced({ lock: 0.9 })]])?.parts).toEqual([]);
    expect(partsOf([])).toBeUndefined();
  });
});
