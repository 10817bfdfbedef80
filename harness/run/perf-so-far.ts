/** What a run knows of Linux perf: whether it can be had, whether it is worth asking, and what it has said so far. */
import { SIDES, type StopReason } from '../model/index.ts';
import type { PerfSoFar } from './diagnosis.ts';
import { hasHiddenGrowth } from './hidden-cpu.ts';
import { findPerf, isPerfMissing, type PerfTool } from './launch/perf-tool.ts';
import type { Session } from './session/session.ts';

export const perfNotTold = (why: string): string => `What C and the kernel take of a request is not known: ${why}.`;

/** Tried once; where it cannot be had, the report says why and what to do. */
export const findPerfOrNote = async ({ plan, notes }: Session): Promise<PerfTool> => {
  const tool = await findPerf(plan.workDir, plan.signal);
  if (isPerfMissing(tool)) notes.add(`${perfNotTold(tool.reason)} ${tool.hint}`);
  return tool;
};

interface PerfProgress {
  readonly stop: StopReason | null;
  readonly perf: PerfTool | null;
  isHidden: boolean | null;
}

/** Launches in which perf said nothing of a side; more of them would not either. */
const hasFailed = ({ launches }: Session): boolean =>
  launches.some(
    ({ stage, sides }) => stage === 'perf' && SIDES.some((side) => sides[side].profiles.perf === undefined),
  );

/** Kept once it is known: profiles of judged launches do not change any more. */
const hiddenIn = ({ launches, plan }: Session, progress: PerfProgress, isCalledFor: () => boolean): boolean => {
  if (progress.stop === null || !isCalledFor()) return false;
  progress.isHidden ??= hasHiddenGrowth(launches, plan.outDir);
  return progress.isHidden;
};

export const perfSoFar = (session: Session, progress: PerfProgress, isCalledFor: () => boolean): PerfSoFar => {
  const { measure } = session.plan.scenario;
  const mode = measure.perf ?? 'auto';
  const isMissing = hasFailed(session) || (progress.perf !== null && isPerfMissing(progress.perf));
  return {
    mode: session.settings.mode === 'alternate' ? 'off' : mode,
    tool: isMissing ? 'missing' : progress.perf === null ? 'unknown' : 'found',
    done: session.launches.filter(({ stage, sides }) => stage === 'perf' && 'perf' in sides.head.profiles).length,
    isHidden: mode === 'auto' && measure.explain && hiddenIn(session, progress, isCalledFor),
  };
};
