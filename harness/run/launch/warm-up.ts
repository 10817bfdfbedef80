/** From started services to services worth measuring, both sides alike, and what their pace says of window sizes. */
import { windowCounters } from '../../capture/index.ts';
import { type BySide, bothSides, inPlace, otherSide, type Side, type WarmUp } from '../../model/index.ts';
import type { AgentCounters } from '../../capture/index.ts';
import type { LivePair } from './running-pair.ts';
import type { Session } from '../session/session.ts';
import { restPoint } from './windows.ts';

/** Cost phase: 1.2 s left no trend in any measured service (reference: duet, warm-up). */
const WARM_SECONDS = 1.2;
/** Its last part tells the pace. */
const PACE_SECONDS = 0.4;

export interface RequestRate {
  /** Couples per second: requests per second and side. */
  readonly couplesPerSecond: number;
  /** The more expensive side's CPU per request; null where it cannot be read. */
  readonly cpuNsPerRequest: number | null;
}

export interface Warmed {
  readonly warmup: WarmUp;
  readonly pace: RequestRate;
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

/** Couples for 1.2 s, then the forced collections (at least two cycles are wanted before anything is counted). */
export const warmUp = async (session: Session, live: LivePair): Promise<Warmed> => {
  const { settings } = session;
  const { loader, schedule } = live.place.lane;
  const startedMs = performance.now();
  const before = await askBoth(live, async (side) => live.sides[side].agent.counters());
  const first = await loader.couples({
    first: schedule.next,
    seconds: WARM_SECONDS - PACE_SECONDS,
    inFlight: settings.inFlight,
  });
  const start = await restPoint(live);
  const paced = await loader.couples({ first: first.next, seconds: PACE_SECONDS, inFlight: settings.inFlight });
  const end = await restPoint(live);
  schedule.next = paced.next;
  const counters = windowCounters(start.edge, end.edge);
  const collected = await collectBoth(live);
  const cpu = [counters.base.cpuNs, counters.head.cpuNs].flatMap((ns) =>
    ns === undefined || paced.base.answered === 0 ? [] : [ns / paced.base.answered],
  );
  return {
    warmup: {
      seconds: (performance.now() - startedMs) / 1000,
      requests: first.base.planned + paced.base.planned,
      gcCycles: bothSides((side) => collected[side].gcCycles - before[side].gcCycles),
    },
    pace: {
      couplesPerSecond: paced.base.answered / Math.max(paced.wallSeconds, 1e-3),
      cpuNsPerRequest: cpu.length === 2 ? Math.max(...cpu) : null,
    },
    collected,
  };
};
