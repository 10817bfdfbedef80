/** Benchmarks in words: one sentence of all, a row of each metric that is worth one. */
import {
  formatDuration,
  formatNumberOf,
  formatPercent,
  formatPercentRange,
  formatQuantity,
  formatSignedPercent,
} from '../../units/index.ts';
import { CONFIRM_LOOKS } from '../judge/limits.ts';
import type { BenchComparison, BenchmarkJudged, GateMetric, MetricJudged } from '../judge/values.ts';

const UNITS = { time: 'ns', allocs: 'count', bytes: 'B' } as const;

export const labelOf = (metric: GateMetric, { clock }: Pick<BenchmarkJudged, 'clock'>): string =>
  ({ time: clock === 'cpu' ? 'CPU/op' : 'time/op', allocs: 'allocs/op', bytes: 'B/op' })[metric];

export const quantityOf = (metric: GateMetric, value: number): string => formatQuantity(value, UNITS[metric]);

/** Without what all benchmarks have in common. */
export const shortName = (name: string): string => name.replace(/^Benchmark(?=.)/, '');

/** Folder of a package below its module, as far as several have one in common; '' where there is one package. */
export const placeNames = (packages: readonly string[]): ReadonlyMap<string, string> => {
  const distinct = [...new Set(packages)];
  const parts = distinct.map((one) => one.split('/'));
  const [first = []] = parts;
  let common = 0;
  while (parts.every((words) => words.length > common && words[common] === first[common])) common += 1;
  const keep = Math.min(common, ...parts.map((words) => words.length - 1));
  return new Map(
    distinct.map((one, index) => [one, distinct.length === 1 ? '' : (parts[index]?.slice(keep).join('/') ?? one)]),
  );
};

export const fullName = ({ package: pkg, name }: BenchmarkJudged, places: ReadonlyMap<string, string>): string => {
  const place = places.get(pkg) ?? pkg;
  return place === '' ? shortName(name) : `${place} ${shortName(name)}`;
};

const changedMetric = ({ metrics, verdict }: BenchmarkJudged): MetricJudged | undefined =>
  metrics.find((one) => one.verdict === verdict);

const effectOf = (judged: BenchmarkJudged): string => {
  const metric = changedMetric(judged);
  if (metric === undefined) return judged.reason ?? '';
  const { effectRatio, ciRatio } = metric;
  return `${labelOf(metric.metric, judged)} ${formatSignedPercent(effectRatio)} (${formatPercentRange(ciRatio)})`;
};

const size = (judged: BenchmarkJudged): number => Math.abs(changedMetric(judged)?.effectRatio ?? Infinity);

const largestFirst = (benchmarks: readonly BenchmarkJudged[]): readonly BenchmarkJudged[] =>
  benchmarks.toSorted((a, b) => size(b) - size(a));

export interface Counted {
  readonly regressed: readonly BenchmarkJudged[];
  readonly improved: readonly BenchmarkJudged[];
  readonly unchanged: readonly BenchmarkJudged[];
  readonly inconclusive: readonly BenchmarkJudged[];
  readonly notJudged: readonly BenchmarkJudged[];
}

/** By verdict; what changed most comes first. */
export const byVerdict = ({ benchmarks }: BenchComparison): Counted => {
  const of = (verdict: BenchmarkJudged['verdict']): readonly BenchmarkJudged[] =>
    largestFirst(benchmarks.filter((one) => one.verdict === verdict));
  return {
    regressed: of('regressed'),
    improved: of('improved'),
    unchanged: benchmarks.filter(({ verdict }) => verdict === 'unchanged'),
    inconclusive: benchmarks.filter(({ verdict }) => verdict === 'inconclusive'),
    notJudged: benchmarks.filter(({ verdict }) => verdict === 'notJudged'),
  };
};

const many = (count: number): string => (count === 1 ? '1 benchmark' : `${count} benchmarks`);

/** `3 of 41 benchmarks regressed, most Encode: CPU/op +3.1 % (2.2…4.0 %)`; then what does not build. */
export const benchSentence = (comparison: BenchComparison): string => {
  const broken = new Set(comparison.broken.map((one) => one.package)).size;
  if (broken === 0) return judgedSentence(comparison);
  return `${judgedSentence(comparison)} The benchmarks of ${formatNumberOf(broken, 'package')} could not be compared: a side does not build.`;
};

const judgedSentence = (comparison: BenchComparison): string => {
  const { regressed, improved, unchanged, inconclusive } = byVerdict(comparison);
  const places = placeNames(comparison.benchmarks.map((one) => one.package));
  const all = comparison.benchmarks.length;
  const most = (judged: BenchmarkJudged, alone: boolean): string =>
    `${alone ? ':' : ', most'} ${fullName(judged, places)}: ${effectOf(judged)}`;
  const undecided = inconclusive.length === 0 ? '' : `; ${inconclusive.length} not decided`;
  const [worst] = regressed;
  if (worst !== undefined) {
    const better = improved.length === 0 ? '' : `; ${improved.length} improved`;
    return `${regressed.length} of ${many(all)} regressed${most(worst, regressed.length === 1)}${better}${undecided}.`;
  }
  const [best] = improved;
  if (best !== undefined) {
    return `${improved.length} of ${many(all)} improved${most(best, improved.length === 1)}; none regressed${undecided}.`;
  }
  if (unchanged.length === 0 && inconclusive.length === 0) return `None of ${many(all)} could be judged.`;
  if (inconclusive.length > 0) return `No change found in ${many(all)}; ${inconclusive.length} not decided.`;
  return `No benchmark of ${all} changed.`;
};

/** What decides the others, or how far a benchmark was seen. */
export const wordsOf = (judged: BenchmarkJudged, metric: MetricJudged): string => {
  const { verdict, launchesNeeded, launches } = metric;
  if (verdict !== 'inconclusive') return judged.isParallel ? `${verdict} (parallel: wider limits)` : verdict;
  const needed = launchesNeeded === null || !Number.isFinite(launchesNeeded) ? 'more than 100' : launchesNeeded;
  return `not decided after ${launches} launches, would take about ${needed}`;
};

/** Launches beyond which a wait would be no advice. */
const MOST_NEEDED = 100;

/** How many more launches its open metrics would take; Infinity: more than there are looks. */
const stillNeeded = ({ metrics }: BenchmarkJudged): number => {
  const open = metrics.filter(({ verdict }) => verdict === 'inconclusive');
  if (open.some(({ launches, stage }) => stage === 'confirm' && launches >= (CONFIRM_LOOKS.at(-1) ?? 0)))
    return Infinity;
  if (open.length === 0) return FEW_LAUNCHES;
  return Math.max(...open.map(({ launches, launchesNeeded }) => (launchesNeeded ?? Infinity) - launches));
};

/** What one that has none yet takes. */
const FEW_LAUNCHES = 6;

/** What it would take to decide the others. */
export const moreTime = (comparison: BenchComparison): readonly string[] => {
  const { inconclusive } = byVerdict(comparison);
  const launches = comparison.benchmarks.flatMap(({ metrics }) => metrics[0]?.launches ?? []);
  const had = launches.reduce((sum, count) => sum + count, 0);
  if (inconclusive.length === 0 || had === 0) return [];
  const needed = inconclusive.map(stillNeeded).filter((count) => count <= MOST_NEEDED);
  const seconds = (comparison.measureSeconds / had) * needed.reduce((sum, count) => sum + count, 0);
  const others = inconclusive.length - needed.length;
  const noisy = others === 0 ? '' : `; ${others} of them ${others === 1 ? 'is' : 'are'} too noisy here`;
  if (needed.length === 0) return ['More time would hardly decide them: what they take varies too much here.'];
  return [`To decide them would take about ${formatDuration(Math.ceil(seconds))} more (--budget)${noisy}.`];
};

export const geomeanLines = (comparison: BenchComparison): readonly string[] => {
  const { geomeanAllRatio, geomeanChangedRatio } = comparison;
  const { regressed, improved } = byVerdict(comparison);
  const measured = comparison.benchmarks.filter(({ metrics }) => metrics.length > 0).length;
  return [
    ...(geomeanChangedRatio === null
      ? []
      : [
          `geometric mean of the ${regressed.length + improved.length} changed: ${formatSignedPercent(geomeanChangedRatio)}`,
        ]),
    ...(geomeanAllRatio === null
      ? []
      : [`geometric mean of all ${measured} measured: ${formatSignedPercent(geomeanAllRatio)}`]),
  ];
};

export const valueCells = (
  metric: MetricJudged,
): readonly [base: string, head: string, effect: string, range: string] => [
  quantityOf(metric.metric, metric.base),
  quantityOf(metric.metric, metric.head),
  formatSignedPercent(metric.effectRatio),
  formatPercentRange(metric.ciRatio),
];

/** `q 0.2 %`; '' where nothing was measured anew. */
export const falseDiscovery = ({ qValue }: MetricJudged): string =>
  qValue === null ? '' : `q ${formatPercent(qValue)}`;
