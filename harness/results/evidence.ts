/**
 * The profiles of a run, each file opened and decoded once. Kinds come one after the other, so that no more than one
 * kind's launches are in memory at a time.
 */
import {
  type BySide,
  bothSides,
  type Launch,
  type ProfileKind,
  PROFILE_FILES,
  type ScenarioRun,
  type Side,
  SIDES,
} from '../model/index.ts';
import { mergeProfiles, type Profile, withoutAgent } from '../profile/index.ts';
import { launchesExplaining, launchesMerged } from './launches.ts';
import { openProfile, type ReadFile } from './profile-files.ts';

export interface OpenProfile {
  /** Without godyno's own agent; the originals keep what that has cost. */
  readonly profile: Profile;
  /** Requests answered in its span. */
  readonly requests: number;
}

/** One kind's profiles by launch; a side without one, or with one that cannot be read, has none here. */
export interface KindEvidence {
  readonly file: ProfileKind;
  readonly explaining: readonly Launch[];
  readonly of: (launch: Launch, side: Side) => OpenProfile | null;
  /** Of the launches that are stored as one file; null: there are none. */
  readonly merged: BySide<Profile | null>;
  /** Of the explaining launches that have both sides; null: there are none. */
  readonly explained: BySide<Profile> | null;
}

/** The same parts are merged once, whoever asks. */
const mergerOnce = () => {
  const known: { readonly parts: readonly Profile[]; readonly merged: Profile }[] = [];
  return (parts: readonly Profile[]): Profile | null => {
    if (parts.length === 0) return null;
    const same = known.find(
      (each) => each.parts.length === parts.length && each.parts.every((part, i) => part === parts[i]),
    );
    if (same !== undefined) return same.merged;
    const merged = mergeProfiles(parts);
    known.push({ parts, merged });
    return merged;
  };
};

export const openKind = async (run: ScenarioRun, file: ProfileKind, read: ReadFile): Promise<KindEvidence> => {
  const explaining = launchesExplaining(run, file);
  const stored = launchesMerged(run, file);
  const opened = new Map<Launch, Partial<Record<Side, OpenProfile>>>();
  for (const launch of new Set([...explaining, ...stored])) {
    const sides: Partial<Record<Side, OpenProfile>> = {};
    for (const side of SIDES) {
      const ref = launch.sides[side].profiles[file];
      const profile = ref === undefined ? null : await openProfile(ref, file, read);
      if (ref !== undefined && profile !== null)
        sides[side] = { profile: withoutAgent(profile), requests: ref.requests };
    }
    opened.set(launch, sides);
  }
  const of = (launch: Launch, side: Side): OpenProfile | null => opened.get(launch)?.[side] ?? null;
  const merge = mergerOnce();
  const mergeSide = (launches: readonly Launch[], side: Side): Profile | null =>
    merge(launches.flatMap((launch) => of(launch, side)?.profile ?? []));
  const merged = bothSides((side) => mergeSide(stored, side));
  const paired = explaining.filter((launch) => SIDES.every((side) => of(launch, side) !== null));
  const [base, head] = [mergeSide(paired, 'base'), mergeSide(paired, 'head')];
  return { file, explaining, of, merged, explained: base === null || head === null ? null : { base, head } };
};

/** The sampled kinds that a scenario's run has; what exact mode counted has its own way (counts.ts). */
export const kindsOf = (run: ScenarioRun): readonly ProfileKind[] =>
  PROFILE_FILES.filter((file) => run.launches.some(({ sides }) => SIDES.some((side) => file in sides[side].profiles)));

/** All of them in turn. */
export async function* evidenceOf(run: ScenarioRun, read: ReadFile): AsyncGenerator<KindEvidence> {
  for (const file of kindsOf(run)) yield openKind(run, file, read);
}
