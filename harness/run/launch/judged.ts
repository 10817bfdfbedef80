/**
 * The launch that decides: fresh processes, warm-up, three cost windows, in the first launches a contention slice, and
 * profiles of both sides all along.
 */
import { peakRssBytes } from '../../capture/index.ts';
import type { AgentCounters } from '../../capture/index.ts';
import {
  type BySide,
  bothSides,
  type GoroutinesLeft,
  type Growth,
  type Launch,
  type LaunchSide,
  type Pair,
  type Scenario,
  type Side,
} from '../../model/index.ts';
import { judgedGates } from '../../compare/index.ts';
import { metricDef } from '../../metrics/index.ts';
import { type Captures, capturesOf } from './captures.ts';
import { sinceCensus, takeCensus } from './left-behind.ts';
import { launchHead } from './launch-head.ts';
import { type LaunchSpec, type LivePair, withLivePair } from './running-pair.ts';
import { askOnceAfter, askOnceBefore } from '../session/lane.ts';
import type { Session } from '../session/session.ts';
import { attachTried } from './trial.ts';
import { answersPerSecond, askBoth, collectBoth, refill, type RequestRate, type Warmed, warmUp } from './warm-up.ts';
import { waitCounters } from './waits.ts';
import { measurePair, restPoint } from './windows.ts';

/** Three windows and as many launches as it takes: launches differ more than windows (reference: layouts). */
const WINDOWS = 3;
/** Comes to a third of a second: services run faster once warm than at the pace that sets the size. */
const WINDOW_SECONDS = 0.35;
const LONGEST_WINDOW_SECONDS = 2;
const FEWEST_REQUESTS = 150;
const FEWEST_CPU_SECONDS = 0.1;
/** Slower services get what fits into the longest window, but never fewer. */
const FEWEST_SLOW_REQUESTS = 30;

/** Requests in flight per side while contention is looked at. */
export const CONTENTION_IN_FLIGHT = 8;
/** Waiting that is only shown differs more between launches than within one, and each slice is waited for by everybody. */
const CONTENTION_SHOWN = { launches: 4, seconds: 0.25 };
/** Where the scenario fails on waiting: waits differ ninefold between launches, and four of them decide little. */
const CONTENTION_JUDGED = { launches: 8, seconds: 1 };
const GOROUTINE_PROBE_MS = 2;

/** Looks at answers take a fourteenth of a launch; what four launches saw alike, each fourth one sees again. */
const LOOKED_AT = { first: 4, each: 4 } as const;

const looksAtAnswers = ({ index }: LaunchSpec): boolean => index <= LOOKED_AT.first || index % LOOKED_AT.each === 0;

/** Requests per side in a window: at least 150 and 100 ms of CPU, about a third of a second, two seconds at most. */
export const windowRequests = ({ couplesPerSecond, cpuNsPerRequest }: RequestRate): number => {
  const forCpu = cpuNsPerRequest === null ? 0 : (FEWEST_CPU_SECONDS * 1e9) / cpuNsPerRequest;
  const wanted = Math.max(FEWEST_REQUESTS, forCpu, couplesPerSecond * WINDOW_SECONDS);
  const most = Math.max(FEWEST_SLOW_REQUESTS, couplesPerSecond * LONGEST_WINDOW_SECONDS);
  return Math.ceil(Math.min(wanted, most));
};

export interface JudgedLaunch {
  readonly launch: Launch;
  readonly pace: RequestRate;
}

export const judgedLaunch = async (session: Session, place: LaunchSpec): Promise<JudgedLaunch> => {
  const startedMs = performance.now();
  const judgedBefore = session.launches.filter(({ stage }) => stage === 'judged').length;
  const looks = looksAtAnswers(place);
  return withLivePair(session, place, async (live) => {
    await attachTried(session, live, Math.max(session.settings.inFlight, CONTENTION_IN_FLIGHT));
    if (looks) await askOnceBefore(place.lane);
    const warmed = await warmUp(session, live);
    const captures = bothSides((side) => capturesOf(session, place.index, side, live.sides[side]));
    const firstRequest = place.lane.schedule.next;
    const census = await takeCensus(live);
    await askBoth(live, async (side) => captures[side].begin());
    const cost = await costWindows(session, live, captures);
    const left = await sinceCensus(live, census, warmed, cost.goroutines);
    const requests = place.lane.schedule.next - firstRequest;
    const collected = await collectHeld(live, captures, requests);
    const slices = contentionSlices(session.plan.scenario);
    const contention =
      judgedBefore < slices.launches && !cost.gaveUp
        ? await contentionSlice(session, live, captures, { index: cost.pairs.length, seconds: slices.seconds })
        : [];
    const sides = finishSides(live, captures, warmed, { requests, cost: cost.pairs, left, collected });
    if (looks && !cost.gaveUp) await askOnceAfter(place.lane);
    const launch: Launch = {
      ...launchHead(place, live, 'judged', startedMs),
      warmup: warmed.warmup,
      pairs: [...cost.pairs, ...contention],
      sides,
    };
    return { launch, pace: cost.pace };
  });
};

const contentionSlices = (scenario: Scenario): typeof CONTENTION_SHOWN =>
  judgedGates(scenario).some(({ metric }) => metricDef(metric).stage === 'contention')
    ? CONTENTION_JUDGED
    : CONTENTION_SHOWN;

interface CostWindows {
  readonly pairs: readonly Pair[];
  readonly pace: RequestRate;
  readonly gaveUp: boolean;
  /** After the last one, with no request in flight. */
  readonly goroutines: BySide<number>;
}

export const costWindows = async (
  session: Session,
  live: LivePair,
  captures: BySide<Pick<Captures, 'endCpu'>>,
): Promise<CostWindows> => {
  const { settings } = session;
  const { loader, schedule } = live.place.lane;
  const refilled = await refill(session, live);
  const count = windowRequests(refilled.pace);
  let at = refilled.end;
  const pairs: Pair[] = [];
  let gaveUp = false;
  for (let index = 0; index < WINDOWS && !gaveUp; index++) {
    const measured = await measurePair(session, live, at, { index, phase: 'cost' }, async () =>
      loader.couples({ first: schedule.next, count, inFlight: settings.inFlight }),
    );
    pairs.push(measured.pair);
    at = measured.end;
    gaveUp = measured.gaveUp;
  }
  const profiled = pairs.reduce((sum, { base }) => sum + base.planned, refilled.load.base.planned);
  await askBoth(live, async (side) => captures[side].endCpu(profiled));
  const seconds = pairs.reduce((sum, { wallSeconds }) => sum + wallSeconds, 0);
  // In the windows services are warmer than before them.
  const couplesPerSecond = answersPerSecond(
    pairs.map(({ base }) => base),
    seconds,
  );
  const goroutines = bothSides((side) => at.edge[side].inside.goroutines);
  return { pairs, pace: { ...refilled.pace, couplesPerSecond }, gaveUp, goroutines };
};

const contentionSlice = async (
  session: Session,
  live: LivePair,
  captures: BySide<Captures>,
  { index, seconds }: { readonly index: number; readonly seconds: number },
): Promise<readonly Pair[]> => {
  const { loader, schedule } = live.place.lane;
  await askBoth(live, async (side) => captures[side].beginWaits());
  await askBoth(live, async (side) => live.sides[side].agent.watchGoroutines(GOROUTINE_PROBE_MS));
  const start = await restPoint(live);
  const first = schedule.next;
  const measured = await measurePair(
    session,
    live,
    start,
    { index, phase: 'contention' },
    async () => loader.contention({ first, seconds, inFlight: CONTENTION_IN_FLIGHT }),
    async () => {
      const taken = await askBoth(live, async (side) => {
        const { goroutines } = await live.sides[side].agent.goroutinePeak();
        return { goroutines, waits: await captures[side].endWaits(schedule.next - first) };
      });
      const waited = waitCounters(session, { base: taken.base.waits, head: taken.head.waits });
      return bothSides((side) => ({ goroutinesPeak: taken[side].goroutines, ...waited[side] }));
    },
  );
  return [measured.pair];
};

export const growthOf = (start: AgentCounters, end: AgentCounters, requests: number): Growth => ({
  requests,
  liveHeapBytesStart: start.liveHeapBytes,
  liveHeapBytesEnd: end.liveHeapBytes,
  liveObjectsStart: start.liveObjects,
  liveObjectsEnd: end.liveObjects,
  goroutinesStart: start.goroutines,
  goroutinesEnd: end.goroutines,
  gcCycles: end.gcCycles - start.gcCycles,
  ...(start.gcCpuNs === undefined || end.gcCpuNs === undefined ? {} : { gcCpuNs: end.gcCpuNs - start.gcCpuNs }),
});

const sumCpu = (pairs: readonly Pair[], side: Side): number | undefined =>
  pairs.reduce<number | undefined>((sum, pair) => {
    const { cpuNs } = pair[side].counters;
    return sum === undefined || cpuNs === undefined ? undefined : sum + cpuNs;
  }, 0);

/** Of all of them together; undefined as soon as one cannot be read. */
const peakRssOf = (pids: readonly number[]): number | undefined => {
  const peaks = pids.map((pid) => peakRssBytes(pid)).filter((bytes) => bytes !== undefined);
  return peaks.length < pids.length ? undefined : peaks.reduce((sum, bytes) => sum + bytes, 0);
};

/**
 * What is held when the cost windows are over. Before any slice of contention: Go never gives back the descriptor of a
 * goroutine (some 450 bytes), so those of many requests at once would pass for growth per request.
 */
export const collectHeld = async (
  live: LivePair,
  captures: BySide<Pick<Captures, 'end'>>,
  requests: number,
): Promise<BySide<AgentCounters>> => {
  // The loader stays connected: its connections' goroutines were counted at the start, too.
  const collected = await collectBoth(live);
  await askBoth(live, async (side) => captures[side].end(requests));
  return collected;
};

export const finishSides = (
  live: LivePair,
  captures: BySide<Pick<Captures, 'refs'>>,
  warmed: Warmed,
  counted: {
    /** Up to the collections. */
    readonly requests: number;
    readonly cost: readonly Pair[];
    readonly left: BySide<GoroutinesLeft | null>;
    readonly collected: BySide<AgentCounters>;
  },
): BySide<LaunchSide> =>
  bothSides((side) => {
    const { servingPids } = live.sides[side].target;
    const rss = peakRssOf(servingPids);
    const left = counted.left[side] === null ? {} : { left: counted.left[side] };
    const cpuNs = sumCpu(counted.cost, side);
    const requests = counted.cost.reduce((sum, pair) => sum + pair[side].answered, 0);
    return {
      pid: servingPids[0],
      growth: growthOf(warmed.collected[side], counted.collected[side], counted.requests),
      ...(rss === undefined ? {} : { peakRssBytes: rss }),
      profiles: captures[side].refs(),
      profiled: { requests, ...(cpuNs === undefined ? {} : { cpuNs }) },
      ...left,
    };
  });
