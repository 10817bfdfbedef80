/** How both sides can be alive on this machine, by starting them as the first launch of a run does. For `doctor`. */
import { TargetStartError } from '../errors.ts';
import { type BySide, bothSides, type Side } from '../model/index.ts';
import { type Binary, linkBinary, linkUnlessSame } from '../service/index.ts';
import { howItFailed } from './launch/either-way.ts';
import { launchSpecOf, withLivePair } from './launch/running-pair.ts';
import { insistedOn } from './session/insisted-ports.ts';
import { prepareSides, withSession } from './run-scenario.ts';
import { ContendedPortsError, moveIfNew, takenPortsIn } from './session/contended-ports.ts';
import { oneAtATimeNote } from './session/one-at-a-time.ts';
import type { RunPlan } from './session/plan.ts';
import type { Session } from './session/session.ts';

export type WayOfSides =
  /** Side by side; `moved`: ports that the service insists on, and that each side has elsewhere. */
  | {
      readonly kind: 'together';
      readonly moved: readonly number[];
      readonly startSeconds: number;
      /** Launches that a run would have at the same time. */
      readonly launchesAtOnce: number;
      /** What a report would have to say of it. */
      readonly notes: readonly string[];
    }
  | { readonly kind: 'alternate'; readonly why: string };

/**
 * Starts both sides at once, with ports moved where both ask for the same. `rehearsed`: what `rehearse` linked for each.
 * Throws what starting throws where the scenario forbids other ways; stops what it started.
 */
export const wayOfSides = async (plan: RunPlan, rehearsed: BySide<Binary>): Promise<WayOfSides> => {
  if (plan.scenario.target.sides === 'alternate') return { kind: 'alternate', why: 'the scenario says so' };
  let moved = insistedOn(plan.scenario);
  let binaries = rehearsed;
  for (;;) {
    try {
      return await startBoth(plan, binaries, moved);
    } catch (error) {
      if (!(error instanceof ContendedPortsError)) throw error;
      moved = [...moved, ...error.ports];
      binaries = await linkMoving(plan, binaries);
    }
  }
};

/** Builds anew, so that ports can be moved. */
const linkMoving = async (plan: RunPlan, before: BySide<Binary>): Promise<BySide<Binary>> => {
  const prepared = await prepareSides(plan, true);
  const asBefore = (side: Side) => ({
    linkSeed: before[side].linkSeed,
    cpus: null,
    contents: 'no debug information' as const,
  });
  const base = await linkBinary(prepared.base, asBefore('base'), plan.signal);
  return { base, head: await linkUnlessSame(prepared.head, asBefore('head'), base, plan.signal) };
};

const startBoth = async (plan: RunPlan, binaries: BySide<Binary>, moved: readonly number[]): Promise<WayOfSides> => {
  const prepared = bothSides((side) => binaries[side].build);
  return withSession(plan, prepared, moved, async (session) => {
    const unmovable = prepared.base.unmovable ?? prepared.head.unmovable;
    if (session.settings.mode === 'alternate') {
      return { kind: 'alternate', why: `port ${moved.join(', ')} cannot be moved: ${unmovable ?? 'unknown'}` };
    }
    const { oneLaneReason } = plan.cpus;
    const before = new Set(session.notes);
    if (oneLaneReason !== null) before.delete(oneAtATimeNote(oneLaneReason));
    try {
      const place = launchSpecOf(session, 1, { linkSeed: binaries.head.linkSeed, binaries });
      const startSeconds = await withLivePair(session, place, async (live) => Promise.resolve(live.startSeconds));
      const notes = [...session.notes].filter((note) => !before.has(note));
      return { kind: 'together', moved: session.movedPorts, startSeconds, launchesAtOnce: session.lanes.length, notes };
    } catch (error) {
      return { kind: 'alternate', why: whyNotTogether(session, error) };
    }
  });
};

/** Throws what is to be thrown, or a reason to build anew. */
const whyNotTogether = (session: Session, error: unknown): string => {
  if (!(error instanceof TargetStartError) || error instanceof ContendedPortsError) throw error;
  moveIfNew(session, takenPortsIn(error.message));
  if (session.plan.scenario.target.sides !== 'auto') throw error;
  return howItFailed(error.message);
};
