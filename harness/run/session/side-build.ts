/** A side of a plan as it is built: the same source and target whatever is laid over it. */
import { BuildError } from '../../errors.ts';
import { type Side, targetOf } from '../../model/index.ts';
import {
  type CompiledBuild,
  type OnStage,
  prepareBuild,
  type PreparedBuild,
  prepareRelink,
} from '../../service/index.ts';
import type { RunPlan } from './plan.ts';

type Changes = Partial<Omit<Parameters<typeof prepareBuild>[0], 'side' | 'spec' | 'onStage' | 'signal'>>;

/** Judged by the clock, counted under an emulator, or with coverage counters: each is compiled otherwise. */
type Use = 'judged' | 'counted' | 'covered';

/** Tells what a build of the side is at that begins now. */
export const tellStages = ({ onProgress }: RunPlan, side: Side): OnStage => {
  const begunMs = performance.now();
  return (stage) => onProgress({ kind: 'build stage', side, stage, seconds: (performance.now() - begunMs) / 1000 });
};

/**
 * `changes`: what differs from the build that is measured; `use`: what it is for. Throws what {@link prepareBuild} throws, and where a
 * side was compiled before but not for this use.
 */
export const prepareSide = async (
  plan: RunPlan,
  side: Side,
  changes: Changes = {},
  use: Use = 'judged',
): Promise<PreparedBuild> => {
  if (plan.trees[side].compiled !== undefined) return relinkSide(plan, side, changes, use);
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

const keptFor = ({ trees }: RunPlan, side: Side, use: Use): CompiledBuild => {
  const { judged = null, counted = null } = trees[side].compiled ?? {};
  const kept = { judged, counted: counted?.build ?? null, covered: null }[use];
  if (kept !== null) return kept;
  const what = use === 'covered' ? 'with coverage counters' : 'for exact mode';
  throw new BuildError('NOT_IN_BUNDLE', `${side}: the bundle of the baseline has no build ${what}`, '');
};

const relinkSide = async (plan: RunPlan, side: Side, changes: Changes, use: Use): Promise<PreparedBuild> => {
  const compiled = keptFor(plan, side, use);
  const { moduleDir, runDir, compiled: kept } = plan.trees[side];
  const { workDir = plan.workDir, movesPorts = false } = changes;
  const build = await prepareRelink(compiled, {
    side,
    spec: targetOf(plan.scenario.target, side),
    moduleDir,
    runDir,
    workDir,
    cacheKey: `${kept?.key ?? ''}-${use}`,
    signal: plan.signal,
  });
  const unmoved = movesPorts && !compiled.movesPorts;
  return unmoved ? { ...build, unmovable: 'its baseline was recorded with its own ports' } : build;
};
