/** What was captured beside judged launches to explain what moved, and what was not. */
import type { MetricId } from './metric-ids.ts';

export const CAPTURE_IDS = ['growth', 'counts', 'allocations', 'trace', 'samples', 'routes', 'perf'] as const;

export type CaptureId = (typeof CAPTURE_IDS)[number];

/**
 * `time`: the budget has none left for it; `off`: the scenario says so; `named`: counted instructions name the function
 * or the request name already; `sampled`: judged launches hold samples enough; `seen`: Go's own profile shows it all;
 * `impossible`: nothing here can.
 */
export const LEFT_OUT_REASONS = ['time', 'off', 'named', 'sampled', 'seen', 'impossible'] as const;

export interface Diagnosed {
  readonly capture: CaptureId;
  /** Metrics that moved and call for it; none where the scenario asks for it whatever moved. */
  readonly because: readonly MetricId[];
  /** Why it did not run; null: it did. */
  readonly leftOut: (typeof LEFT_OUT_REASONS)[number] | null;
  /** With `time`: the budget that would have held it, in whole minutes. */
  readonly budgetMinutes?: number;
}
