import { describe, expect, it } from 'vitest';
import type { Connection } from '../../../harness/load/traffic/connection.ts';
import { ContentionRun } from '../../../harness/load/traffic/closed-loops.ts';
import type { SideLoad, WindowInputs } from '../../../harness/load/traffic/window.ts';
import { type BySide, bothSides, type Side, SIDES } from '../../../harness/model/index.ts';

/** Connections that are answered when the test says so. */
const sideLoadOf = (side: Side, count: number): SideLoad => {
  const connections = Array.from({ length: count }, (_, index) => {
    const connection = { side, index, idle: true, driver: null, send: () => void (connection.idle = false) };
    return connection;
  });
  const tally = { planned: 0, timedOut: 0, reset: () => undefined, countAnswer: () => true };
  return { side, authority: side, connections, bytesOf: () => Buffer.alloc(0), tally } as unknown as SideLoad;
};

const IN_FLIGHT = 8;

interface Slice {
  /** Requests of the side that are under way. */
  readonly busy: (side: Side) => number;
  /** Answers the oldest of its requests; nothing where it has none. */
  readonly answer: (side: Side) => void;
  readonly planned: () => BySide<number>;
  readonly over: Promise<unknown>;
}

const sliceOf = (count: number): Slice => {
  const sideLoads = bothSides((side) => sideLoadOf(side, IN_FLIGHT));
  const inputs = {
    sideLoads: [sideLoads.base, sideLoads.head],
    schedule: { headFirst: (n: number) => n % 2 === 0, routeOf: () => 0 },
    timeoutSeconds: 10,
  };
  const run = new ContentionRun(inputs as unknown as WindowInputs, { first: 0, count, inFlight: IN_FLIGHT });
  const over = run.run();
  const busyOf = (side: Side): Connection[] => sideLoads[side].connections.filter(({ idle }) => !idle);
  return {
    busy: (side) => busyOf(side).length,
    answer: (side) => {
      const [oldest] = busyOf(side);
      if (oldest === undefined) return;
      (oldest as { idle: boolean }).idle = true;
      run.answered(oldest, 200, 1);
    },
    planned: () => bothSides((side) => sideLoads[side].tally.planned),
    over,
  };
};

/** The fewest requests that base had under way, up to its last eight, while head answers `pace` as many. */
const fewestOfBase = async (pace: number, count = 2000): Promise<number> => {
  const slice = sliceOf(count);
  let fewest = IN_FLIGHT;
  for (let step = 1, credit = 0; SIDES.some((side) => slice.busy(side) > 0); step++) {
    if (slice.planned().base < count) fewest = Math.min(fewest, slice.busy('base'));
    slice.answer('base');
    for (credit += pace; credit >= 1; credit--) slice.answer('head');
    if (step > 100 * count) throw new Error('the slice does not end');
  }
  await slice.over;
  expect(slice.planned()).toEqual({ base: count, head: count });
  return fewest;
};

describe('a slice of contention', () => {
  it.each([1, 0.97, 0.9, 0.82])(
    'keeps the quicker side as busy as the other, which answers %d as many',
    async (pace) => {
      expect(await fewestOfBase(pace)).toBe(IN_FLIGHT);
    },
  );

  it('holds a side back that is far ahead, so that the other is not left to itself for long', async () => {
    expect(await fewestOfBase(0.5)).toBeLessThan(IN_FLIGHT);
  });
});
