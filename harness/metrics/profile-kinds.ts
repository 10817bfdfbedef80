/** The table of profile kinds: one row per kind that functions are compared by, with everything known of it. */
import {
  COST_KINDS,
  type CostKind,
  type MetricId,
  type MetricUnit,
  type ProfileKind,
  type Stage,
} from '../model/index.ts';

export interface ProfileKindDef {
  /** The file it is read from. */
  readonly file: ProfileKind;
  /** Sample type of that file, whose values are compared. */
  readonly valueType: string;
  readonly unit: MetricUnit;
  /** Metrics whose change its functions explain: where none of these moved, no function is named. */
  readonly explains: readonly MetricId[];
  /** The counter that knows the same cost exactly; null: the values of the samples are all there is. */
  readonly counter: 'cpuNs' | 'mallocs' | 'allocBytes' | null;
  /**
   * What noise goes by: the samples as they were taken, or as they are still held; or one event for the time of a request. Waits
   * are no more in number where they take longer.
   */
  readonly events: 'sampled' | 'held' | 'requests';
  /** What a caller pays for: Go's runtime, or all of Go's library, where it waits or in which it waits. */
  readonly charged: 'runtime' | 'library';
  /** The label of its samples that says what their values were spent on; null: they have none. */
  readonly reason: 'state' | null;
  /** Launches that take it. */
  readonly taken: readonly Stage[];
  /** Settings of DefaultGODEBUG (they follow the `go` line of go.mod) without which it counts otherwise. */
  readonly godebug: readonly string[];
  /** `everyGo`: two versions of Go count it alike; what waits are has changed too often for that. */
  readonly comparable: 'everyGo' | 'oneGo';
  /** It is another one at another hour, of the same code. */
  readonly isByTheHour: boolean;
  /** Whether Go writes the labels of pprof.Do into its samples. */
  readonly labelled: boolean;
  /**
   * `ofRequests`: waits of background loops grow with the clock, and the server has its own; only those of handlers and of
   * goroutines that they started count.
   */
  readonly stacks: 'all' | 'ofRequests';
  /** `held`: as it stood at the end of a launch; `spent` adds up with the requests. */
  readonly span: 'spent' | 'held';
  /** Heading of its table and its graph. */
  readonly title: string;
  /** The same within a sentence. */
  readonly noun: string;
  /** Behind an amount, e.g. ` allocated`; empty where the unit says it. */
  readonly amount: string;
}

const spent = {
  counter: null,
  events: 'sampled',
  charged: 'runtime',
  reason: null,
  taken: ['judged', 'explain'],
  godebug: [],
  comparable: 'everyGo',
  isByTheHour: false,
  labelled: false,
  stacks: 'all',
  span: 'spent',
} as const;
const held = {
  counter: null,
  events: 'sampled',
  charged: 'runtime',
  reason: null,
  taken: ['judged', 'explain'],
  godebug: [],
  comparable: 'everyGo',
  isByTheHour: false,
  labelled: false,
  stacks: 'all',
  span: 'held',
} as const;
const goroutines: readonly MetricId[] = ['goroutineGrowthPerRequest', 'goroutines'];

export const PROFILE_KINDS = {
  instructions: {
    ...spent,
    file: 'instructions',
    valueType: 'instructions',
    unit: 'instructions',
    explains: ['instructionsPerRequest'],
    taken: ['exact'],
    title: 'Instructions',
    noun: 'instructions',
    amount: '',
  },
  cpu: {
    ...spent,
    file: 'cpu',
    // Counts, not nanoseconds: launches of the explain pass are sampled at another rate than the judged ones.
    valueType: 'samples',
    unit: 'ns',
    explains: ['cpuNsPerRequest'],
    counter: 'cpuNs',
    isByTheHour: true,
    labelled: true,
    title: 'CPU',
    noun: 'CPU',
    amount: ' CPU',
  },
  alloc_objects: {
    ...spent,
    file: 'allocs',
    valueType: 'alloc_objects',
    unit: 'count',
    explains: ['mallocsPerRequest'],
    counter: 'mallocs',
    taken: ['judged', 'explain', 'capture'],
    godebug: ['profstackdepth', 'memprofilerate'],
    title: 'Allocated objects',
    noun: 'allocated objects',
    amount: ' allocated objects',
  },
  alloc_space: {
    ...spent,
    file: 'allocs',
    valueType: 'alloc_space',
    unit: 'B',
    explains: ['allocBytesPerRequest'],
    counter: 'allocBytes',
    taken: ['judged', 'explain', 'capture'],
    godebug: ['profstackdepth', 'memprofilerate'],
    title: 'Allocated bytes',
    noun: 'allocated bytes',
    amount: ' allocated',
  },
  wall: {
    ...spent,
    file: 'wall',
    valueType: 'wall',
    unit: 'ns',
    explains: ['latencyP50Ms', 'latencyP90Ms', 'latencyP99Ms'],
    events: 'requests',
    taken: ['trace'],
    charged: 'library',
    reason: 'state',
    title: 'Wall clock',
    noun: 'wall clock',
    amount: ' of its time',
  },
  mutex: {
    ...spent,
    file: 'mutex',
    valueType: 'delay',
    unit: 'ns',
    explains: ['mutexWaitNsPerRequest'],
    taken: ['judged'],
    godebug: ['profstackdepth', 'runtimecontentionstacks'],
    comparable: 'oneGo',
    isByTheHour: true,
    events: 'requests',
    stacks: 'ofRequests',
    title: 'Lock wait',
    noun: 'lock wait',
    amount: ' waiting for locks',
  },
  block: {
    ...spent,
    file: 'block',
    valueType: 'delay',
    unit: 'ns',
    explains: ['blockWaitNsPerRequest'],
    taken: ['judged'],
    godebug: ['profstackdepth'],
    comparable: 'oneGo',
    isByTheHour: true,
    events: 'requests',
    stacks: 'ofRequests',
    title: 'Blocked time',
    noun: 'blocked time',
    amount: ' blocked',
  },
  goroutine: {
    ...held,
    charged: 'library',
    labelled: true,
    file: 'goroutine',
    valueType: 'goroutine',
    unit: 'count',
    explains: goroutines,
    title: 'Goroutines',
    noun: 'goroutines',
    amount: ' goroutines',
  },
  goroutineleak: {
    ...held,
    charged: 'library',
    file: 'goroutineleak',
    valueType: 'goroutineleak',
    taken: ['growth'],
    unit: 'count',
    explains: goroutines,
    title: 'Goroutines that can never wake',
    noun: 'goroutines that can never wake',
    amount: ' goroutines that can never wake',
  },
  inuse_space: {
    ...held,
    events: 'held',
    taken: ['judged', 'explain', 'growth'],
    godebug: ['profstackdepth', 'memprofilerate'],
    file: 'heap',
    valueType: 'inuse_space',
    unit: 'B',
    explains: ['heapGrowthBytesPerRequest', 'liveHeapBytes'],
    title: 'Live heap',
    noun: 'live heap',
    amount: ' of live heap',
  },
} as const satisfies Readonly<Record<CostKind, ProfileKindDef>>;

export const profileKind = (kind: CostKind): ProfileKindDef => PROFILE_KINDS[kind];

/** A sample type that every profile of the file has. */
export const valueTypeOf = (file: ProfileKind): string =>
  file === 'perf' ? 'samples' : (COST_KINDS.map(profileKind).find((kind) => kind.file === file)?.valueType ?? file);

/** What the page calls the graph of launches under Linux perf. No kind of its own: without inlined frames its functions are others. */
export const PERF_TITLE = 'CPU by perf: Go, C and kernel';

/** Launches that leave a file of this kind. */
export const stagesTaking = (file: ProfileKind): readonly Stage[] => [
  ...new Set(COST_KINDS.map(profileKind).flatMap((kind) => (kind.file === file ? kind.taken : []))),
];

export const isHeld = (kind: CostKind): boolean => profileKind(kind).span === 'held';

const ALLOCATED: readonly CostKind[] = ['alloc_space', 'alloc_objects'];

/** Kinds that say something of a metric besides those that explain it. */
const FURTHER: Readonly<Partial<Record<MetricId, readonly CostKind[]>>> = {
  cpuNsPerRequest: ['instructions'],
  instructionsPerRequest: ['cpu'],
  mallocsPerRequest: ALLOCATED,
  allocBytesPerRequest: ALLOCATED,
  gcCpuNsPerRequest: ALLOCATED,
  gcCyclesPerRequest: ALLOCATED,
  heapGrowthBytesPerRequest: ALLOCATED,
  liveHeapBytes: ALLOCATED,
  latencyP50Ms: ['block', 'mutex', 'cpu'],
  latencyP90Ms: ['block', 'mutex', 'cpu'],
  latencyP99Ms: ['block', 'mutex', 'cpu'],
};

/** Which kinds of profile say something of a metric, the one whose unit fits first. */
export const witnessesOf = (metric: MetricId): readonly CostKind[] => [
  ...new Set([...COST_KINDS.filter((kind) => profileKind(kind).explains.includes(metric)), ...(FURTHER[metric] ?? [])]),
];

/** CPU samples a side that name most functions which took 2 % of the CPU more (docs/blame.md). */
export const SAMPLES_TO_NAME = 5000;
