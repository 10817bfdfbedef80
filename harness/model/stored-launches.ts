/** What a baseline keeps of its launches' profiles, so that functions can be compared later, launch by launch. */
import type { CostKind, ProfileKind } from './profile-kinds.ts';

export const LAUNCHES_SCHEMA_VERSION = 1;

/** The label of a sample that tells its launch, by its place in {@link LaunchCosts.launches}. */
export const LAUNCH_LABEL = 'launch';

/** What makes the samples of a launch costs per request. */
export interface StoredSpan {
  /** Answered in the span of the profile. */
  readonly requests: number;
  /** What one of them cost by the exact counter; absent where a kind has none. */
  readonly perRequest?: number;
}

/** One side of one launch; both sides of a record are the same program. */
export interface StoredLaunch {
  /** Index into the sessions. */
  readonly session: number;
  readonly kinds: Readonly<Partial<Record<CostKind, StoredSpan>>>;
}

/** One record: what was measured within the same minutes. */
export interface StoredSession {
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly seed: number;
}

export interface LaunchCosts {
  readonly schemaVersion: typeof LAUNCHES_SCHEMA_VERSION;
  readonly scenario: string;
  readonly sessions: readonly StoredSession[];
  readonly launches: readonly StoredLaunch[];
}

export interface StoredLaunches {
  readonly costs: LaunchCosts;
  /** Gzipped pprof of all launches, whose samples are labelled with theirs. */
  readonly profiles: ReadonlyMap<ProfileKind, Uint8Array>;
}
