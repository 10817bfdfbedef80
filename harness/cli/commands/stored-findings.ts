/** What a stored base and a head that was measured at another time tell of each other, by the best of what both hold. */
import { compareStoredProfiles, type ScenarioFindings } from '../../compare/index.ts';
import type { StoredLaunches } from '../../model/index.ts';
import { compareCounts, type CountedRun } from '../../results/index.ts';

/** One of the two, with what was kept of it. */
export interface KeptRun extends CountedRun {
  readonly launches: StoredLaunches | null;
}

/** Counts depend on nothing and come first; profiles say what they cannot, and judge limits of functions. */
export const findingsBetween = (
  before: KeptRun,
  after: KeptRun,
  { counting }: { readonly counting: boolean },
): Partial<ScenarioFindings> => {
  const counted = counting ? compareCounts(before, after) : {};
  const sampled = profilesBetween(before, after);
  if (sampled === null) return counted;
  if (counted.exact?.refusal !== null || counted.attribution === undefined) return { ...counted, ...sampled };
  const { functionGates } = sampled;
  return { ...counted, ...(functionGates !== undefined && { functionGates }) };
};

const profilesBetween = (before: KeptRun, after: KeptRun): Partial<ScenarioFindings> | null => {
  if (before.launches === null || after.launches === null) return null;
  return compareStoredProfiles({
    before: before.launches,
    after: after.launches,
    modulePath: after.run.builds.head.modulePath || null,
    builds: { base: before.run.builds.head, head: after.run.builds.head },
    functionGates: after.run.scenario.functionGates,
  });
};
