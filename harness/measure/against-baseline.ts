/**
 * `--base baseline`: a baseline is a pointer first. When the history holds its commit, that commit is built again and
 * measured side by side; when not, the stored figures decide what survives a change of time or machine.
 */
import { findBaseline, loadBaseline, type Baseline } from '../baseline/index.ts';
import { hostEnvironment } from '../capture/index.ts';
import { UsageError } from '../errors.ts';
import type { Scenario } from '../model/index.ts';
import { fetchLine, findRepository, resolveCommit } from '../source/index.ts';
import { LOADER } from './measure.ts';

export type BaselinePlan =
  | { readonly kind: 'rebuild'; readonly commit: string }
  | { readonly kind: 'stored'; readonly baselines: readonly Baseline[]; readonly reason: string };

/** Throws UsageError when a scenario has no usable baseline, or with `required` when its commit cannot be had. */
export const planAgainstBaseline = async (
  scenarios: readonly Scenario[],
  dir: string,
  history: 'required' | 'wished',
  signal: AbortSignal,
): Promise<BaselinePlan> => {
  const { fingerprint } = hostEnvironment(LOADER, process.env);
  const baselines: Baseline[] = [];
  for (const { name, digest } of scenarios) {
    const found = await findBaseline({ dir, scenario: name, digest, fingerprint });
    if (found.kind === 'none') {
      throw new UsageError(
        'NO_BASELINE',
        `--base baseline: ${found.reason}`,
        'Record one: godyno baseline record, on the commit to compare with.',
      );
    }
    baselines.push(await loadBaseline(found.entry.path));
  }
  const lost = await whyNotRebuilt(baselines, signal);
  const commit = baselines[0]?.entry.commit;
  if (lost === null && commit !== null && commit !== undefined) return { kind: 'rebuild', commit };
  const reason = lost ?? 'the baseline has no commit of its own';
  if (history === 'required') {
    throw new UsageError(
      'BASE_HISTORY_MISSING',
      `--base-required: ${reason}`,
      'Fetch the history, or leave --base-required out to compare stored figures.',
    );
  }
  return { kind: 'stored', baselines, reason };
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
