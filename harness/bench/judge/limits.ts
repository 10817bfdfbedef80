/** What counts as a change of a benchmark, and how sure one must be. */
import type { Limits } from '../../stats/index.ts';
import type { BenchmarkRun, GateMetric } from './values.ts';

/** Order of the gates, in tables and families. */
export const GATES: readonly GateMetric[] = ['time', 'allocs', 'bytes'];

/**
 * τ and Δ as ratios. Half a per cent of time and less is code placement (docs/bench.md); times of several CPUs, and of
 * the wall clock, vary with what the machine does beside them.
 */
const CPU_LIMITS: Limits = { practical: 0.015, equivalent: 0.03 };
const WALL_LIMITS: Limits = { practical: 0.03, equivalent: 0.06 };
const PARALLEL_LIMITS: Limits = { practical: 0.05, equivalent: 0.1 };
const COUNT_LIMITS: Limits = { practical: 0.005, equivalent: 0.01 };

export const limitsOf = (
  { clock, isParallel }: Pick<BenchmarkRun, 'clock' | 'isParallel'>,
  metric: GateMetric,
): Limits => {
  if (isParallel) return metric === 'time' ? PARALLEL_LIMITS : { practical: 0.02, equivalent: 0.04 };
  if (metric !== 'time') return COUNT_LIMITS;
  return clock === 'cpu' ? CPU_LIMITS : WALL_LIMITS;
};

/** Launches at which a benchmark is looked at while all are screened. */
export const SCREEN_LOOKS = [4, 6, 8, 12, 16, 24] as const;

/** Launches at which a suspect is looked at; they are counted from its first one after the screening. */
export const CONFIRM_LOOKS = [4, 6, 8, 12, 16, 24, 32] as const;

/** P(any benchmark is called regressed | nothing changed) of a run. */
export const RUN_LEVEL = 0.01;

/** One-sided level of "unchanged" at each look. */
export const EQUIVALENCE_LEVEL = 0.01;

/** One-sided level at which a benchmark becomes a suspect: generous, since suspects are measured anew. */
export const SUSPECT_LEVEL = 0.05;
