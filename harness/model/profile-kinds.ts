/** The kinds of profile that a run holds, by file and by what is compared in them. What each means: metrics/profile-kinds. */

/** Files that a launch leaves, one per kind and side, in the order in which they are read. */
export const PROFILE_FILES = [
  'cpu',
  'heap',
  'allocs',
  'block',
  'mutex',
  'goroutine',
  'goroutineleak',
  'instructions',
  'wall',
  'perf',
] as const;

export type ProfileKind = (typeof PROFILE_FILES)[number];

/**
 * What functions are compared by, in the order in which reports show it and in which it explains when none of its metrics
 * moved. Goroutines before the heap: one that never ends keeps its own memory, so its leak moves both.
 */
export const COST_KINDS = [
  'instructions',
  'cpu',
  'alloc_objects',
  'alloc_space',
  'wall',
  'mutex',
  'block',
  'goroutine',
  'goroutineleak',
  'inuse_space',
] as const;

export type CostKind = (typeof COST_KINDS)[number];

/** What a function may have a limit in: costs that add up with the requests, by samples enough to test. */
export const GATED_KINDS = ['cpu', 'alloc_objects', 'alloc_space'] as const satisfies readonly CostKind[];

export type GatedKind = (typeof GATED_KINDS)[number];
