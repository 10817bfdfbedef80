/** Which launches of a run say what: chosen once, for sentences, tables and graphs alike. */
import type { Launch, ProfileKind, ScenarioRun } from '../model/index.ts';

/** Launches of one sampling rate: those that counted more or all allocations cannot be added to the others. */
const sampledLaunches = (run: ScenarioRun): readonly Launch[] =>
  run.launches.filter(({ stage }) => stage !== 'capture' && stage !== 'growth');

/**
 * The launches whose profiles of a kind explain. Allocation sites counted one by one (stage `capture`) make sampled ones
 * superfluous; and what is held after the many requests of a growth launch tells more than what short launches hold.
 */
export const launchesExplaining = (run: ScenarioRun, kind: ProfileKind): readonly Launch[] => {
  const better = run.launches.filter(
    ({ stage, sides }) =>
      (stage === 'capture' && kind === 'allocs') || (stage === 'growth' && kind in sides.head.profiles),
  );
  return better.length > 0 ? better : sampledLaunches(run);
};

/** The launches that the stored profile of a kind is merged from; only growth launches know stuck goroutines. */
export const launchesMerged = (run: ScenarioRun, kind: ProfileKind): readonly Launch[] =>
  kind === 'goroutineleak' ? run.launches.filter(({ stage }) => stage === 'growth') : sampledLaunches(run);
