/** A side of a plan as it is built: the same source and target whatever is laid over it. */
import { type Side, targetOf } from '../../model/index.ts';
import { type OnStage, prepareBuild, type PreparedBuild } from '../../service/index.ts';
import type { RunPlan } from './plan.ts';

type Changes = Partial<Omit<Parameters<typeof prepareBuild>[0], 'side' | 'spec' | 'onStage' | 'signal'>>;

/** Tells what a build of the side is at that begins now. */
export const tellStages = ({ onProgress }: RunPlan, side: Side): OnStage => {
  const begunMs = performance.now();
  return (stage) => onProgress({ kind: 'build stage', side, stage, seconds: (performance.now() - begunMs) / 1000 });
};

/** `changes`: what differs from the build that is measured. Throws what {@link prepareBuild} throws. */
export const prepareSide = async (plan: RunPlan, side: Side, changes: Changes = {}): Promise<PreparedBuild> => {
  const { rootDir, moduleDir, runDir, added, revision } = plan.trees[side];
  return prepareBuild({
    side,
    sourceDir: rootDir,
    moduleDir,
    runDir,
    added,
    revision,
    spec: targetOf(plan.scenario.target, side),
    overlay: plan.overlays?.[side] ?? null,
    workDir: plan.workDir,
    onStage: tellStages(plan, side),
    signal: plan.signal,
    ...changes,
  });
};
