/** Which launches of a run say what: chosen once, for sentences, tables and graphs alike. */
import { CAPTURES, profileKind, stagesTaking } from '../metrics/index.ts';
import type { CaptureId, CostKind, Launch, ProfileKind, ScenarioRun, Stage } from '../model/index.ts';

/** Captures that sample more finely than all other launches, so that they cannot be added to these. */
const FINER: Partial<Readonly<Record<Stage, CaptureId>>> = { capture: 'allocations', growth: 'growth' };

/** Launches of one sampling rate. */
const sampledLaunches = (run: ScenarioRun): readonly Launch[] =>
  run.launches.filter(({ stage }) => FINER[stage] === undefined);

const takesFiner = ({ stage, sides }: Launch, kind: ProfileKind): boolean => {
  const capture = FINER[stage];
  const takes: readonly CostKind[] = capture === undefined ? [] : CAPTURES[capture].takes;
  return kind in sides.head.profiles && takes.some((each) => profileKind(each).file === kind);
};

/**
 * The launches whose profiles of a kind explain. Allocation sites counted one by one make sampled ones superfluous; and
 * what is held after the many requests of a growth launch tells more than what short launches hold.
 */
export const launchesExplaining = (run: ScenarioRun, kind: ProfileKind): readonly Launch[] => {
  const finer = run.launches.filter((launch) => takesFiner(launch, kind));
  return finer.length > 0 ? finer : sampledLaunches(run);
};

/** The launches that the stored profile of a kind is merged from: finer ones only of a kind that no other launch takes. */
export const launchesMerged = (run: ScenarioRun, kind: ProfileKind): readonly Launch[] => {
  const taking = stagesTaking(kind);
  const isFine = taking.length > 0 && taking.every((stage) => FINER[stage] !== undefined);
  return isFine ? run.launches.filter(({ stage }) => taking.includes(stage)) : sampledLaunches(run);
};
