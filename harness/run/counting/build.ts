/** The binaries that are counted: built like the judged ones, with the random choices taken out of Go's runtime. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { GodynoError } from '../../errors.ts';
import { isTriedGo, steadyRuntime, type SteadyRuntime } from '../../exact/index.ts';
import type { BySide, Side } from '../../model/index.ts';
import {
  type Binary,
  firstFault,
  linkBinary,
  type PreparedBuild,
  type TargetFacts,
  whyGoIsFixed,
  whyRuntimeFails,
} from '../../service/index.ts';
import type { RunPlan } from '../session/plan.ts';
import type { Session } from '../session/session.ts';
import { prepareSide, tellStages } from '../session/side-build.ts';

/** For {@link buildInOwnTime}. */
export const FOR_EXACT_MODE = 'building for exact mode (the first time with a Go version, its standard library, too)';

/** Functions and lines are read from Go's own tables, calls from Go's own counters. */
export const FOR_COUNTING = { linkSeed: null, cpus: null, contents: 'no debug information' } as const;

/** The user's planted overlay, if any, with the runtime's patches: `go build` takes one overlay only. */
const overlayWith = (planted: string | null, replace: Readonly<Record<string, string>>, file: string): string => {
  const own =
    planted === null ? {} : (JSON.parse(readFileSync(planted, 'utf8')) as { Replace?: Record<string, string> });
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify({ Replace: { ...own.Replace, ...replace } }));
  return file;
};

export interface ExactBinaries {
  readonly binaries: BySide<Binary>;
  /** Why the runtime's random choices are in; null when they were taken out. */
  readonly unsteadyReason: string | null;
}

const workDirOf = (plan: RunPlan): string => join(plan.workDir, 'exact');

/** The build's own Go, patched; a string says why it cannot be. `folder` is ours to write into. */
export const steadyGo = async (
  build: PreparedBuild,
  folder: string,
  signal: AbortSignal,
): Promise<SteadyRuntime | string> => {
  const { goEnv, goVersion } = build.facts;
  const steady = steadyRuntime(goEnv['GOROOT'] ?? '', folder);
  if (typeof steady === 'string') return `${goVersion}: ${steady}`;
  const fixed = await whyGoIsFixed(build, folder, signal);
  if (fixed !== null) return `${goVersion}: ${fixed}`;
  if (isTriedGo(goVersion)) return steady;
  const fault = await whyRuntimeFails(build, steady.overlayFile, signal);
  return fault === null ? steady : `${goVersion} does not compile with the patches: ${fault}`;
};

const steadyOf = async (plan: RunPlan, build: PreparedBuild, side: Side): Promise<SteadyRuntime | string> =>
  steadyGo(build, join(workDirOf(plan), 'runtime', side), plan.signal);

/**
 * Binaries of their own, each side by its own Go, with the runtime's random choices taken out where both can be patched: one side
 * patched and the other not would differ by the patches.
 */
export const buildExact = async ({ plan, prepared }: Session): Promise<ExactBinaries> => {
  const steady = {
    base: await steadyOf(plan, prepared.base, 'base'),
    head: await steadyOf(plan, prepared.head, 'head'),
  };
  const reasons = new Set([steady.base, steady.head].filter((one) => typeof one === 'string'));
  const linked = async (unsteadyReason: string | null): Promise<ExactBinaries> => {
    const build = async (side: Side): Promise<PreparedBuild> =>
      buildCounted(plan, prepared[side].facts, side, unsteadyReason ?? steady[side]);
    const builds = { base: await build('base'), head: await build('head') };
    const link = async (side: Side): Promise<Binary> =>
      linkBinary(builds[side], { ...FOR_COUNTING, onStage: tellStages(plan, side) }, plan.signal);
    return { binaries: { base: await link('base'), head: await link('head') }, unsteadyReason };
  };
  if (reasons.size > 0) return linked([...reasons].join('; '));
  try {
    return await linked(null);
  } catch (error) {
    plan.signal.throwIfAborted();
    if (!(error instanceof GodynoError)) throw error;
    // What the runtime's own build cannot show: flags of the target that do not go with the patches.
    return linked(`${prepared.head.facts.goVersion} does not build with the patches: ${firstFault(error.message)}`);
  }
};

export interface ExactBuild {
  readonly build: PreparedBuild;
  readonly unsteadyReason: string | null;
}

/** One side's build with the runtime's patches and the user's planted overlay; linked by the caller. */
export const prepareExact = async (plan: RunPlan, prepared: PreparedBuild, side: Side): Promise<ExactBuild> => {
  const steady = await steadyOf(plan, prepared, side);
  const build = await buildCounted(plan, prepared.facts, side, steady);
  return { build, unsteadyReason: typeof steady === 'string' ? steady : null };
};

const buildCounted = async (
  plan: RunPlan,
  { go }: TargetFacts,
  side: Side,
  steady: SteadyRuntime | string,
): Promise<PreparedBuild> => {
  const workDir = workDirOf(plan);
  const planted = plan.overlays?.[side] ?? null;
  const overlay =
    typeof steady === 'string' ? planted : overlayWith(planted, steady.replace, join(workDir, `${side}.json`));
  return prepareSide(plan, side, { go, overlay, workDir });
};
