/** One launch under an execution trace: what the requests of both sides wait for, at the rate at which latency is measured. */
import { bothSides, type Launch, SIDES } from '../../model/index.ts';
import { capturesOf, ENOUGH_TRACE_BYTES } from './captures.ts';
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

/** Nothing is in flight when the trace begins and when it ends, so that every request is in it whole. */
export const traceLaunch = async (session: Session, place: LaunchSpec, ratePerSecond: number): Promise<Launch> => {
  const startedMs = performance.now();
  const { loader, schedule } = place.lane;
  return withLivePair(session, place, async (live) => {
    const warmed = await warmAtRate(session, live, ratePerSecond);
    await restPoint(live);
    const captures = bothSides((side) => capturesOf(session, place.index, side, live.sides[side]));
    const isOn = await askBoth(live, async (side) => captures[side].beginTrace());
    const traced = SIDES.filter((side) => isOn[side]);
    const parts = Math.round(tracedSeconds(ratePerSecond) / PART_SECONDS);
    const begunMs = performance.now();
    // Answers that take long make parts longer than they were meant to be.
    const hasTime = (): boolean => performance.now() - begunMs < TRACED.mostSeconds * 1000;
    for (let part = 0; part < parts && traced.length === SIDES.length && hasTime(); part++) {
      const load = await loader.latency({ first: schedule.next, seconds: PART_SECONDS, ratePerSecond });
      schedule.next = load.next;
      const bytes = await Promise.all(traced.map(async (side) => captures[side].traceBytes()));
      if (Math.max(...bytes) > ENOUGH_TRACE_BYTES) break;
    }
    for (const side of traced) await captures[side].endTrace();
    return {
      index: place.index,
      stage: 'trace',
      linkSeed: place.linked.linkSeed,
      firstSide: place.firstSide,
      startSeconds: live.startSeconds,
      warmup: { ...warmed, gcCycles: { base: 0, head: 0 } },
      wallSeconds: (performance.now() - startedMs) / 1000,
      pairs: [],
      sides: bothSides((side) => ({
        pid: live.sides[side].target.servingPids[0],
        growth: null,
        profiles: captures[side].refs(),
        profiled: { requests: 0 },
      })),
    };
  });
};
