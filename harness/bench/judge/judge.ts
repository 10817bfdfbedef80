/** From a run of benchmarks to what it says of each. */
import {
  benjaminiHochberg,
  changePValue,
  equivalenceInterval,
  estimate,
  type Interval,
  mean,
  unitsNeeded,
} from '../../stats/index.ts';
import { type Confirmed, confirmSuspects } from './confirm.ts';
import { CONFIRM_LOOKS, EQUIVALENCE_LEVEL, GATES, limitsOf } from './limits.ts';
import { screenMetric } from './screen.ts';
import { meanOf, ratioOf, seriesOf } from './series.ts';
import {
  type BenchComparison,
  type BenchmarkJudged,
  type BenchmarkRun,
  type BenchRun,
  type BenchVerdict,
  benchmarkKey,
  BENCH_SCHEMA_VERSION,
  type GateMetric,
  type MetricJudged,
  type ReportedMetric,
  type Slice,
} from './values.ts';

const VERDICT_OF = { up: 'regressed', down: 'improved', same: 'unchanged', open: 'inconclusive' } as const;

const asRatios = (metric: GateMetric, [low, high]: Interval): Interval => [ratioOf(metric, low), ratioOf(metric, high)];

/** null: not one launch of both sides. */
const screened = (run: BenchmarkRun, metric: GateMetric): MetricJudged | null => {
  const values = seriesOf(run, metric, 'screen');
  if (values.length < 2) return null;
  const at = estimate(values);
  const equivalence = equivalenceInterval(at, EQUIVALENCE_LEVEL);
  const isSame = screenMetric(run, metric) === 'same';
  const limits = limitsOf(run, metric);
  const sofar = { n: at.n, centre: at.centre, change: equivalence, equivalence, limits };
  return {
    metric,
    verdict: isSame ? 'unchanged' : 'inconclusive',
    ...meanOf(run, metric, 'screen'),
    effectRatio: ratioOf(metric, at.centre),
    ciRatio: asRatios(metric, equivalence),
    pValue: changePValue(at),
    qValue: null,
    launches: at.n,
    stage: 'screen',
    launchesNeeded: isSame ? null : unitsNeeded(sofar),
  };
};

const confirmedOf = (
  { run, metric, direction, at, change, pValue }: Confirmed,
  qValue: number,
): MetricJudged | null => {
  const before = screened(run, metric);
  if (at === null) {
    const first = (before?.launches ?? 0) + CONFIRM_LOOKS[0];
    return before && { ...before, verdict: 'inconclusive', launchesNeeded: first };
  }
  const equivalence = equivalenceInterval(at, EQUIVALENCE_LEVEL);
  const limits = limitsOf(run, metric);
  const needed = unitsNeeded({ n: at.n, centre: at.centre, change, equivalence, limits });
  return {
    metric,
    verdict: VERDICT_OF[direction],
    ...meanOf(run, metric, 'confirm'),
    effectRatio: ratioOf(metric, at.centre),
    ciRatio: asRatios(metric, direction === 'same' ? equivalence : change),
    pValue,
    qValue,
    launches: at.n,
    stage: 'confirm',
    launchesNeeded: direction === 'open' ? needed : null,
  };
};

/** Units that end so count something in a time, of which there can be more (benchstat's rule). */
const betterOf = (unit: string): ReportedMetric['better'] => (/(?:\/s|\/sec)$/.test(unit) ? 'higher' : 'lower');

const reportedOf = ({ launches }: BenchmarkRun): readonly ReportedMetric[] => {
  const pairs = launches.map(({ alone }) => alone);
  const units = [...new Set(pairs.flatMap(({ base, head }) => [base, head].flatMap((s) => Object.keys(s.reported))))];
  const valueOf = (slices: readonly Slice[], unit: string): number => {
    const values = slices.flatMap(({ reported }) => reported[unit] ?? []);
    return values.length === 0 ? Number.NaN : mean(values);
  };
  return units.map((unit) => ({
    unit,
    base: valueOf(
      pairs.map(({ base }) => base),
      unit,
    ),
    head: valueOf(
      pairs.map(({ head }) => head),
      unit,
    ),
    better: betterOf(unit),
  }));
};

/** Worst first. */
const ORDER: readonly BenchVerdict[] = ['regressed', 'inconclusive', 'improved', 'unchanged', 'notJudged'];

const worst = (verdicts: readonly BenchVerdict[]): BenchVerdict =>
  ORDER.find((verdict) => verdicts.includes(verdict)) ?? 'notJudged';

/** What can be said without a measurement. */
const fromState = ({ state }: BenchmarkRun): { readonly verdict: BenchVerdict; readonly reason: string } | null => {
  switch (state.kind) {
    case 'measured':
      return null;
    case 'same program':
      return { verdict: 'unchanged', reason: 'unchanged code path: both sides’ test programs are the same' };
    case 'same path':
      return { verdict: 'unchanged', reason: 'unchanged code path: no line that it runs was changed' };
    case 'untried':
      return { verdict: 'inconclusive', reason: 'not tried: trying those before it took its share of the budget' };
    case 'new':
      return { verdict: 'notJudged', reason: 'new: base does not have it' };
    case 'gone':
      return { verdict: 'notJudged', reason: 'gone: head does not have it' };
    case 'skipped':
      return { verdict: 'notJudged', reason: `skipped on ${state.sides.join(' and ')}` };
    case 'failed': {
      const onHeadAlone = state.sides.length === 1 && state.sides[0] === 'head';
      const where = state.sides.join(' and ');
      return { verdict: onHeadAlone ? 'regressed' : 'notJudged', reason: `fails on ${where}: ${state.why}` };
    }
  }
};

const judgeBenchmark = (run: BenchmarkRun, confirmed: ReadonlyMap<string, MetricJudged | null>): BenchmarkJudged => {
  const { package: pkg, name, clock, isParallel } = run;
  const said = fromState(run);
  const metrics =
    said === null ? GATES.flatMap((metric) => confirmed.get(keyOf(run, metric)) ?? screened(run, metric) ?? []) : [];
  const verdict = said?.verdict ?? (metrics.length === 0 ? 'inconclusive' : worst(metrics.map((one) => one.verdict)));
  const reason = said?.reason ?? (metrics.length === 0 ? 'the budget was over before it was measured' : null);
  return { package: pkg, name, verdict, reason, clock, isParallel, metrics, reported: reportedOf(run) };
};

const keyOf = (run: BenchmarkRun, metric: GateMetric): string => `${benchmarkKey(run)}\t${metric}`;

const geomean = (benchmarks: readonly BenchmarkJudged[]): number | null => {
  const logs = benchmarks.flatMap(({ metrics }) =>
    metrics.filter(({ metric }) => metric === 'time').map(({ effectRatio }) => Math.log1p(effectRatio)),
  );
  return logs.length === 0 ? null : Math.expm1(mean(logs));
};

const isChanged = ({ verdict }: { readonly verdict: BenchVerdict }): boolean =>
  verdict === 'regressed' || verdict === 'improved';

const verdictOf = (benchmarks: readonly BenchmarkJudged[]): BenchComparison['verdict'] => {
  const all = worst(benchmarks.map(({ verdict }) => verdict));
  return all === 'notJudged' ? 'invalid' : all;
};

export const judgeBenchmarks = (run: BenchRun): BenchComparison => {
  const measured = run.benchmarks.filter(({ state }) => state.kind === 'measured');
  const suspects = confirmSuspects(measured);
  const qValues = benjaminiHochberg(suspects.map(({ pValue }) => pValue));
  const confirmed = new Map(
    suspects.map((one, index) => [keyOf(one.run, one.metric), confirmedOf(one, qValues[index] ?? 1)]),
  );
  const benchmarks = run.benchmarks.map((one) => judgeBenchmark(one, confirmed));
  const { base, head, seed, buildSeconds, measureSeconds, broken, notes } = run;
  return {
    schemaVersion: BENCH_SCHEMA_VERSION,
    verdict: verdictOf(benchmarks),
    base,
    head,
    seed,
    buildSeconds,
    measureSeconds,
    benchmarks,
    broken,
    geomeanAllRatio: geomean(benchmarks),
    geomeanChangedRatio: geomean(benchmarks.filter(isChanged)),
    notes,
  };
};
