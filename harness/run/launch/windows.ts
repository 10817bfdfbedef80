/**
 * One pair of windows: the loader's requests between two drained edges, both sides' counters, and what else the
 * machine did meanwhile.
 */
import { type Edge, type HostEdge, hostWindow, readEdge, readHostEdge, windowCounters } from '../../capture/index.ts';
import { discardReason } from '../../compare/index.ts';
import type { PairLoad } from '../../load/index.ts';
import { type BySide, bothSides, type Pair, type WindowCounters } from '../../model/index.ts';
import type { LivePair } from './running-pair.ts';
import type { Session } from '../session/session.ts';

/** Both sides at rest. */
export interface RestPoint {
  readonly edge: Edge;
  readonly host: HostEdge;
}

export const restPoint = async (live: LivePair): Promise<RestPoint> => {
  const { base, head } = live.sides;
  const edge = await readEdge({ base: base.edge, head: head.edge }, live.draw());
  return { edge, host: readHostEdge([process.pid, live.place.lane.loader.pid, base.target.pid, head.target.pid]) };
};

export interface MeasuredPair {
  readonly pair: Pair;
  readonly end: RestPoint;
  /** A side stopped answering; more windows of this launch would only wait for it. */
  readonly gaveUp: boolean;
}

/** Counters that only some phases have. */
export type ExtraCounters = BySide<Partial<WindowCounters>>;

const NOTHING: ExtraCounters = { base: {}, head: {} };

/** Runs `send` from `start` to the next rest point and makes a pair of it. */
export const measurePair = async (
  session: Session,
  live: LivePair,
  start: RestPoint,
  named: Pick<Pair, 'index' | 'phase' | 'route'>,
  send: () => Promise<PairLoad>,
  afterwards: () => Promise<ExtraCounters> = async () => NOTHING,
): Promise<MeasuredPair> => {
  const load = await send();
  live.place.lane.schedule.next = load.next;
  const end = await restPoint(live);
  const extra = await afterwards();
  const own = bothSides((side) => {
    const { ownMallocs: mallocs, ownBytes: bytes } = live.sides[side].agent.hello;
    return { mallocs, bytes };
  });
  const counters = windowCounters(start.edge, end.edge, own);
  if (counters.note !== null) session.notes.add(counters.note);
  const host = hostWindow(start.host, end.host);
  const base = { ...load.base, counters: { ...counters.base, ...extra.base } };
  const head = { ...load.head, counters: { ...counters.head, ...extra.head } };
  const pair: Pair = {
    ...named,
    discarded: load.cutShort ?? discardReason(host, base, head),
    wallSeconds: load.wallSeconds,
    host,
    loader: load.loader,
    base,
    head,
  };
  return { pair, end, gaveUp: load.cutShort !== null };
};
