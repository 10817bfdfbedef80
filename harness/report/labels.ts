/** What people read for ids: verdicts in words and sign, profile names. Metric labels are the metric table's. */
import type { FunctionComparison, FunctionKind, MetricId, MetricVerdict, RunVerdict } from '../model/index.ts';

/** Sign and word: the sign alone never carries the verdict, nor does colour. */
export const VERDICT_WORDS: Readonly<Record<MetricVerdict, string>> = {
  regressed: '✗ regressed',
  improved: '✓ improved',
  unchanged: '= unchanged',
  changed: '≠ changed, too little to fail',
  inconclusive: '? inconclusive',
  invalid: '! invalid',
  notJudged: '– not judged',
};

export const VERDICT_TITLES: Readonly<Record<RunVerdict, string>> = {
  regressed: '✗ Regressed',
  improved: '✓ Improved',
  unchanged: '= Unchanged',
  inconclusive: '? Inconclusive',
  invalid: '! Invalid measurement',
};

export type ProfileName = FunctionComparison['profile'];

/** In the order in which "why" shows them. */
export const PROFILES: readonly ProfileName[] = [
  'instructions',
  'cpu',
  'alloc_space',
  'alloc_objects',
  'mutex',
  'block',
  'inuse_space',
  'goroutine',
  'goroutineleak',
];

export const PROFILE_LABELS: Readonly<Record<ProfileName, string>> = {
  instructions: 'Instructions',
  cpu: 'CPU',
  alloc_space: 'Allocated bytes',
  alloc_objects: 'Allocated objects',
  mutex: 'Lock wait',
  block: 'Blocked time',
  inuse_space: 'Live heap',
  goroutine: 'Goroutines',
  goroutineleak: 'Goroutines that can never wake',
};

/** Profiles of what is there, not of what is spent. */
export const HELD: ReadonlySet<ProfileName> = new Set(['inuse_space', 'goroutine', 'goroutineleak']);

export const FUNCTION_WORDS: Readonly<Record<FunctionKind, string>> = {
  regressed: '✗ costs more',
  improved: '✓ costs less',
  new: '✗ new',
  gone: '✓ gone',
  moved: '↷ moved, not added',
  unclear: '? unclear',
};

/** How a row that the change does not touch is connected with it. */
export const NEAR_WORDS: Readonly<Record<NonNullable<FunctionComparison['nearChange']>, string>> = {
  calls: 'calls changed code',
  calledFrom: 'called from changed code',
};

/** Which profiles explain a metric, the one whose unit fits first. */
export const WITNESSES: Readonly<Partial<Record<MetricId, readonly ProfileName[]>>> = {
  cpuNsPerRequest: ['cpu', 'instructions'],
  instructionsPerRequest: ['instructions', 'cpu'],
  mallocsPerRequest: ['alloc_objects', 'alloc_space'],
  allocBytesPerRequest: ['alloc_space', 'alloc_objects'],
  gcCpuNsPerRequest: ['alloc_space', 'alloc_objects'],
  gcCyclesPerRequest: ['alloc_space', 'alloc_objects'],
  heapGrowthBytesPerRequest: ['inuse_space', 'alloc_space', 'alloc_objects'],
  liveHeapBytes: ['inuse_space', 'alloc_space', 'alloc_objects'],
  goroutines: ['goroutine', 'goroutineleak'],
  goroutineGrowthPerRequest: ['goroutine', 'goroutineleak'],
  mutexWaitNsPerRequest: ['mutex'],
  blockWaitNsPerRequest: ['block'],
  latencyP50Ms: ['block', 'mutex', 'cpu'],
  latencyP90Ms: ['block', 'mutex', 'cpu'],
  latencyP99Ms: ['block', 'mutex', 'cpu'],
};
