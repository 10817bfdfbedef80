/** What launches under Linux perf say: CPU per request in Go, C and the kernel, and below which Go function it rose. */
import type { FunctionComparison, MetricComparison, PerfRow, ScenarioComparison } from '../../model/index.ts';
import { formatNumberOf, formatSignedQuantity } from '../../units/index.ts';
import { NOTHING, sideText, signedAmount } from './amounts.ts';
import { LEAST_SHARE_OF_CHANGE } from './new-go.ts';
import type { PlaceRow } from './report.ts';
import { code, type InlineText } from '../text/inline-text.ts';

const PLACE_WORDS: Readonly<Record<PerfRow['place'], string>> = { C: 'C', kernel: 'the kernel' };

/** `the kernel below `os.(*File).Write``. */
const belowWords = ({ place, below }: PerfRow): InlineText =>
  below === null ? [`${PLACE_WORDS[place]} (callers not known)`] : [`${PLACE_WORDS[place]} below `, code(below)];

const deltaOf = ({ basePerRequest, headPerRequest }: PerfRow): number => headPerRequest - basePerRequest;

const touchedOf = (functions: readonly FunctionComparison[], name: string | null): boolean =>
  functions.some((row) => row.function === name && row.changedInDiff);

/** `, called in `main.record`, changed in this pull request`: who of the service's own has to do with it. */
const calledClause = ({ below, calledIn }: PerfRow, { functions }: ScenarioComparison): InlineText => {
  const called: InlineText = calledIn === null || calledIn === below ? [] : [', called in ', code(calledIn)];
  return touchedOf(functions, calledIn) ? [...called, ', changed in this pull request'] : called;
};

/**
 * `, mostly the kernel below `os.(*File).Write` (+92 µs per request), called in `main.record``; null where most of the
 * change is Go's own, or nobody asked perf.
 */
export const belowClause = (scenario: ScenarioComparison, metric: MetricComparison): InlineText | null => {
  if (metric.metric !== 'cpuNsPerRequest' || metric.base === null || metric.head === null) return null;
  const change = metric.head - metric.base;
  const row = scenario.perf?.rows.find((each) => each.function === null && deltaOf(each) * change > 0);
  if (row === undefined || deltaOf(row) / change < LEAST_SHARE_OF_CHANGE) return null;
  const amount = ` (${signedAmount(deltaOf(row), 'ns')} per request`;
  const mostly: InlineText = row.mostly === null ? [')'] : [', most of it ', code(row.mostly), ')'];
  return [', mostly ', ...belowWords(row), amount, ...mostly, ...calledClause(row, scenario)];
};

/** More hide the one that matters. */
const MOST_BELOW = 5;

const interval = (ci: readonly [number, number] | null): string => {
  if (ci === null) return NOTHING;
  const [low, high] = ci.map((ns) => formatSignedQuantity(ns, 'ns')) as [string, string];
  return `${low} to ${high}`;
};

const belowRow = (row: PerfRow): PlaceRow => ({
  what: row.function === null ? belowWords(row) : [code(row.function), ' in ', ...belowWords(row)],
  base: sideText(row.basePerRequest, 'ns'),
  head: sideText(row.headPerRequest, 'ns'),
  delta: signedAmount(deltaOf(row), 'ns'),
  interval: NOTHING,
});

/** Go, C and kernel, then what is certain to cost more or less below a function; none where perf was not asked. */
export const placeRows = ({ perf }: ScenarioComparison): readonly PlaceRow[] =>
  perf === undefined
    ? []
    : [
        ...perf.places.map(({ place, basePerRequest, headPerRequest, ciPerRequest }) => ({
          what: [place],
          base: sideText(basePerRequest, 'ns'),
          head: sideText(headPerRequest, 'ns'),
          delta: signedAmount(headPerRequest - basePerRequest, 'ns'),
          interval: interval(ciPerRequest),
        })),
        ...perf.rows.slice(0, MOST_BELOW).map(belowRow),
      ];

export const placeNotes = ({ perf }: ScenarioComparison): readonly InlineText[] =>
  perf === undefined
    ? []
    : [
        [
          `CPU in Go, C and kernel is from ${formatNumberOf(perf.launches, 'launch', 'launches')} under Linux perf, which knows no inlined functions: these figures are not to be added to those of Go’s profiles.`,
        ],
      ];
