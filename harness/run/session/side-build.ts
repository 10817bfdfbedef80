/** A side of a plan as it is built: the same source and target whatever is laid over it. */
import { type Side, targetOf } from '../../model/index.ts';
import { prepareBuild, type PreparedBuild } from '../../service/index.ts';
import type { RunPlan } from './plan.ts';

type Changes = Partial<Omit<Parameters<typeof prepareBuild>[0], 'side' | 'spec' | 'signal'>>;

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
    signal: plan.signal,
    ...changes,
  });
};
