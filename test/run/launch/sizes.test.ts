import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { windowRequests } from '../../../harness/run/launch/judged.ts';
import { launchesPerSeed } from '../../../harness/run/session/links.ts';

describe('windowRequests', () => {
  it('asks for a third of a second of couples when that holds 150 requests and 100 ms of CPU', () => {
    expect(windowRequests({ couplesPerSecond: 1000, cpuNsPerRequest: 400_000 })).toBe(350);
  });

  it('asks for more where that holds too little CPU, and at least 150 requests', () => {
    expect(windowRequests({ couplesPerSecond: 1000, cpuNsPerRequest: 100_000 })).toBe(1000);
    expect(windowRequests({ couplesPerSecond: 200, cpuNsPerRequest: 5e6 })).toBe(150);
  });

  it('gives slow services what two seconds hold, but never fewer than 30', () => {
    expect(windowRequests({ couplesPerSecond: 40, cpuNsPerRequest: 10e6 })).toBe(80);
    expect(windowRequests({ couplesPerSecond: 2, cpuNsPerRequest: 100e6 })).toBe(30);
  });

  it('never lasts longer than two seconds at the measured pace, except for the 30', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.1, max: 1e5, noNaN: true }),
        fc.option(fc.double({ min: 1e3, max: 1e9, noNaN: true })),
        (pace, cpu) => {
          const count = windowRequests({ couplesPerSecond: pace, cpuNsPerRequest: cpu });
          expect(count).toBeLessThanOrEqual(Math.max(30, Math.ceil(2 * pace)));
          expect(count).toBeGreaterThanOrEqual(Math.min(150, Math.max(30, Math.floor(2 * pace))));
        },
      ),
    );
  });
});

describe('launchesPerSeed', () => {
  it('is one up to links of 5 s a pair beside launches of 3 s, then a third of their length, three at most', () => {
    const besideUsual = [2.4, 5, 5.1, 7.6, 10, 60].map((seconds) => launchesPerSeed(seconds, 3));
    expect(besideUsual).toEqual([1, 1, 2, 3, 3, 3]);
  });

  it('is fewer where launches are slow, too: no link waits for launches that it does not need', () => {
    expect([10, 16, 17, 30].map((seconds) => launchesPerSeed(seconds, 10))).toEqual([1, 1, 2, 3]);
    expect([3.3, 4].map((seconds) => launchesPerSeed(seconds, 0.1))).toEqual([1, 2]);
  });

  it('never leaves the next pair of links waiting for longer than half a launch', () => {
    const seconds = (max: number) => fc.double({ min: 0.1, max, noNaN: true });
    fc.assert(
      fc.property(seconds(200), seconds(60), (pair, launch) => {
        const real = Math.max(2, launch);
        const idle = launchesPerSeed(pair, launch) * real - pair;
        expect(launchesPerSeed(pair, launch) === 1 || idle <= real / 2 + 1e-9).toBe(true);
      }),
    );
  });
});
