/** The profiles of a run, merged over its launches, one file per scenario, side and kind. */
import type { Launch, ProfileKind, RunFile, ScenarioRun, Side } from '../model/index.ts';
import { SIDES } from '../model/index.ts';
import { encodeProfile, mergeProfiles, type Profile, withCallPaths, withoutAgent } from '../profile/index.ts';
import { folderOf } from '../run/index.ts';
import { openFile, openProfile, type ReadFile } from './read-profile.ts';

export interface MergedProfile {
  readonly scenario: string;
  readonly side: Side;
  readonly kind: ProfileKind;
  readonly bytes: Uint8Array;
  /** Place below the output folder (docs/files.md). */
  readonly file: string;
}

const kindsOf = (run: ScenarioRun, side: Side): readonly ProfileKind[] => [
  ...new Set(run.launches.flatMap(({ sides }) => Object.keys(sides[side].profiles) as ProfileKind[])),
];

/** Launches of one sampling rate: those that counted more or all allocations cannot be added to the others. */
export const sampledLaunches = (run: ScenarioRun): readonly Launch[] =>
  run.launches.filter(({ stage }) => stage !== 'capture' && stage !== 'growth');

/**
 * The launches whose profiles of a kind explain, for the sentence and the page alike. Allocation sites counted one by
 * one (stage `capture`) make sampled ones superfluous; and what is held after the many requests of a growth launch tells
 * more than what short launches hold.
 */
export const launchesExplaining = (run: ScenarioRun, kind: ProfileKind): readonly Launch[] => {
  const better = run.launches.filter(
    ({ stage, sides }) =>
      (stage === 'capture' && kind === 'allocs') || (stage === 'growth' && kind in sides.head.profiles),
  );
  return better.length > 0 ? better : sampledLaunches(run);
};

/** Goroutines that can never wake are told by growth launches alone, by their count, which no rate spoils. */
export const launchesWith = (run: ScenarioRun, kind: ProfileKind): readonly Launch[] =>
  kind === 'goroutineleak' ? run.launches.filter(({ stage }) => stage === 'growth') : sampledLaunches(run);

export interface CountedSide {
  readonly profile: Profile;
  /** Counted in all launches together. */
  readonly requests: number;
  /** CPU samples that call paths were taken from; 0: there are none. */
  readonly pathSamples: number;
}

/**
 * The instructions of all exact launches of a side, with the callers that its CPU profiles know; null where none were
 * counted.
 */
export const countedSide = async (run: ScenarioRun, side: Side, read: ReadFile): Promise<CountedSide | null> => {
  const parts: Profile[] = [];
  let requests = 0;
  for (const launch of run.exact?.launches.filter((each) => each.side === side) ?? []) {
    const profile = await openFile(launch.profile, 'instructions', read);
    if (profile === null) continue;
    parts.push(profile);
    requests += launch.requests;
  }
  if (parts.length === 0) return null;
  const counted = mergeProfiles(parts);
  const sampled = await sampledProfiles(run, side, 'cpu', read);
  if (sampled.length === 0) return { profile: counted, requests, pathSamples: 0 };
  const { profile, samples } = withCallPaths(counted, mergeProfiles(sampled));
  return { profile, requests, pathSamples: samples };
};

const sampledProfiles = async (
  run: ScenarioRun,
  side: Side,
  kind: ProfileKind,
  read: ReadFile,
): Promise<readonly Profile[]> => {
  const parts: Profile[] = [];
  for (const launch of launchesWith(run, kind)) {
    const ref = launch.sides[side].profiles[kind];
    const profile = ref === undefined ? null : await openProfile(ref, kind, read);
    // The originals beside it keep what the agent itself has cost.
    if (profile !== null) parts.push(withoutAgent(profile));
  }
  return parts;
};

const mergeKind = async (
  run: ScenarioRun,
  side: Side,
  kind: ProfileKind,
  read: ReadFile,
): Promise<Uint8Array | null> => {
  const parts = await sampledProfiles(run, side, kind, read);
  return parts.length === 0 ? null : encodeProfile(mergeProfiles(parts));
};

export const mergedProfiles = async (file: RunFile, read: ReadFile): Promise<readonly MergedProfile[]> => {
  const merged: MergedProfile[] = [];
  for (const run of file.runs) {
    for (const side of SIDES) {
      const scenario = run.scenario.name;
      const add = (kind: ProfileKind, bytes: Uint8Array | null): void => {
        if (bytes === null) return;
        merged.push({ scenario, side, kind, bytes, file: `profiles/${folderOf(scenario)}/${side}/${kind}.pb.gz` });
      };
      for (const kind of kindsOf(run, side)) add(kind, await mergeKind(run, side, kind, read));
      const counted = await countedSide(run, side, read);
      add('instructions', counted === null ? null : encodeProfile(counted.profile));
    }
  }
  return merged;
};
