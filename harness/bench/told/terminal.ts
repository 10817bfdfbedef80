/** A comparison of benchmarks as a few lines for a terminal or a log. */
import { visibleText } from '../../report/index.ts';
import { alignColumns, formatDuration } from '../../units/index.ts';
import type { BenchComparison, BenchmarkJudged, MetricJudged } from '../judge/values.ts';
import {
  benchSentence,
  byVerdict,
  fullName,
  geomeanLines,
  labelOf,
  moreTime,
  placeNames,
  valueCells,
  wordsOf,
} from './words.ts';

const MOST_ROWS = 20;
const MOST_OTHERS = 8;

export interface Row {
  readonly judged: BenchmarkJudged;
  readonly metric: MetricJudged;
}

/** The metrics for which a benchmark has its verdict; of one that is not decided, its time where that is open, too. */
export const tellingRows = (benchmarks: readonly BenchmarkJudged[]): readonly Row[] =>
  benchmarks.flatMap((judged) => {
    const rows = judged.metrics.filter(({ verdict }) => verdict === judged.verdict);
    const time = rows.filter(({ metric }) => metric === 'time');
    const told = judged.verdict === 'inconclusive' && time.length > 0 ? time : rows;
    return told.map((metric) => ({ judged, metric }));
  });

const tableOf = (rows: readonly Row[], places: ReadonlyMap<string, string>): readonly string[] =>
  alignColumns(
    rows.map(({ judged, metric }) => [
      `${visibleText(fullName(judged, places))} ${labelOf(metric.metric, judged)}`,
      ...valueCells(metric),
    ]),
    'first',
  ).map((line, index) => {
    const row = rows[index];
    return `  ${line}  ${row === undefined ? '' : wordsOf(row.judged, row.metric)}`;
  });

const moreThan = (count: number, most: number, what: string): readonly string[] =>
  count > most ? [`  and ${count - most} more ${what} (report.md)`] : [];

const reasonLines = (benchmarks: readonly BenchmarkJudged[], places: ReadonlyMap<string, string>): readonly string[] =>
  benchmarks
    .filter(({ reason, metrics }) => reason !== null && metrics.length === 0)
    .slice(0, MOST_OTHERS)
    .map((one) => `  ${visibleText(fullName(one, places))}: ${visibleText(one.reason ?? '')}`);

export const renderBenchTerminal = (comparison: BenchComparison): string => {
  const { regressed, improved, unchanged, inconclusive, notJudged } = byVerdict(comparison);
  const places = placeNames(comparison.benchmarks.map((one) => one.package));
  const changed = tellingRows([...regressed, ...improved]);
  const undecided = tellingRows(inconclusive);
  const same = unchanged.filter(({ metrics }) => metrics.length === 0).length;
  const { buildSeconds, measureSeconds } = comparison;
  return [
    benchSentence(comparison),
    ...comparison.notes.map((note) => `  ${visibleText(note)}`),
    ...comparison.broken.map(({ package: pkg, side, why }) => `  ${side} of ${pkg} does not build: ${why}`),
    ...tableOf(changed.slice(0, MOST_ROWS), places),
    ...moreThan(changed.length, MOST_ROWS, 'that changed'),
    ...tableOf(undecided.slice(0, MOST_OTHERS), places),
    ...moreThan(undecided.length, MOST_OTHERS, 'not decided'),
    ...moreTime(comparison).map((line) => `  ${line}`),
    ...reasonLines([...regressed, ...inconclusive, ...notJudged], places),
    ...moreThan(notJudged.length, MOST_OTHERS, 'not judged'),
    ...(same === 0
      ? []
      : [`  ${same} on an unchanged code path (their programs are the same, or no line that they run was changed)`]),
    ...geomeanLines(comparison).map((line) => `  ${line}`),
    `built in ${formatDuration(Math.round(buildSeconds))}, measured in ${formatDuration(Math.round(measureSeconds))}, seed ${comparison.seed}`,
    '',
  ].join('\n');
};
