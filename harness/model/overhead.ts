/** Profilers whose cost is measured one by one. `none`: both sides alike, which shows the noise. */
export const PROFILERS = ['none', 'cpu', 'heap', 'mutex', 'block', 'trace'] as const;
export type Profiler = (typeof PROFILERS)[number];

/** What a profiler costs a request, as a ratio of what it costs without any. */
export interface OverheadCost {
  readonly ratio: number;
  /** 95 %, over launches. */
  readonly ciRatio: readonly [number, number];
}

export interface Overhead {
  readonly scenario: string;
  readonly profiler: Profiler;
  readonly launches: number;
  /** null: not measured here. */
  readonly cpu: OverheadCost | null;
  /** Mean time of requests that are sent one after the other. */
  readonly latency: OverheadCost | null;
  /** Peak resident memory. */
  readonly memory: OverheadCost | null;
}
