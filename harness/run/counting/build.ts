/** The binaries that are counted: built like the judged ones, with the random choices taken out of Go's runtime. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { BuildError, GodynoError } from '../../errors.ts';
import { isTriedGo, steadyRuntime, type SteadyRuntime } from '../../exact/index.ts';
import { type BySide, type Side, SIDES } from '../../model/index.ts';
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

/** `compiled before`: with the patches in it, of which nothing more has to be known. */
type Steady = SteadyRuntime | 'compiled before' | { readonly unsteadyReason: string };

const steadyOf = async (plan: RunPlan, build: PreparedBuild, side: Side): Promise<Steady> => {
  const { compiled } = plan.trees[side];
  if (compiled !== undefined) {
    const unsteadyReason = compiled.counted?.unsteadyReason ?? null;
    return unsteadyReason === null ? 'compiled before' : { unsteadyReason };
  }
  const steady = await steadyGo(build, join(workDirOf(plan), 'runtime', side), plan.signal);
  return typeof steady === 'string' ? { unsteadyReason: steady } : steady;
};

const reasonIn = (steady: Steady): string | null =>
  typeof steady === 'object' && 'unsteadyReason' in steady ? steady.unsteadyReason : null;

/**
 * Binaries of their own, each side by its own Go, with the runtime's random choices taken out where both can be patched: one side
 * patched and the other not would differ by the patches.
 */
export const buildExact = async ({ plan, prepared }: Session): Promise<ExactBinaries> => {
  const steady = {
    base: await steadyOf(plan, prepared.base, 'base'),
    head: await steadyOf(plan, prepared.head, 'head'),
  };
  const reasons = new Set([steady.base, steady.head].map(reasonIn).filter((reason) => reason !== null));
  const linked = async (unsteadyReason: string | null): Promise<ExactBinaries> => {
    requireAlike(steady, unsteadyReason);
    const build = async (side: Side): Promise<PreparedBuild> =>
      buildCounted(
        plan,
        prepared[side].facts,
        side,
        unsteadyReason === null || steady[side] === 'compiled before' ? steady[side] : { unsteadyReason },
      );
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
    if (!(error instanceof GodynoError) || error.code === 'NOT_IN_BUNDLE') throw error;
    // What the runtime's own build cannot show: flags of the target that do not go with the patches.
    return linked(`${prepared.head.facts.goVersion} does not build with the patches: ${firstFault(error.message)}`);
  }
};

/** What was compiled with the patches stays so: beside a side without them it would differ by them. */
const requireAlike = (steady: BySide<Steady>, unsteadyReason: string | null): void => {
  const side = SIDES.find((one) => steady[one] === 'compiled before');
  if (side === undefined || unsteadyReason === null) return;
  throw new BuildError(
    'NOT_IN_BUNDLE',
    `${side}: the baseline’s build for exact mode has Go’s random choices taken out, and the other side’s has not: ${unsteadyReason}`,
    '',
  );
};

export interface ExactBuild {
  readonly build: PreparedBuild;
  readonly unsteadyReason: string | null;
}

/** One side's build with the runtime's patches and the user's planted overlay; linked by the caller. */
export const prepareExact = async (plan: RunPlan, prepared: PreparedBuild, side: Side): Promise<ExactBuild> => {
  const steady = await steadyOf(plan, prepared, side);
  const build = await buildCounted(plan, prepared.facts, side, steady);
  return { build, unsteadyReason: reasonIn(steady) };
};

const buildCounted = async (plan: RunPlan, { go }: TargetFacts, side: Side, steady: Steady): Promise<PreparedBuild> => {
  const workDir = workDirOf(plan);
  const planted = plan.overlays?.[side] ?? null;
  const overlay =
    typeof steady === 'object' && 'replace' in steady
      ? overlayWith(planted, steady.replace, join(workDir, `${side}.json`))
      : planted;
  return prepareSide(plan, side, { go, overlay, workDir }, 'counted');
};
