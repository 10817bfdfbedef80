import { expect, it } from 'vitest';
import { startClock } from '../../../harness/run/session/clock.ts';

it('counts down from the budget by the clock it is given', () => {
  let nowMs = 1000;
  const clock = startClock(120, () => nowMs);
  nowMs = 31_000;
  expect(clock.elapsedSeconds()).toBe(30);
  expect(clock.secondsLeft()).toBe(90);
  clock.exclude(10, 'builds');
  clock.exclude(2, 'stops');
  expect(clock.elapsedSeconds()).toBe(18);
  expect(clock.secondsLeft()).toBe(102);
  expect([clock.excludedSeconds('builds'), clock.excludedSeconds('stops'), clock.wallSeconds()]).toEqual([10, 2, 30]);
});
