/**
 * For a service that cannot run twice at once (a fixed port, a locked file): four fresh starts in the order A B B A
 * make two pairs. Noise of the minute no longer cancels, so the limits are wider (docs/method.md).
 */
import {
  agreeOnCpu,
  type HostEdge,
  hostWindow,
  readHostEdge,
  readSideEdge,
  sideWindow,
  type SideWindow,
} from '../../capture/index.ts';
import { discardReason } from '../../compare/index.ts';
import type { SingleLoad } from '../../load/index.ts';
import {
  bothSides,
  type Growth,
  type Launch,
  type LaunchSide,
  otherSide,
  type Pair,
  type Side,
} from '../../model/index.ts';
import { capturesOf, type ProfileRefs } from './captures.ts';
import { growthOf, windowRequests } from './judged.ts';
import { attachSides, type LaunchSpec, withLiveSide } from './running-pair.ts';
import { askOnceBefore } from '../session/lane.ts';
import type { Session } from '../session/session.ts';
import { tryApart } from './trial.ts';
import { answersPerSecond, type RequestRate } from './warm-up.ts';

const WARM_SECONDS = 1.2;
/** Warm-up lasts a time, not a count, so its requests come from elsewhere in the schedule. */
const WARM_OFFSET = 100_000;
/** One window a start, so a longer one than the three of a duet's launch. */
const WINDOW_SECONDS = 1.5;

interface Visit {
  readonly side: Side;
  readonly load: SingleLoad;
  readonly window: SideWindow;
  readonly start: HostEdge;
  readonly end: HostEdge;
  readonly startSeconds: number;
  readonly warmRequests: number;
  readonly gcCycles: number;
  readonly growth: Growth;
  readonly profiles: ProfileRefs;
  readonly pid: number;
}

export interface AlternateLaunch {
  readonly launch: Launch;
  readonly pace: RequestRate;
}

export const alternateLaunch = async (session: Session, place: LaunchSpec): Promise<AlternateLaunch> => {
  await tryApart(session, place);
  const startedMs = performance.now();
  const first = place.firstSide;
  const second = otherSide(first);
  const visits: Visit[] = [];
  let count: number | null = null;
  let pace: RequestRate | null = null;
  for (const [turn, side] of [first, second, second, first].entries()) {
    const visit = await visitSide(session, place, side, turn, count);
    count = visit.load.window.planned;
    // Both members of a pair get the same requests.
    if (turn % 2 === 1) place.lane.schedule.next += count;
    pace ??= paceOf(visit);
    visits.push(visit);
  }
  const pairs = [pairOf(0, visits[0], visits[1]), pairOf(1, visits[3], visits[2])];
  const launch: Launch = {
    index: place.index,
    stage: 'judged',
    linkSeed: place.linked.linkSeed,
    firstSide: first,
    startSeconds: visits.reduce((sum, { startSeconds }) => sum + startSeconds, 0),
    warmup: {
      seconds: WARM_SECONDS,
      requests: visits[0]?.warmRequests ?? 0,
      gcCycles: bothSides((side) => visits.find((visit) => visit.side === side)?.gcCycles ?? 0),
    },
    wallSeconds: (performance.now() - startedMs) / 1000,
    pairs,
    sides: bothSides((side) => launchSideOf(visits.filter((visit) => visit.side === side))),
  };
  return { launch, pace: pace ?? { couplesPerSecond: 0, cpuNsPerRequest: null } };
};

const paceOf = ({ load, window }: Visit): RequestRate => ({
  couplesPerSecond: answersPerSecond([load.window], load.wallSeconds),
  cpuNsPerRequest:
    window.counters.cpuNs === undefined ? null : window.counters.cpuNs / Math.max(1, load.window.answered),
});

/** One start of one side: warm-up, collections, one window, collections. `count` null: this start sets it. */
const visitSide = async (
  session: Session,
  place: LaunchSpec,
  side: Side,
  turn: number,
  count: number | null,
): Promise<Visit> =>
  withLiveSide(session, place, side, turn, async (live, startSeconds) => {
    const { settings } = session;
    const { loader, schedule } = place.lane;
    await attachSides(session, place, { [side]: live }, settings.inFlight);
    await askOnceBefore(place.lane, side);
    const { agent } = live;
    const before = await agent.counters();
    const warm = await loader.single({
      side,
      first: schedule.next + WARM_OFFSET,
      seconds: WARM_SECONDS,
      inFlight: settings.inFlight,
    });
    const collected = await agent.collectGarbage();
    const captures = capturesOf(session, place.index, side, live, turn < 2 ? '' : '-again');
    await captures.begin();
    const start = readHostEdge([process.pid, loader.pid, live.target.pid]);
    const opening = await readSideEdge(live.edge);
    const load = await loader.single({
      side,
      first: schedule.next,
      count: count ?? sizeOf(warm),
      inFlight: settings.inFlight,
    });
    const closing = await readSideEdge(live.edge);
    const end = readHostEdge([process.pid, loader.pid, live.target.pid]);
    await captures.endCpu(load.window.answered);
    const last = await agent.collectGarbage();
    await captures.end(load.window.answered);
    const { ownMallocs: mallocs, ownBytes: bytes } = agent.hello;
    return {
      side,
      load,
      window: sideWindow(opening, closing, { mallocs, bytes }),
      start,
      end,
      startSeconds,
      warmRequests: warm.window.planned,
      gcCycles: collected.gcCycles - before.gcCycles,
      growth: growthOf(collected, last, load.window.answered),
      profiles: captures.refs(),
      pid: live.target.servingPids[0],
    };
  });

const sizeOf = (warm: SingleLoad): number => {
  const perSecond = answersPerSecond([warm.window], warm.wallSeconds);
  const forDuet = windowRequests({ couplesPerSecond: perSecond, cpuNsPerRequest: null });
  return Math.ceil(Math.max(forDuet, perSecond * WINDOW_SECONDS));
};

const pairOf = (index: number, one: Visit | undefined, two: Visit | undefined): Pair => {
  if (one === undefined || two === undefined) throw new Error('a pair needs two visits');
  const [base, head] = one.side === 'base' ? [one, two] : [two, one];
  const counters = agreeOnCpu({ base: base.window, head: head.window });
  const hosts = [hostWindow(base.start, base.end), hostWindow(head.start, head.end)];
  const steal = hosts.flatMap(({ stealRatio }) => (stealRatio === undefined ? [] : [stealRatio]));
  const foreign = hosts.flatMap(({ foreignCpus }) => (foreignCpus === undefined ? [] : [foreignCpus]));
  const host = {
    ...(steal.length === 0 ? {} : { stealRatio: Math.max(...steal) }),
    ...(foreign.length === 0 ? {} : { foreignCpus: Math.max(...foreign) }),
  };
  const sides = {
    base: { ...base.load.window, counters: counters.base },
    head: { ...head.load.window, counters: counters.head },
  };
  return {
    index,
    phase: 'cost',
    discarded: base.load.cutShort ?? head.load.cutShort ?? discardReason(host, sides.base, sides.head),
    wallSeconds: base.load.wallSeconds + head.load.wallSeconds,
    host,
    loader: base.load.loader,
    ...sides,
  };
};

const launchSideOf = ([visit]: readonly Visit[]): LaunchSide => {
  if (visit === undefined) throw new Error('a launch has visits of both sides');
  const { cpuNs } = visit.window.counters;
  return {
    pid: visit.pid,
    growth: visit.growth,
    profiles: visit.profiles,
    profiled: { requests: visit.load.window.answered, ...(cpuNs === undefined ? {} : { cpuNs }) },
  };
};
