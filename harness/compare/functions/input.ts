/** What the comparison of functions starts from: profiles launch by launch, and what makes them costs per request. */
import type {
  Attribution,
  BuildInfo,
  BySide,
  CostKind,
  FileDiff,
  FunctionComparison,
  GroupCost,
  ModuleChange,
} from '../../model/index.ts';
import type { Profile } from '../../profile/index.ts';
import type { SessionSpread } from '../../stats/index.ts';

/** Kinds of profile compared here; `instructions` come from exact mode, which names functions itself. */
export type CostProfile = Exclude<CostKind, 'instructions'>;

/** One side of one launch. Cumulative kinds are already the difference of two snapshots. */
export interface ProfiledSide {
  readonly profile: Profile;
  /** Requests answered in the span of the profile. */
  readonly requests: number;
  /**
   * What a request cost in that span by exact counters (CPU ns, bytes or objects). Where it is given, a function costs
   * its share of the samples times this; else its samples' value per request.
   */
  readonly exactTotalPerRequest?: number;
}

export interface ProfiledKind {
  readonly profile: CostProfile;
  readonly launches: readonly BySide<ProfiledSide>[];
  /** Smallest effect that fails this kind's gate, as a ratio of the total; the floor for naming a function follows it. */
  readonly practicalRatio: number;
  /** Sides that were measured apart, hours or days; left out: side by side, launch by launch. */
  readonly apart?: Apart;
}

/** Which launches of a side were measured within the same minutes, and how much more minutes differ than launches show. */
export interface Apart {
  /** Of each launch, in their order. */
  readonly sessions: BySide<readonly number[]>;
  /** Before sessions of this baseline say so. */
  readonly knownSpread: SessionSpread;
}

/** What is known of the change, whatever is compared. */
export interface FunctionsContext {
  readonly diff: readonly FileDiff[];
  readonly moduleChanges: readonly ModuleChange[];
  /** Module path of the target, as -trimpath writes it before its files. */
  readonly modulePath: string | null;
  /** What the sides were built with and by; left out: alike. Two versions of Go are summed by package as well. */
  readonly builds?: BySide<BuildInfo>;
}

export interface FunctionsInput extends FunctionsContext {
  /** The kind behind the gate that fired first; others are shown but name no culprit. */
  readonly kinds: readonly ProfiledKind[];
  readonly source: Attribution['source'];
}

export interface FunctionsFound {
  /** At most {@link MOST_ROWS} per kind, the surest and largest first. */
  readonly functions: readonly FunctionComparison[];
  readonly attribution: Attribution;
  /** Of two versions of Go; empty where both sides have one. */
  readonly costs: readonly GroupCost[];
}

export const MOST_ROWS = 30;
/** Functions of the diff, the surest and largest first, that are rows of their own whatever their place. */
export const MOST_CHANGED = 40;
