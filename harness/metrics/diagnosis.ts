/**
 * The table of diagnosis: what is captured besides, once a metric has moved, to say why. Judged launches hold profiles of
 * their own; captures are launches or passes beside them, and nothing is judged by what they cost.
 */
import type { CaptureId, CostKind, MetricId, MetricVerdict } from '../model/index.ts';

export interface CaptureDef {
  /** What it tells, within a sentence. */
  readonly what: string;
  /** Kinds of profile that it takes, or takes better than judged launches do; none: it tells by figures alone. */
  readonly takes: readonly CostKind[];
}

export const CAPTURES = {
  growth: { what: 'what many requests leave behind', takes: ['inuse_space', 'goroutineleak'] },
  counts: { what: 'instructions by function', takes: ['instructions'] },
  allocations: { what: 'every allocation by its site', takes: ['alloc_objects', 'alloc_space'] },
  trace: { what: 'what requests wait for', takes: ['wall'] },
  samples: { what: 'CPU samples at full speed', takes: ['cpu'] },
  routes: { what: 'each request name by itself', takes: [] },
  perf: { what: 'C and the kernel by perf', takes: [] },
} as const satisfies Readonly<Record<CaptureId, CaptureDef>>;

interface Call {
  readonly capture: CaptureId;
  /** Where fewer is no question: something has to be done about what became worse. */
  readonly when: readonly MetricVerdict[];
}

const moved = (capture: CaptureId): Call => ({ capture, when: ['regressed', 'improved', 'changed'] });
const worse = (capture: CaptureId): Call => ({ capture, when: ['regressed'] });

/**
 * Metric → what explains it, the cheapest that suffices first: where that names who it is, the others are left out. Empty:
 * judged launches hold all there is.
 */
export const DIAGNOSIS: Readonly<Record<MetricId, readonly Call[]>> = {
  cpuNsPerRequest: [moved('counts'), moved('routes'), worse('perf'), worse('samples')],
  instructionsPerRequest: [],
  syscallsPerRequest: [],
  mallocsPerRequest: [moved('allocations'), moved('counts'), moved('routes')],
  allocBytesPerRequest: [moved('allocations'), moved('counts'), moved('routes')],
  gcCpuNsPerRequest: [moved('counts')],
  gcCyclesPerRequest: [moved('counts')],
  mutexWaitNsPerRequest: [],
  blockWaitNsPerRequest: [],
  latencyP50Ms: [moved('trace')],
  latencyP90Ms: [moved('trace')],
  latencyP99Ms: [moved('trace')],
  liveHeapBytes: [moved('counts')],
  heapGrowthBytesPerRequest: [worse('growth'), moved('counts')],
  goroutines: [moved('counts')],
  goroutineGrowthPerRequest: [worse('growth'), moved('counts')],
  peakRssBytes: [moved('counts')],
  errorRatio: [],
};

/** A metric that moved, of all requests or of one name. */
export interface Symptom {
  readonly metric: MetricId;
  readonly verdict: MetricVerdict;
}

/** Metrics among those that moved which call for this capture, each once. */
export const callersOf = (capture: CaptureId, symptoms: readonly Symptom[]): readonly MetricId[] => [
  ...new Set(
    symptoms.flatMap(({ metric, verdict }) =>
      DIAGNOSIS[metric].some((call) => call.capture === capture && call.when.includes(verdict)) ? [metric] : [],
    ),
  ),
];
