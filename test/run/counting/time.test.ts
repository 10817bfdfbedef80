import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { startClock } from '../../../harness/run/session/clock.ts';
import { buildInOwnTime, hasTimeFor, type Pace, requireTimeFor } from '../../../harness/run/counting/time.ts';
import type { RunProgress } from '../../../harness/run/session/plan.ts';
import type { Session } from '../../../harness/run/session/session.ts';

/** Of a budget of 60 s, after so many seconds. */
const after = (seconds: number): Session => {
  let nowMs = 0;
  const clock = startClock(60, () => nowMs);
  nowMs = seconds * 1000;
  return { clock } as Session;
};

test('a build for counting says what it is for before it begins, and takes nothing off the budget', async () => {
  const said: RunProgress[] = [];
  const clock = startClock(60);
  const session = { clock, plan: { onProgress: (event: RunProgress) => said.push(event) } } as unknown as Session;
  const built = await buildInOwnTime(session, 'building for exact mode', async () => {
    expect(said).toEqual([{ kind: 'note', text: 'building for exact mode' }]);
    await delay(50);
    return 'binaries';
  });
  expect(built).toBe('binaries');
  const took = said.find((event) => event.kind === 'built')?.seconds ?? 0;
  expect(clock.elapsedSeconds()).toBeLessThan(took);
});

const launches = (...seconds: readonly number[]): Pace => ({
  counted: seconds.map((wallSeconds) => ({ wallSeconds })),
  atOnce: 1,
});

describe('the time that counting takes', () => {
  test('is what the missing launches take at the best pace so far', () => {
    expect(hasTimeFor(after(10), launches(10), 6, 0)).toBe(true);
    expect(hasTimeFor(after(11), launches(10), 6, 0)).toBe(false);
    expect(hasTimeFor(after(30), launches(10, 6), 6, 0)).toBe(true);
    expect(hasTimeFor(after(30), launches(10, 6), 6, 7)).toBe(false);
  });

  test('is half of it where two go at once', () => {
    expect(hasTimeFor(after(40), { ...launches(10, 10), atOnce: 2 }, 6, 0)).toBe(true);
    expect(hasTimeFor(after(41), { ...launches(10, 10), atOnce: 2 }, 6, 0)).toBe(false);
    expect(hasTimeFor(after(30), { ...launches(10, 10), atOnce: 2 }, 7, 0)).toBe(true);
  });

  test('is refused with what was counted, what it takes, and a budget that would hold it', () => {
    expect(() => requireTimeFor(after(20), launches(20), 6, 0)).toThrow(
      'not enough time: 1 of the 6 launches it takes were counted; --budget 2m would hold them',
    );
    expect(() => requireTimeFor(after(40), launches(8, 8, 8, 8, 8, 8), 10, 26)).toThrow(/6 of the 10 .* --budget 2m/);
  });

  test('is not asked for launches that are done', () => {
    const done = launches(...Array.from({ length: 10 }, () => 10));
    expect(() => requireTimeFor(after(60), { ...done, counted: done.counted.slice(0, 6) }, 6, 0)).not.toThrow();
    // Those that confirm a change may use up what was meant to be left for others.
    expect(() => requireTimeFor(after(58), done, 6, 30)).not.toThrow();
  });
});
