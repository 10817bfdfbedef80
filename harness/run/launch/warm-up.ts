/** From started services to services worth measuring, both sides alike, and what their pace says of window sizes. */
import { windowCounters } from '../../capture/index.ts';
import { type BySide, bothSides, inPlace, otherSide, type Side, type WarmUp } from '../../model/index.ts';
import type { AgentCounters } from '../../capture/index.ts';
import type { PairLoad } from '../../load/index.ts';
import type { LivePair } from './running-pair.ts';
import type { Lane } from '../session/lane.ts';
import { type Session, whileItWarmsUp } from '../session/session.ts';
import { type RestPoint, restPoint } from './windows.ts';

/**
 * So long, and on until so many requests were answered, up to what left no trend in any service (reference: duet, warm-up):
 * slow requests and busy machines take all of it. Both sides have the same age and the same requests behind them.
 */
const WARM = { seconds: 0.35, requests: 300, mostSeconds: 1.2 };

/**
 * After the collections pools are empty and the heap has given pages back; until one cycle's worth is allocated again
 * every window sees page faults (900 of them in the first half second of the demo).
 */
const REFILL_SECONDS = 0.2;

export interface RequestRate {
  /** Couples per second: requests per second and side. */
  readonly couplesPerSecond: number;
  /** The more expensive side's CPU per request; null where it cannot be read. */
  readonly cpuNsPerRequest: number | null;
}

export interface Warmed {
  readonly warmup: WarmUp;
  /** Right after the collections that end the warm-up: where growth is counted from. */
  readonly collected: BySide<AgentCounters>;
}

/**
 * Asks both sides at once, whoever the coin says first: they share a CPU, so the one that is asked last is done last and
 * has the shorter rest before the next request.
 */
export const askBoth = async <T>(live: LivePair, ask: (side: Side) => Promise<T>): Promise<BySide<T>> => {
  const first = live.draw();
  const [early, late] = await Promise.all([ask(first), ask(otherSide(first))]);
  return inPlace(first, early, late);
};

export const collectBoth = async (live: LivePair): Promise<BySide<AgentCounters>> =>
  askBoth(live, async (side) => live.sides[side].agent.collectGarbage());

/** Couples, then the forced collections (at least two cycles are wanted before anything is counted). */
export const warmUp = async (session: Session, live: LivePair): Promise<Warmed> => {
  const startedMs = performance.now();
  const before = await askBoth(live, async (side) => live.sides[side].agent.counters());
  const [requests] = await Promise.all([sendWarmUp(session, live.place.lane), whileItWarmsUp(session)]);
  const collected = await collectBoth(live);
  return {
    warmup: {
      seconds: (performance.now() - startedMs) / 1000,
      requests,
      gcCycles: bothSides((side) => collected[side].gcCycles - before[side].gcCycles),
    },
    collected,
  };
};

/** Requests per side. */
const sendWarmUp = async ({ settings: { inFlight } }: Session, { loader, schedule }: Lane): Promise<number> => {
  const first = await loader.couples({ first: schedule.next, seconds: WARM.seconds, inFlight });
  schedule.next = first.next;
  const sent = first.base.planned;
  if (sent >= WARM.requests || first.cutShort !== null) return sent;
  const seconds = WARM.mostSeconds - WARM.seconds;
  const more = await loader.couples({ first: first.next, count: WARM.requests - sent, seconds, inFlight });
  schedule.next = more.next;
  return sent + more.base.planned;
};

interface Refilled {
  readonly load: PairLoad;
  readonly pace: RequestRate;
  /** Where the first window begins. */
  readonly end: RestPoint;
}

/** Of one side's windows that took so long together; of one that is over at once, no endless number. */
export const answersPerSecond = (windows: readonly { readonly answered: number }[], seconds: number): number =>
  windows.reduce((sum, { answered }) => sum + answered, 0) / Math.max(seconds, 1e-3);

/** Couples that nothing counts but profiles and growth. What they say of the pace sets the size of windows. */
export const refill = async (session: Session, live: LivePair): Promise<Refilled> => {
  const { loader, schedule } = live.place.lane;
  const start = await restPoint(live);
  const { inFlight } = session.settings;
  const load = await loader.couples({ first: schedule.next, seconds: REFILL_SECONDS, inFlight });
  schedule.next = load.next;
  const end = await restPoint(live);
  const { base, head } = windowCounters(start.edge, end.edge);
  const cpu = [base.cpuNs, head.cpuNs].flatMap((ns) =>
    ns === undefined || load.base.answered === 0 ? [] : [ns / load.base.answered],
  );
  const pace = {
    couplesPerSecond: answersPerSecond([load.base], load.wallSeconds),
    cpuNsPerRequest: cpu.length === 2 ? Math.max(...cpu) : null,
  };
  return { load, pace, end };
};
