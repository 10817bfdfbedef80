import { describe, expect, test } from 'vitest';
import { compareRun } from '../../../harness/compare/index.ts';
import type { GoroutinesLeft, ScenarioRun } from '../../../harness/model/index.ts';
import { fileOf, growthOf, launchOf, pairOf, runOf, windowOf } from '../../builders/synthetic-run.ts';

const place = (name: string) => ({ function: name, file: '/src/visits.go', line: 34 });

const left = (
  count: number,
  changes: Partial<GoroutinesLeft['stacks'][number]> = {},
  seconds = 1.5,
): GoroutinesLeft => ({
  seconds,
  stacks: [
    {
      state: 'chan receive',
      frames: [place('sync.runtime_Semacquire'), place('main.(*visits).record.func1')],
      createdBy: place('main.(*visits).record'),
      count,
      gained: count - 1,
      stayed: 1,
      waitMinutes: 0,
      ...changes,
    },
  ],
});

const runWith = (base: GoroutinesLeft | null, head: GoroutinesLeft | null): ScenarioRun => {
  const window = windowOf({ cpuNs: 1e6, mallocs: 100, allocBytes: 9000 });
  const launches = Array.from({ length: 8 }, (_, index) => {
    const launch = launchOf(index, [pairOf(window, window)], { growth: { base: growthOf(), head: growthOf() } });
    const { sides } = launch;
    return {
      ...launch,
      sides: {
        base: { ...sides.base, ...(base !== null && { left: base }) },
        head: { ...sides.head, ...(head !== null && { left: head }) },
      },
    };
  });
  return runOf(launches);
};

const found = (base: GoroutinesLeft | null, head: GoroutinesLeft | null) => {
  const [scenario] = compareRun(fileOf([runWith(base, head)])).scenarios;
  const row = scenario?.metrics.find(({ metric }) => metric === 'goroutineGrowthPerRequest');
  return { verdict: row?.verdict, stuck: scenario?.stuck };
};

describe('goroutines that are stuck', () => {
  test('on head alone are regressed, however few their number is per request', () => {
    expect(found(null, left(3))).toMatchObject({
      verdict: 'regressed',
      stuck: [
        {
          function: 'main.(*visits).record.func1',
          startedBy: 'main.(*visits).record',
          state: 'chan receive',
          count: 24,
          launches: 8,
          seconds: 1.5,
        },
      ],
    });
  });

  test.each([
    [
      'base leaves the like, under another number of closure',
      left(1, { frames: [place('main.(*visits).record.func2')] }),
      left(3, { frames: [place('main.(*visits).record.func1')] }),
    ],
    ['nothing was left', null, null],
    ['one goroutine a launch stays, and does not grow', null, left(2, { gained: 0 })],
    ['they are as few as chance may give to one side', null, left(1, { gained: 1 })],
    ['they have waited for a third of a second', null, left(3, {}, 0.3)],
  ])('fail nothing where %s', (_, base, head) => {
    expect(found(base, head)).toEqual({ verdict: 'unchanged', stuck: undefined });
  });

  test('that Go itself says to wait for minutes have waited long enough', () => {
    expect(found(null, left(3, { waitMinutes: 2 }, 0.3)).stuck?.[0]?.seconds).toBe(120);
  });
});
