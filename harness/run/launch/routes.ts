/**
 * A launch of windows that send one request name each, by turns: what a name costs by itself, which the mix of all names
 * hides. Unjudged: it informs.
 */
import { AgentRefusedError } from '../../capture/index.ts';
import { type BySide, bothSides, type Launch, type Pair } from '../../model/index.ts';
import { CONTENTION_IN_FLIGHT } from './judged.ts';
import { bareSides, launchHead } from './launch-head.ts';
import { attachLoader, type LaunchSpec, type LivePair, withLivePair } from './running-pair.ts';
import type { Session } from '../session/session.ts';
import { waitCounters } from './waits.ts';
import { answersPerSecond, askBoth, warmUp } from './warm-up.ts';
import { measurePair, restPoint } from './windows.ts';

/** Before its windows: warms the name up and says how many requests a window holds. */
const PACE_SECONDS = 0.06;
const WINDOW_SECONDS = 0.15;
/** As many as CPU is told by (harness/metrics). */
const FEWEST_REQUESTS = 30;
/** A window of a name so slow that it takes more holds fewer, and says nothing of CPU. */
const LONGEST_WINDOW_SECONDS = 2;
/** The names in their order, then backwards: what drifts within a launch is on both halves of each name. */
const ROUNDS = 2;
/** Of both sides' profiles of waits, read and decoded. */
const SNAPSHOT_SECONDS = 0.03;
/** Starting, warming up and stopping. */
const REST_SECONDS = 1.3;

/** What one such launch takes, by the pace of all names together. */
export const routesLaunchSeconds = (names: number, couplesPerSecond: number): number => {
  const window = Math.min(LONGEST_WINDOW_SECONDS, Math.max(WINDOW_SECONDS, FEWEST_REQUESTS / couplesPerSecond));
  return REST_SECONDS + names * (PACE_SECONDS + ROUNDS * window);
};

/** Launches with windows for waits, where the scenario asks for names whatever moved; and what these add to one of them. */
export const WAITS_LAUNCHES = 4;
export const waitsSeconds = (names: number): number => names * (WINDOW_SECONDS + SNAPSHOT_SECONDS);

interface NamedRoute {
  /** Place in the scenario's requests. */
  readonly route: number;
  readonly name: string;
}

/** None is the first one, or the last, in every launch. */
const inOrder = ({ plan }: Session, { index }: LaunchSpec): readonly NamedRoute[] => {
  const { requests } = plan.scenario.load;
  return requests.map((_, at) => {
    const route = (at + index) % requests.length;
    return { route, name: requests[route]?.name ?? '' };
  });
};

/** Warms each name up; what it answers meanwhile says how many requests its windows hold. */
const paceOf = async (session: Session, live: LivePair, order: readonly NamedRoute[]) => {
  const { loader, schedule } = live.place.lane;
  const { inFlight } = session.settings;
  const counts = new Map<number, number>();
  for (const { route } of order) {
    const paced = await loader.couples({ first: schedule.next, seconds: PACE_SECONDS, inFlight, route });
    schedule.next = paced.next;
    const perSecond = answersPerSecond([paced.base], paced.wallSeconds);
    counts.set(route, Math.ceil(Math.max(FEWEST_REQUESTS, perSecond * WINDOW_SECONDS)));
  }
  return counts;
};

/** Forwards and backwards; ends early where a side stopped answering. */
const costWindows = async (
  session: Session,
  live: LivePair,
  order: readonly NamedRoute[],
): Promise<readonly Pair[]> => {
  const { loader, schedule } = live.place.lane;
  const { inFlight } = session.settings;
  const counts = await paceOf(session, live, order);
  const pairs: Pair[] = [];
  let at = await restPoint(live);
  for (const { route, name } of [...order, ...order.toReversed()]) {
    const count = counts.get(route) ?? FEWEST_REQUESTS;
    const measured = await measurePair(
      session,
      live,
      at,
      { index: pairs.length, phase: 'cost', route: name },
      async () => loader.couples({ first: schedule.next, count, seconds: LONGEST_WINDOW_SECONDS, inFlight, route }),
    );
    pairs.push(measured.pair);
    at = measured.end;
    if (measured.gaveUp) break;
  }
  return pairs;
};

/** One window of each name with many requests in flight: what its requests wait for each other. */
const waitWindows = async (
  session: Session,
  live: LivePair,
  order: readonly NamedRoute[],
  first: number,
): Promise<readonly Pair[]> => {
  const { loader, schedule } = live.place.lane;
  const snapshot = async (): Promise<BySide<Uint8Array>> =>
    askBoth(live, async (side) => live.sides[side].agent.snapshot('block'));
  const pairs: Pair[] = [];
  let before = await snapshot();
  for (const { route, name } of order) {
    const start = await restPoint(live);
    const named = { index: first + pairs.length, phase: 'contention', route: name } as const;
    const measured = await measurePair(
      session,
      live,
      start,
      named,
      async () =>
        loader.contention({ first: schedule.next, seconds: WINDOW_SECONDS, inFlight: CONTENTION_IN_FLIGHT, route }),
      async () => {
        const after = await snapshot();
        const waited = waitCounters(
          session,
          bothSides((side) => ({ before: before[side], after: after[side] })),
        );
        before = after;
        return waited;
      },
    );
    pairs.push(measured.pair);
    if (measured.gaveUp) break;
  }
  return pairs;
};

/** What the agent refuses costs what it would have told. */
const waitsOrNote = async (session: Session, work: () => Promise<readonly Pair[]>): Promise<readonly Pair[]> => {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof AgentRefusedError)) throw error;
    session.notes.add(`What requests of one name wait for is not known: ${error.message}.`);
    return [];
  }
};

/** `waits`: with windows of many requests in flight besides. */
export const routesLaunch = async (session: Session, place: LaunchSpec, waits: boolean): Promise<Launch> => {
  const startedMs = performance.now();
  const order = inOrder(session, place);
  return withLivePair(session, place, async (live) => {
    await attachLoader(session, live, Math.max(session.settings.inFlight, waits ? CONTENTION_IN_FLIGHT : 1));
    const { warmup } = await warmUp(session, live);
    const cost = await costWindows(session, live, order);
    const isWhole = cost.length === ROUNDS * order.length;
    const waited =
      waits && isWhole ? await waitsOrNote(session, async () => waitWindows(session, live, order, cost.length)) : [];
    const pairs = [...cost, ...waited];
    return {
      ...launchHead(place, live, 'routes', startedMs),
      warmup,
      pairs,
      sides: bareSides(live),
    };
  });
};
