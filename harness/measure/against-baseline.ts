/**
 * `--base baseline`: a baseline is a pointer first. When the history holds its commit, that commit is built again and
 * measured side by side; when not, the stored figures decide what survives a change of time or machine.
 */
import { findBaseline, loadBaseline, type Baseline } from '../baseline/index.ts';
import { type Bundle, findBundle, whyUnusable } from '../bundle/index.ts';
import { hostEnvironment } from '../capture/index.ts';
import { UsageError } from '../errors.ts';
import type { Scenario } from '../model/index.ts';
import { fetchLine, findRepository, resolveCommit } from '../source/index.ts';
import { LOADER } from './measure.ts';

export type BaselinePlan =
  | { readonly kind: 'rebuild'; readonly commit: string }
  /** `bundles`: by scenario. */
  | { readonly kind: 'relink'; readonly bundles: ReadonlyMap<string, Bundle>; readonly reason: string }
  | { readonly kind: 'stored'; readonly baselines: readonly Baseline[]; readonly reason: string };

export interface BaselineWish {
  readonly dir: string;
  readonly bundlesDir: string;
  readonly history: 'required' | 'wished';
}

/** Throws UsageError when a scenario has no usable baseline, or with `required` when its commit cannot be had. */
export const planAgainstBaseline = async (
  scenarios: readonly Scenario[],
  { dir, bundlesDir, history }: BaselineWish,
  signal: AbortSignal,
): Promise<BaselinePlan> => {
  const baselines: Baseline[] = [];
  for (const scenario of scenarios) baselines.push(await baselineOf(scenario, dir));
  const lost = await whyNotRebuilt(baselines, signal);
  const commit = baselines[0]?.entry.commit;
  if (lost === null && commit !== null && commit !== undefined) return { kind: 'rebuild', commit };
  const reason = lost ?? 'the baseline has no commit of its own';
  const bundles = await bundlesOf(baselines, bundlesDir, signal);
  if (typeof bundles !== 'string') return { kind: 'relink', bundles, reason };
  if (history === 'required') {
    throw new UsageError(
      'BASE_HISTORY_MISSING',
      `--base-required: ${reason}; ${bundles}`,
      'Fetch the history, restore the bundle of the baseline, or leave --base-required out to compare stored figures.',
    );
  }
  return { kind: 'stored', baselines, reason: `${reason}; ${bundles}` };
};

/** This machine's newest of the scenario as it is now, whole. Throws `NO_BASELINE`. */
export const baselineOf = async ({ name, digest }: Scenario, dir: string): Promise<Baseline> => {
  const { fingerprint } = hostEnvironment(LOADER, process.env);
  const found = await findBaseline({ dir, scenario: name, digest, fingerprint });
  if (found.kind === 'found') return loadBaseline(found.entry.path);
  throw new UsageError(
    'NO_BASELINE',
    `--base baseline: ${found.reason}`,
    'Record one: godyno baseline record, on the commit to compare with.',
  );
};

/** The baseline's bundle, or why it cannot be used, as a clause. Throws `BUNDLE_BROKEN` for one that is not what it says. */
export const bundleOf = async (
  { entry: { bundle: ref } }: Baseline,
  dir: string,
  signal: AbortSignal,
): Promise<Bundle | string> => {
  if (ref === null) return 'it has no bundle to be linked from';
  try {
    const bundle = await findBundle(dir, ref);
    return bundle === null ? `its bundle is not in ${dir}` : ((await whyUnusable(bundle, signal)) ?? bundle);
  } catch (error) {
    if (!(error instanceof UsageError) || error.code !== 'BUNDLE_OLDER') throw error;
    return 'its bundle is of an older godyno; make it anew: godyno baseline record';
  }
};

/** Every scenario's, or why one is not to be had. */
const bundlesOf = async (
  baselines: readonly Baseline[],
  dir: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Bundle> | string> => {
  const bundles = new Map<string, Bundle>();
  const revisions = new Set(baselines.map(({ entry }) => entry.revision.revision));
  if (revisions.size > 1) return 'their bundles are of different revisions';
  for (const baseline of baselines) {
    const bundle = await bundleOf(baseline, dir, signal);
    if (typeof bundle === 'string') return bundle;
    bundles.set(baseline.entry.scenario, bundle);
  }
  return bundles;
};

/** null: every baseline is of one commit, and git has it. */
const whyNotRebuilt = async (baselines: readonly Baseline[], signal: AbortSignal): Promise<string | null> => {
  const commits = [...new Set(baselines.map(({ entry }) => entry.commit))];
  const [commit] = commits;
  if (commits.length > 1) return 'the scenarios’ baselines are of different commits';
  if (commit === null || commit === undefined) return 'the baseline was recorded from a tree that is no commit';
  const repository = await findRepository(process.cwd(), signal);
  if (repository === null) return 'this is no git repository, so its commit cannot be built again';
  if ((await resolveCommit(repository, commit, signal)) !== null) return null;
  return `commit ${commit.slice(0, 12)} is not in this history; fetch it with: ${fetchLine(repository, commit)}`;
};
