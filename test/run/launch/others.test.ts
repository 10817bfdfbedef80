import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { latencyLaunchSeconds } from '../../../harness/run/launch/others.ts';

describe('a latency launch', () => {
  it('takes longer the fewer requests a second there are to tell a median, up to two windows of 2 s', () => {
    const [quick, slow] = [latencyLaunchSeconds(Infinity), latencyLaunchSeconds(1)];
    expect(slow - quick).toBeCloseTo(2 * (2 - 0.75), 9);
    fc.assert(
      fc.property(
        fc.double({ min: 1, max: 1000, noNaN: true }),
        fc.double({ min: 1, max: 2, noNaN: true }),
        (rate, more) => {
          const seconds = latencyLaunchSeconds(rate);
          expect(latencyLaunchSeconds(rate * more)).toBeLessThanOrEqual(seconds);
          expect(seconds).toBeGreaterThanOrEqual(quick);
          expect(seconds).toBeLessThanOrEqual(slow);
        },
      ),
    );
  });
});
