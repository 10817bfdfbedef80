/**
 * The screening: all benchmarks, few launches. It says which are unchanged, and which are suspects; it never says that
 * one has changed. That takes launches of which nobody has chosen the benchmark by (docs/bench.md): so the level of a run
 * is divided among suspects, not among all benchmarks.
 */
import { decide, equivalenceInterval, estimate, studentIntervalOf } from '../../stats/index.ts';
import { EQUIVALENCE_LEVEL, GATES, limitsOf, SCREEN_LOOKS, SUSPECT_LEVEL } from './limits.ts';
import { seriesOf } from './series.ts';
import type { BenchmarkRun, GateMetric } from './values.ts';

export type Screened = 'same' | 'suspect' | 'open';

/** Launches at which it was last looked at; undefined: too few yet. */
const lookOf = (launches: number, looks: readonly number[]): number | undefined =>
  looks.findLast((look) => look <= launches);

export const screenMetric = (run: BenchmarkRun, metric: GateMetric): Screened => {
  const all = seriesOf(run, metric, 'screen');
  const look = lookOf(all.length, SCREEN_LOOKS);
  if (look === undefined) return 'open';
  const values = all.slice(0, look);
  const at = estimate(values);
  const limits = limitsOf(run, metric);
  const suspicion = studentIntervalOf(values, SUSPECT_LEVEL);
  const direction = decide(at.centre, suspicion, equivalenceInterval(at, EQUIVALENCE_LEVEL), limits);
  if (direction === 'same') return 'same';
  const isApart = suspicion[0] > 0 || suspicion[1] < 0;
  if (isApart && Math.abs(at.centre) >= limits.practical / 2) return 'suspect';
  const isLast = look === SCREEN_LOOKS.at(-1);
  return isLast && Math.abs(at.centre) >= limits.practical / 2 ? 'suspect' : 'open';
};

/** Of all its gates: a suspect where one is, the same where all are. */
export const screenBenchmark = (run: BenchmarkRun): Screened => {
  const each = GATES.map((metric) => screenMetric(run, metric));
  if (each.includes('suspect')) return 'suspect';
  return each.every((one) => one === 'same') ? 'same' : 'open';
};
