/** One launch under an execution trace: what the requests of both sides wait for, at the rate at which latency is measured. */
import {
  bothSides,
  type LatencySummary,
  type Launch,
  type LaunchSide,
  type Side,
  SIDES,
  type TracedTime,
  type Window,
} from '../../model/index.ts';
import { capturesOf, ENOUGH_TRACE_BYTES } from './captures.ts';
import { launchHead } from './launch-head.ts';
import { warmAtRate } from './others.ts';
import { type LaunchSpec, withLivePair } from './running-pair.ts';
import type { Session } from '../session/session.ts';
import { askBoth } from './warm-up.ts';
import { restPoint } from './windows.ts';

/** So many requests a side; the time that they take, within these bounds. */
const TRACED = { requests: 300, fewestSeconds: 2, mostSeconds: 5 } as const;
/** After each the size of the traces is looked at. */
const PART_SECONDS = 0.5;

const tracedSeconds = (ratePerSecond: number): number =>
  Math.min(TRACED.mostSeconds, Math.max(TRACED.fewestSeconds, TRACED.requests / ratePerSecond));

const meanUs = (summaries: readonly (LatencySummary | null)[]): number => {
  const known = summaries.filter((summary) => summary !== null);
  const count = known.reduce((sum, each) => sum + each.count, 0);
  return known.reduce((sum, each) => sum + each.count * each.meanUs, 0) / count;
};

/**
 * As many requests of one name as take the time that requests of all names took at `ratePerSecond`: a name that takes ten
 * times as long as most would be more than a service can answer at their rate.
 */
export const rateOfOne = (launches: readonly Launch[], route: string, ratePerSecond: number): number => {
  const windows: readonly Window[] = launches
    .filter(({ stage }) => stage === 'latency')
    .flatMap(({ pairs }) => pairs.flatMap((pair) => SIDES.map((side) => pair[side])));
  const ofOne = windows.flatMap(({ routes }) => routes.filter((each) => each.route === route));
  const [all, one] = [windows, ofOne].map((each) => meanUs(each.map(({ service }) => service))) as [number, number];
  return Number.isFinite(all / one) ? Math.min(1, all / one) * ratePerSecond : ratePerSecond;
};

const tracedOn = (times: ReadonlyMap<Side, TracedTime>, side: Side): Pick<LaunchSide, 'traced'> => {
  const traced = times.get(side);
  return traced === undefined ? {} : { traced };
};

/**
 * Nothing is in flight when the trace begins and when it ends, so that every request is in it whole. `route`: the only
 * name that is sent; of one that is rare among others there would be too few.
 */
export const traceLaunch = async (
  session: Session,
  place: LaunchSpec,
  mixedPerSecond: number,
  route: string | null,
): Promise<Launch> => {
  const startedMs = performance.now();
  const { loader, schedule } = place.lane;
  const { requests } = session.plan.scenario.load;
  const ratePerSecond = route === null ? mixedPerSecond : rateOfOne(session.launches, route, mixedPerSecond);
  const only = route === null ? {} : { route: requests.findIndex(({ name }) => name === route) };
  return withLivePair(session, place, async (live) => {
    const warmed = await warmAtRate(session, live, mixedPerSecond);
    await restPoint(live);
    const captures = bothSides((side) => capturesOf(session, place.index, side, live.sides[side]));
    const isOn = await askBoth(live, async (side) => captures[side].beginTrace());
    const traced = SIDES.filter((side) => isOn[side]);
    const parts = Math.round(tracedSeconds(ratePerSecond) / PART_SECONDS);
    const begunMs = performance.now();
    // Answers that take long make parts longer than they were meant to be.
    const hasTime = (): boolean => performance.now() - begunMs < TRACED.mostSeconds * 1000;
    for (let part = 0; part < parts && traced.length === SIDES.length && hasTime(); part++) {
      const load = await loader.latency({ first: schedule.next, seconds: PART_SECONDS, ratePerSecond, ...only });
      schedule.next = load.next;
      const bytes = await Promise.all(traced.map(async (side) => captures[side].traceBytes()));
      if (Math.max(...bytes) > ENOUGH_TRACE_BYTES) break;
    }
    const times = new Map<Side, TracedTime>();
    for (const side of traced) {
      const time = await captures[side].endTrace();
      if (time !== null) times.set(side, time);
    }
    return {
      ...launchHead(place, live, 'trace', startedMs),
      ...(route !== null && { route }),
      warmup: { ...warmed, gcCycles: { base: 0, head: 0 } },
      pairs: [],
      sides: bothSides((side) => ({
        pid: live.sides[side].target.servingPids[0],
        growth: null,
        profiles: captures[side].refs(),
        profiled: { requests: 0 },
        ...tracedOn(times, side),
      })),
    };
  });
};
