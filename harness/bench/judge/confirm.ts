/**
 * The verdicts on suspects, from launches after the screening alone. Over suspects by Holm, over looks by the union
 * bound: P(any regressed | nothing changed) ≤ 1 % of runs, however the benchmarks depend on one another, and whatever
 * made them suspects.
 */
import {
  changeInterval,
  changePValue,
  decide,
  type Direction,
  equivalenceInterval,
  estimate,
  type Estimate,
  type Interval,
} from '../../stats/index.ts';
import { CONFIRM_LOOKS, EQUIVALENCE_LEVEL, GATES, limitsOf, RUN_LEVEL } from './limits.ts';
import { screenBenchmark, screenMetric } from './screen.ts';
import { seriesOf } from './series.ts';
import { type BenchmarkRun, benchmarkKey, type GateMetric } from './values.ts';

/** One gate of a suspect. */
export interface Confirmed {
  readonly run: BenchmarkRun;
  readonly metric: GateMetric;
  readonly direction: Direction;
  /** null: fewer launches than the first look takes. */
  readonly at: Estimate | null;
  readonly change: Interval;
  readonly pValue: number;
}

const ANYWHERE: Interval = [-Infinity, Infinity];

/** Every suspect's gates that are not known to be the same. */
const testsOf = (runs: readonly BenchmarkRun[]): readonly Pick<Confirmed, 'run' | 'metric'>[] =>
  runs
    .filter((run) => screenBenchmark(run) === 'suspect')
    .flatMap((run) =>
      GATES.filter((metric) => screenMetric(run, metric) !== 'same').map((metric) => ({ run, metric })),
    );

/** At the earliest look that decides; else at the latest that there was. */
const confirmAt = (run: BenchmarkRun, metric: GateMetric, level: number): Confirmed => {
  const all = seriesOf(run, metric, 'confirm');
  const looks = CONFIRM_LOOKS.filter((look) => look <= all.length);
  let latest: Confirmed = { run, metric, direction: 'open', at: null, change: ANYWHERE, pValue: 1 };
  for (const look of looks) {
    const at = estimate(all.slice(0, look));
    const change = changeInterval(at, level);
    const equivalence = equivalenceInterval(at, EQUIVALENCE_LEVEL);
    const direction = decide(at.centre, change, equivalence, limitsOf(run, metric));
    latest = { run, metric, direction, at, change, pValue: changePValue(at) };
    if (direction !== 'open') return latest;
  }
  return latest;
};

const isChanged = ({ direction }: Confirmed): boolean => direction === 'up' || direction === 'down';

/** Holm's steps: what is found changed leaves the others its share of the level. */
export const confirmSuspects = (runs: readonly BenchmarkRun[]): readonly Confirmed[] => {
  const tests = testsOf(runs);
  let found = -1;
  let confirmed: readonly Confirmed[] = [];
  for (;;) {
    const shares = Math.max(1, tests.length - Math.max(0, found));
    const level = RUN_LEVEL / (shares * CONFIRM_LOOKS.length);
    const before = new Map(confirmed.filter(isChanged).map((one) => [keyOf(one), one]));
    confirmed = tests.map((test) => before.get(keyOf(test)) ?? confirmAt(test.run, test.metric, level));
    const changed = confirmed.filter(isChanged).length;
    if (changed <= Math.max(0, found)) return confirmed;
    found = changed;
  }
};

const keyOf = ({ run, metric }: Pick<Confirmed, 'run' | 'metric'>): string => `${benchmarkKey(run)}\t${metric}`;

/** Suspects that another launch may decide. */
export const openSuspects = (runs: readonly BenchmarkRun[]): readonly BenchmarkRun[] => {
  const open = confirmSuspects(runs).filter(({ direction }) => direction === 'open');
  const most = CONFIRM_LOOKS.at(-1) ?? 0;
  return [...new Set(open.map(({ run }) => run))].filter(
    ({ launches }) => launches.filter(({ stage }) => stage === 'confirm').length < most,
  );
};
