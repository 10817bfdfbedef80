/** Profiles of launches as a baseline keeps them, all of a kind in one file, and back. */
import {
  type CostKind,
  LAUNCH_LABEL,
  LAUNCHES_SCHEMA_VERSION,
  type ProfileKind,
  type StoredLaunch,
  type StoredLaunches,
  type StoredSession,
  type StoredSpan,
} from '../../model/index.ts';
import {
  decodeProfile,
  encodeProfile,
  filterByLabel,
  mergeProfiles,
  type Profile,
  ProfileError,
  withOnlyLabel,
} from '../../profile/index.ts';
import { profileKind } from '../../metrics/index.ts';
import type { CostProfile, ProfiledSide } from '../functions/input.ts';

/** One side of one launch, godyno's own agent left out. */
export interface LaunchToKeep {
  readonly kinds: Readonly<Partial<Record<CostKind, StoredSpan>>>;
  readonly profiles: ReadonlyMap<ProfileKind, Profile>;
}

/** null: a file that cannot be read keeps its kind from being compared, and nothing else. */
const opened = (stored: StoredLaunches | null, kind: ProfileKind): Profile | null => {
  const bytes = stored?.profiles.get(kind);
  if (bytes === undefined) return null;
  try {
    return decodeProfile(bytes, kind);
  } catch (error) {
    if (error instanceof ProfileError) return null;
    throw error;
  }
};

/** What `known` holds, and one more session; null: it has no launch. */
export const keepLaunches = (
  known: StoredLaunches | null,
  scenario: string,
  session: StoredSession,
  launches: readonly LaunchToKeep[],
): StoredLaunches | null => {
  if (launches.length === 0) return null;
  const [before, sessions] = [known?.costs.launches ?? [], known?.costs.sessions ?? []];
  const profiles = new Map<ProfileKind, Uint8Array>();
  for (const kind of new Set(launches.flatMap((launch) => [...launch.profiles.keys()]))) {
    const fresh = launches.flatMap((launch, at) => {
      const profile = launch.profiles.get(kind);
      return profile === undefined ? [] : [withOnlyLabel(profile, LAUNCH_LABEL, String(before.length + at))];
    });
    profiles.set(kind, encodeProfile(mergeProfiles([...[opened(known, kind) ?? []].flat(), ...fresh])));
  }
  const added = launches.map(({ kinds }): StoredLaunch => ({ session: sessions.length, kinds }));
  return {
    costs: {
      schemaVersion: LAUNCHES_SCHEMA_VERSION,
      scenario,
      sessions: [...sessions, session],
      launches: [...before, ...added],
    },
    profiles,
  };
};

export interface KeptSide extends ProfiledSide {
  readonly session: number;
}

/** The launches that have a profile of the kind. */
export const launchesKept = (stored: StoredLaunches, kind: CostProfile): readonly KeptSide[] => {
  const profile = opened(stored, profileKind(kind).file);
  if (profile === null) return [];
  return stored.costs.launches.flatMap(({ session, kinds }, at) => {
    const span = kinds[kind];
    if (span === undefined) return [];
    const { requests, perRequest } = span;
    const exact = perRequest === undefined ? {} : { exactTotalPerRequest: perRequest };
    return [{ session, profile: filterByLabel(profile, LAUNCH_LABEL, String(at)), requests, ...exact }];
  });
};
