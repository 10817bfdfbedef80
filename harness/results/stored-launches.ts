/** Profiles of a run's launches, to be kept with a baseline and compared with those that were kept. */
import { type CostProfile, KEPT_FILES, KEPT_KINDS, keepLaunches, type LaunchToKeep } from '../compare/index.ts';
import { counterPerRequest, countedPairs, profileKind } from '../metrics/index.ts';
import {
  type Launch,
  type ProfileKind,
  type RunFile,
  type ScenarioRun,
  type Side,
  SIDES,
  type StoredLaunches,
  type StoredSpan,
} from '../model/index.ts';
import type { Profile } from '../profile/index.ts';
import { type KindEvidence, openKind } from './evidence.ts';
import { launchesMerged } from './launches.ts';
import type { ReadFile } from './profile-files.ts';

interface MutableLaunch extends LaunchToKeep {
  readonly kinds: Partial<Record<CostProfile, StoredSpan>>;
  readonly profiles: Map<ProfileKind, Profile>;
}

const spanOf = (kind: CostProfile, launch: Launch, side: Side, requests: number): StoredSpan => {
  const { counter } = profileKind(kind);
  const perRequest = counter === null ? undefined : counterPerRequest(countedPairs(launch, 'cost'), side, counter);
  return { requests, ...(perRequest !== undefined && { perRequest }) };
};

const addKind = (
  run: ScenarioRun,
  evidence: KindEvidence,
  sides: readonly Side[],
  found: Map<string, MutableLaunch>,
): void => {
  for (const launch of launchesMerged(run, evidence.file)) {
    for (const side of sides) {
      const open = evidence.of(launch, side);
      if (open === null) continue;
      const key = `${launch.index} ${side}`;
      const kept = found.get(key) ?? { kinds: {}, profiles: new Map<ProfileKind, Profile>() };
      found.set(key, kept);
      kept.profiles.set(evidence.file, open.profile);
      for (const kind of KEPT_KINDS.filter((each) => profileKind(each).file === evidence.file))
        kept.kinds[kind] = spanOf(kind, launch, side, open.requests);
    }
  }
};

/** Both sides of a run that measured one program: then both are head. */
const sidesOfHead = ({ base, head }: RunFile): readonly Side[] => (base.revision === head.revision ? SIDES : ['head']);

/** Of head, behind what `known` holds of it; null: there are no profiles. */
export const headLaunches = async (
  file: RunFile,
  run: ScenarioRun,
  read: ReadFile,
  known: StoredLaunches | null = null,
): Promise<StoredLaunches | null> => {
  const found = new Map<string, MutableLaunch>();
  for (const kind of KEPT_FILES) addKind(run, await openKind(run, kind, read), sidesOfHead(file), found);
  const { createdAt, seed } = file;
  return keepLaunches(known, run.scenario.name, { createdAt, seed }, [...found.values()]);
};
