/** Launches with one question each: latency at a steady rate, growth over many requests, which function it is. */
import { type BySide, bothSides, type Launch, type Pair, type Side, SIDES, type WarmUp } from '../../model/index.ts';
import type { ClosedLoop, PairLoad } from '../../load/index.ts';
import { capturesOf } from './captures.ts';
import { growthOf } from './judged.ts';
import { bareSides, launchHead } from './launch-head.ts';
import { attachLoader, type LaunchSpec, type LivePair, withLivePair } from './running-pair.ts';
import { type Session, whileItWarmsUp } from '../session/session.ts';
import { askBoth, collectBoth, warmUp } from './warm-up.ts';
import { measurePair, restPoint } from './windows.ts';

/**
 * Couples at full speed, then the steady rate: the demo's median is then as near to what it settles at as after a second
 * at the rate alone (docs/evidence, latency).
 */
const LATENCY_WARM = { coupleSeconds: 0.35, rateSeconds: 0.25 } as const;
const LATENCY_WARM_SECONDS = LATENCY_WARM.coupleSeconds + LATENCY_WARM.rateSeconds;
const LATENCY_CONNECTIONS = 8;
/** Two, so that a loader that was late in one of them leaves the other. */
const LATENCY_WINDOWS = 2;
/** So many requests a side tell a median; the time that they take, within these bounds. */
const LATENCY_WINDOW = { requests: 50, fewestSeconds: 0.75, mostSeconds: 2 } as const;
/** Starting, connecting, window edges and stopping. */
const LATENCY_REST_SECONDS = 0.7;

const latencyWindowSeconds = (ratePerSecond: number): number => {
  const { requests, fewestSeconds, mostSeconds } = LATENCY_WINDOW;
  return Math.min(mostSeconds, Math.max(fewestSeconds, requests / ratePerSecond));
};

/** What one latency launch takes at this rate. */
export const latencyLaunchSeconds = (ratePerSecond: number): number =>
  LATENCY_REST_SECONDS + LATENCY_WARM_SECONDS + LATENCY_WINDOWS * latencyWindowSeconds(ratePerSecond);

/**
 * So that 1 KiB kept in 100 requests, surely a leak, leaves 39 samples of who allocated it: a name takes 20. Bytes
 * decide, time does not.
 */
const GROWTH_HEAP_RATE_BYTES = 2048;

const EXPLAIN_WINDOWS = 2;
const EXPLAIN_WINDOW_SECONDS = 4;
/**
 * Asked for; a kernel of 250 ticks a second delivers about 210 per second of CPU, against 94 at Go's own 100
 * (docs/method.md). Shares are what is wanted of it, and nothing is judged while it runs.
 */
const EXPLAIN_HZ = 500;

/** Connects the loader to both sides and warms them up for what is sent at a steady rate. */
export const warmAtRate = async (
  session: Session,
  live: LivePair,
  ratePerSecond: number,
): Promise<Pick<WarmUp, 'seconds' | 'requests'>> => {
  const { loader, schedule } = live.place.lane;
  await attachLoader(session, live, LATENCY_CONNECTIONS);
  const [couples] = await Promise.all([
    loader.couples({ first: schedule.next, seconds: LATENCY_WARM.coupleSeconds, inFlight: 1 }),
    whileItWarmsUp(session),
  ]);
  const steady = await loader.latency({ first: couples.next, seconds: LATENCY_WARM.rateSeconds, ratePerSecond });
  schedule.next = steady.next;
  return { seconds: LATENCY_WARM_SECONDS, requests: couples.base.planned + steady.base.planned };
};

/** Open model at `ratePerSecond` for both sides alike: two windows after a warm-up. */
export const latencyLaunch = async (session: Session, place: LaunchSpec, ratePerSecond: number): Promise<Launch> => {
  const startedMs = performance.now();
  const { loader, schedule } = place.lane;
  return withLivePair(session, place, async (live) => {
    const warmed = await warmAtRate(session, live, ratePerSecond);
    const collected = await askBoth(live, async (side) => live.sides[side].agent.counters());
    let at = await restPoint(live);
    const pairs: Pair[] = [];
    for (let index = 0; index < LATENCY_WINDOWS; index++) {
      const measured = await measurePair(session, live, at, { index, phase: 'latency' }, async () =>
        loader.latency({ first: schedule.next, seconds: latencyWindowSeconds(ratePerSecond), ratePerSecond }),
      );
      pairs.push(measured.pair);
      at = measured.end;
    }
    return {
      ...launchHead(place, live, 'latency', startedMs),
      warmup: {
        ...warmed,
        gcCycles: bothSides((side) => collected[side].gcCycles),
      },
      pairs,
      sides: bareSides(live),
    };
  });
};

const leaksNotTold = (side: Side, why: string): string =>
  `Goroutines that can never wake could not be found on ${side}: ${why}`;

/** Couples over many requests between two collections, and at the end who allocated what is held. */
export const growthLaunch = async (session: Session, at: LaunchSpec, requests: number): Promise<Launch> => {
  const startedMs = performance.now();
  const place: LaunchSpec = { ...at, heapRateBytes: GROWTH_HEAP_RATE_BYTES };
  const { settings } = session;
  const { loader, schedule } = place.lane;
  return withLivePair(session, place, async (live) => {
    await attachLoader(session, live, settings.inFlight);
    const warmed = await warmUp(session, live);
    const load = await loader.couples({ first: schedule.next, count: requests, inFlight: settings.inFlight });
    schedule.next = load.next;
    const collected = await collectBoth(live);
    const captures = bothSides((side) => capturesOf(session, place.index, side, live.sides[side]));
    await askBoth(live, async (side) => captures[side].endHeap(load[side].answered));
    // Last: it collects once more, and whatever happens in it, the growth is measured.
    const missed = await askBoth(live, async (side) => captures[side].endLeaks(load[side].answered));
    for (const side of SIDES) if (missed[side] !== null) session.notes.add(leaksNotTold(side, missed[side]));
    return {
      ...launchHead(place, live, 'growth', startedMs),
      warmup: warmed.warmup,
      pairs: [],
      sides: bothSides((side) => ({
        pid: live.sides[side].target.servingPids[0],
        growth: growthOf(warmed.collected[side], collected[side], load[side].answered),
        profiles: captures[side].refs(),
        profiled: { requests: 0 },
      })),
    };
  });
};

/** Every allocation sampled: sites and sizes are exact, time means nothing. */
const EVERY_ALLOCATION_BYTES = 1;
const CAPTURE_REQUESTS = 400;

/** A short pass in which the heap profile holds every allocation, so that allocation sites need no statistics. */
export const allocationLaunch = async (session: Session, at: LaunchSpec): Promise<Launch> => {
  const startedMs = performance.now();
  const place: LaunchSpec = { ...at, heapRateBytes: EVERY_ALLOCATION_BYTES };
  const { settings } = session;
  const { loader, schedule } = place.lane;
  return withLivePair(session, place, async (live) => {
    await attachLoader(session, live, settings.inFlight);
    const warm = await loader.couples({ first: schedule.next, count: CAPTURE_REQUESTS, inFlight: settings.inFlight });
    const captures = bothSides((side) => capturesOf(session, place.index, side, live.sides[side]));
    await collectBoth(live);
    await askBoth(live, async (side) => captures[side].beginAllocations());
    const start = await restPoint(live);
    const measured = await measurePair(session, live, start, { index: 0, phase: 'cost' }, async () =>
      loader.couples({ first: warm.next, count: CAPTURE_REQUESTS, inFlight: settings.inFlight }),
    );
    await collectBoth(live);
    await askBoth(live, async (side) => captures[side].endAllocations(measured.pair[side].answered));
    return {
      ...launchHead(place, live, 'capture', startedMs),
      warmup: { seconds: warm.wallSeconds, requests: warm.base.planned, gcCycles: { base: 0, head: 0 } },
      pairs: [measured.pair],
      sides: bothSides((side) => ({
        pid: live.sides[side].target.servingPids[0],
        growth: null,
        profiles: captures[side].refs(),
        profiled: { requests: measured.pair[side].answered },
      })),
    };
  });
};

/** Keeps a service busy that has a CPU to itself: with one request in flight it waits for the loader a quarter of the time. */
const BUSY_IN_FLIGHT = 2;

/**
 * Where a lane has a CPU for each side: shares are asked for, and what both sides share costs samples. They change places
 * from launch to launch, since the loader is beside one of them.
 */
const apartIn = ({ lane: { cpus }, index }: LaunchSpec): BySide<readonly number[]> | null => {
  const [other] = cpus?.loaderCpus ?? [];
  if (cpus === null || other === undefined || cpus.targetCpus.length > 1) return null;
  const sides = [cpus.targetCpus, [other]] as const;
  return index % 2 === 0 ? { base: sides[0], head: sides[1] } : { base: sides[1], head: sides[0] };
};

/**
 * Unjudged, at full speed under the CPU profile: each side at its own pace where it has a CPU of its own, else in couples.
 * Each launch has a layout of its own, as the judged ones have.
 */
export const explainLaunch = async (session: Session, at: LaunchSpec): Promise<Launch> => {
  const startedMs = performance.now();
  const { settings } = session;
  const place: LaunchSpec = { ...at, apart: apartIn(at) };
  const { loader, schedule } = place.lane;
  const inFlight = place.apart === null ? settings.inFlight : Math.max(BUSY_IN_FLIGHT, settings.inFlight);
  const send = async (loop: ClosedLoop): Promise<PairLoad> =>
    place.apart === null ? loader.couples(loop) : loader.contention(loop);
  return withLivePair(session, place, async (live) => {
    await attachLoader(session, live, inFlight);
    const warmed = await warmUp(session, live);
    const captures = bothSides((side) => capturesOf(session, place.index, side, live.sides[side]));
    await askBoth(live, async (side) => captures[side].begin(EXPLAIN_HZ));
    const pairs: Pair[] = [];
    let start = await restPoint(live);
    for (let index = 0; index < EXPLAIN_WINDOWS; index++) {
      const measured = await measurePair(session, live, start, { index, phase: 'cost' }, async () =>
        send({ first: schedule.next, seconds: EXPLAIN_WINDOW_SECONDS, inFlight }),
      );
      pairs.push(measured.pair);
      start = measured.end;
    }
    const requests = pairs.reduce((sum, pair) => sum + pair.base.answered, 0);
    await askBoth(live, async (side) => captures[side].endCpu(requests));
    await askBoth(live, async (side) => captures[side].end(requests));
    return {
      ...launchHead(place, live, 'explain', startedMs),
      warmup: warmed.warmup,
      pairs,
      sides: bothSides((side) => ({
        pid: live.sides[side].target.servingPids[0],
        growth: null,
        profiles: captures[side].refs(),
        profiled: { requests: pairs.reduce((sum, pair) => sum + pair[side].answered, 0), cpuNs: cpuNsOf(pairs, side) },
      })),
    };
  });
};

const cpuNsOf = (pairs: readonly Pair[], side: 'base' | 'head'): number =>
  pairs.reduce((sum, pair) => sum + (pair[side].counters.cpuNs ?? 0), 0);
