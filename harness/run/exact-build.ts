/** The binaries that are counted: built like the judged ones, with the dice taken out of Go's runtime. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { steadyRuntime } from '../exact/index.ts';
import { type BySide, type Side } from '../model/index.ts';
import { type Binary, linkBinary, prepareBuild, type PreparedBuild } from '../target/index.ts';
import type { RunPlan } from './plan.ts';
import type { Session } from './session.ts';

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
  /** Why the runtime's dice are in; null when they were taken out. */
  readonly unsteadyReason: string | null;
}

/** Binaries of their own, with the runtime's dice taken out where this Go can be patched. */
export const buildExact = async (session: Session): Promise<ExactBinaries> => {
  const goroot = session.prepared.head.facts.goEnv['GOROOT'] ?? '';
  const base = await prepareExact(session.plan, goroot, 'base');
  const head = await prepareExact(session.plan, goroot, 'head');
  const link = async ({ build }: ExactBuild): Promise<Binary> =>
    linkBinary(build, { linkSeed: null, cpus: null }, session.plan.signal);
  return { binaries: { base: await link(base), head: await link(head) }, unsteadyReason: head.unsteadyReason };
};

export interface ExactBuild {
  readonly build: PreparedBuild;
  readonly unsteadyReason: string | null;
}

/** One side's build with the runtime's patches and the user's planted overlay; linked by the caller. */
export const prepareExact = async (plan: RunPlan, goroot: string, side: Side): Promise<ExactBuild> => {
  const workDir = join(plan.workDir, 'exact');
  const steady = steadyRuntime(goroot, join(workDir, 'runtime'));
  const planted = plan.overlays?.[side] ?? null;
  const overlay =
    typeof steady === 'string' ? planted : overlayWith(planted, steady.replace, join(workDir, `${side}.json`));
  const build = await prepareBuild({
    side,
    sourceDir: plan.trees[side].rootDir,
    moduleDir: plan.trees[side].moduleDir,
    revision: plan.trees[side].revision,
    spec: plan.scenario.target,
    overlay,
    workDir,
    signal: plan.signal,
  });
  return { build, unsteadyReason: typeof steady === 'string' ? steady : null };
};
