/** A comparison of benchmarks as markdown, safe against names that would be markup. */
import { inertCode, inertText } from '../../report/index.ts';
import { formatDuration, formatQuantity } from '../../units/index.ts';
import type { BenchComparison, BenchmarkJudged } from '../judge/values.ts';
import { type Row, tellingRows } from './terminal.ts';
import {
  benchSentence,
  byVerdict,
  falseDiscovery,
  fullName,
  geomeanLines,
  labelOf,
  moreTime,
  placeNames,
  valueCells,
  wordsOf,
} from './words.ts';

/** A pull request's comment holds 65,536 characters. */
const MOST_ROWS = 150;

const HEAD = ['| Benchmark | Metric | Base | Head | Change | Interval | |', '|---|---|--:|--:|--:|--:|---|'];

const table = (rows: readonly Row[], places: ReadonlyMap<string, string>): readonly string[] => {
  if (rows.length === 0) return [];
  const lines = rows.slice(0, MOST_ROWS).map(({ judged, metric }) => {
    const cells = [inertCode(fullName(judged, places)), labelOf(metric.metric, judged), ...valueCells(metric)];
    const words = [wordsOf(judged, metric), falseDiscovery(metric)].filter((word) => word !== '').join(', ');
    return `| ${[...cells, inertText(words)].join(' | ')} |`;
  });
  const more = rows.length > MOST_ROWS ? [`\nand ${rows.length - MOST_ROWS} more in comparison.json`] : [];
  return ['', ...HEAD, ...lines, ...more, ''];
};

const folded = (title: string, lines: readonly string[]): readonly string[] =>
  lines.length === 0 ? [] : ['<details>', `<summary>${title}</summary>`, '', ...lines, '', '</details>', ''];

const reported = (benchmarks: readonly BenchmarkJudged[], places: ReadonlyMap<string, string>): readonly string[] =>
  benchmarks.flatMap((judged) =>
    judged.reported.map(
      ({ unit, base, head }) =>
        `- ${inertCode(fullName(judged, places))}: ${formatQuantity(base, 'count')} → ${formatQuantity(head, 'count')} ${inertText(unit)}`,
    ),
  );

const reasons = (benchmarks: readonly BenchmarkJudged[], places: ReadonlyMap<string, string>): readonly string[] =>
  benchmarks
    .filter(({ reason }) => reason !== null)
    .map((one) => `- ${inertCode(fullName(one, places))}: ${inertText(one.reason ?? '')}`);

/** @param reproduce the command line that repeats it */
export const renderBenchMarkdown = (comparison: BenchComparison, reproduce: string): string => {
  const { regressed, improved, unchanged, inconclusive, notJudged } = byVerdict(comparison);
  const places = placeNames(comparison.benchmarks.map((one) => one.package));
  const { base, head, buildSeconds, measureSeconds, broken, notes } = comparison;
  const measured = unchanged.filter(({ metrics }) => metrics.length > 0);
  const same = unchanged.filter(({ metrics }) => metrics.length === 0);
  return [
    `**Benchmarks: ${inertText(benchSentence(comparison))}**`,
    '',
    `${inertText(base.label)} → ${inertText(head.label)}`,
    ...notes.map((note) => `- ${inertText(note)}`),
    ...broken.map(({ package: pkg, side, why }) => `- ${side} of ${inertCode(pkg)} does not build: ${inertText(why)}`),
    ...table(tellingRows([...regressed, ...improved]), places),
    ...geomeanLines(comparison).map((line) => `- ${line}`),
    ...reasons(
      [...regressed].filter(({ metrics }) => metrics.length === 0),
      places,
    ),
    '',
    ...moreTime(comparison).map((line) => `- ${line}`),
    '',
    ...folded(`${inconclusive.length} not decided`, [
      ...table(tellingRows(inconclusive), places),
      ...reasons(inconclusive, places),
    ]),
    ...folded(`${notJudged.length} not judged`, reasons(notJudged, places)),
    ...folded(`${measured.length} unchanged`, table(tellingRows(measured).filter(isTime), places)),
    ...folded(`${same.length} on an unchanged code path`, reasons(same, places)),
    ...folded('Reported by the benchmarks themselves, not judged', reported(comparison.benchmarks, places)),
    `Built in ${formatDuration(Math.round(buildSeconds))}, measured in ${formatDuration(Math.round(measureSeconds))}. To repeat it:`,
    '',
    '```sh',
    reproduce,
    '```',
    '',
  ].join('\n');
};

const isTime = ({ metric }: Row): boolean => metric.metric === 'time';
