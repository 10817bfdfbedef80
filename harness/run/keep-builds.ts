/** What a baseline keeps of a side to be linked from again: both builds of it, judged and counted. */
import { GodynoError } from '../errors.ts';
import { compileToKeep, type LinkStep, type PreparedBuild } from '../service/index.ts';
import { FOR_EXACT_MODE, prepareExact } from './counting/build.ts';
import type { KeptBuilds, RunPlan } from './session/plan.ts';
import { linkSeedOf } from './session/seeds.ts';

/** `step`: of its first link. What cannot be kept is said, and costs the run nothing. */
export const keepBuilds = async (
  plan: RunPlan,
  { prepared, step }: { readonly prepared: PreparedBuild; readonly step: LinkStep | null },
  movesPorts: boolean,
): Promise<void> => {
  if (plan.keepBuilds === undefined) return;
  try {
    const linkSeed = prepared.facts.unseededReason === null ? linkSeedOf(plan.seed, 1) : null;
    const judged = await compileToKeep(prepared, { linkSeed, movesPorts, step }, plan.signal);
    await plan.keepBuilds({ judged, ...(await countedOf(plan, prepared)) });
  } catch (error) {
    plan.onProgress({ kind: 'note', text: `no bundle is kept of it: ${messageOf(plan, error)}` });
  }
};

const countedOf = async (
  plan: RunPlan,
  prepared: PreparedBuild,
): Promise<Pick<KeptBuilds, 'counted' | 'countedReason'>> => {
  if (plan.scenario.measure.exact === 'off') return { counted: null, countedReason: 'exact mode is off' };
  plan.onProgress({ kind: 'note', text: FOR_EXACT_MODE });
  try {
    const { build, unsteadyReason } = await prepareExact(plan, prepared, 'head');
    const compiled = await compileToKeep(build, { linkSeed: null, movesPorts: false, step: null }, plan.signal);
    return { counted: { build: compiled, unsteadyReason }, countedReason: null };
  } catch (error) {
    return { counted: null, countedReason: messageOf(plan, error) };
  }
};

/** Throws what is no message to people, and when the run ends. */
const messageOf = ({ signal }: RunPlan, error: unknown): string => {
  signal.throwIfAborted();
  if (error instanceof GodynoError) return error.message.split('\n')[0] ?? error.message;
  throw error;
};
