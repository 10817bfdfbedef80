import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { openPacer } from '../../../harness/load/traffic/pacer.ts';

test('the pacer calls after each slot became due, never before, and after the last one no more', async () => {
  const pacer = await openPacer();
  const calls: number[] = [];
  const startMs = performance.now() + 5;
  const slots = 40;
  const gapMs = 2.5;
  await new Promise<void>((resolve) => {
    pacer.start({ startMs, gapMs, slots }, () => {
      const now = performance.now();
      calls.push(now);
      if (now >= startMs + (slots - 1) * gapMs) resolve();
    });
  });
  // A stalled machine may join slots, so there may be fewer calls than slots; each slot has one at or after its time.
  const count = calls.length;
  expect(count).toBeLessThanOrEqual(slots);
  calls.forEach((call, index) => expect(call).toBeGreaterThanOrEqual(startMs + index * gapMs));
  await delay(20);
  expect(calls.length).toBe(count);
  await pacer.close();
});

test('a closed pacer is silent, also in the middle of its plan', async () => {
  const pacer = await openPacer();
  let calls = 0;
  pacer.start({ startMs: performance.now(), gapMs: 1, slots: 100_000 }, () => {
    calls++;
  });
  await expect.poll(() => calls, { timeout: 5000 }).toBeGreaterThan(3);
  await pacer.close();
  const before = calls;
  await delay(20);
  expect(calls).toBe(before);
});
