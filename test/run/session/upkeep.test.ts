import { expect, test } from 'vitest';
import { startClock } from '../../../harness/run/session/clock.ts';
import { keepUp } from '../../../harness/run/session/upkeep.ts';
import type { RunningTarget } from '../../../harness/service/index.ts';

/** A clock that tests move. */
const handClock = () => {
  let nowMs = 0;
  return { now: () => nowMs, pass: (seconds: number) => (nowMs += seconds * 1000) };
};

const target = (stop: () => void, cut = 0): RunningTarget =>
  ({ stop: async () => stop(), cutBytes: () => cut }) as unknown as RunningTarget;

test('stops take nothing off the budget, and are reported where they are slow', async () => {
  const hand = handClock();
  const clock = startClock(60, hand.now);
  const upkeep = keepUp(clock, 10, hand.now);
  for (let launch = 0; launch < 3; launch++) {
    hand.pass(4);
    await upkeep.stop([target(() => hand.pass(8)), target(() => undefined)]);
  }
  expect(clock.elapsedSeconds()).toBe(12);
  expect(upkeep.notes()).toEqual([
    'The service took 8.0 s to stop after each launch (target.stopTimeout is 10 s): 24.0 s in all, not part of the budget.',
  ]);
});

test('two launches that stop at the same time take that time off the budget once', async () => {
  const hand = handClock();
  const clock = startClock(60, hand.now);
  const upkeep = keepUp(clock, 10, hand.now);
  const ends = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
  const waitingFor = (end: Promise<void>) => ({ stop: async () => end, cutBytes: () => 0 }) as unknown as RunningTarget;
  hand.pass(4);
  const one = upkeep.stop([waitingFor(ends[0].promise)]);
  hand.pass(1);
  const other = upkeep.stop([waitingFor(ends[1].promise)]);
  hand.pass(2);
  ends[0].resolve();
  await one;
  hand.pass(3);
  ends[1].resolve();
  await other;
  expect(clock.elapsedSeconds()).toBe(4);
  // 3 s and 5 s of the two, from the 4th to the 10th second.
  expect(upkeep.notes()).toEqual([expect.stringMatching(/took 4\.0 s to stop .*: 6\.0 s in all/)]);
});

test('a stop by force is told as such, quick stops and small logs are not told', async () => {
  const hand = handClock();
  const forced = keepUp(startClock(60, hand.now), 1, hand.now);
  await forced.stop([target(() => hand.pass(1.02))]);
  expect(forced.notes()).toEqual([expect.stringContaining('had to be ended by force (target.stopTimeout is 1 s)')]);
  const quick = keepUp(startClock(60, hand.now), 1, hand.now);
  await quick.stop([target(() => hand.pass(0.05))]);
  await quick.stop([]);
  expect(quick.notes()).toEqual([]);
});

test('the largest log that was cut is named once', async () => {
  const upkeep = keepUp(startClock(60), 1);
  await upkeep.stop([target(() => undefined, 3e6), target(() => undefined, 28.4e6)]);
  await upkeep.stop([target(() => undefined, 7e6), target(() => undefined)]);
  expect(upkeep.notes()).toEqual([expect.stringMatching(/large logs: of up to 28 MB in a launch/)]);
});
