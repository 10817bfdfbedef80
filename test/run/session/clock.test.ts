import { expect, it } from 'vitest';
import { startClock } from '../../../harness/run/session/clock.ts';

it('counts down from the budget by the clock it is given', () => {
  let nowMs = 1000;
  const clock = startClock(120, () => nowMs);
  nowMs = 31_000;
  expect(clock.elapsedSeconds()).toBe(30);
  expect(clock.secondsLeft()).toBe(90);
  clock.exclude(10);
  expect(clock.elapsedSeconds()).toBe(20);
  expect(clock.secondsLeft()).toBe(100);
});
