/** Costs per request name of the scenario: a row each, and which request moved for the verdict's sentence. */
import type {
  MetricComparison,
  MetricId,
  RouteComparison,
  RouteVerdict,
  ScenarioComparison,
} from '../../model/index.ts';
import { metricDef } from '../../metrics/index.ts';
import { formatNumberOf, formatPercentRange, formatSignedPercent } from '../../units/index.ts';
import { NOTHING, sideText } from './amounts.ts';
import { VERDICT_WORDS } from './labels.ts';
import type { RouteRow } from './report.ts';
import { code, type InlineText } from '../text/inline-text.ts';

const WEIGHT: Readonly<Record<RouteVerdict, number>> = { regressed: 0, improved: 1, notJudged: 2, unchanged: 3 };

/** What moved first, the most first; else in the scenario's order. */
const byWeight = (left: RouteComparison, right: RouteComparison): number =>
  WEIGHT[left.verdict] - WEIGHT[right.verdict] || (hasMoved(left) ? byEffect(left, right) : 0);

const byEffect = (left: RouteComparison, right: RouteComparison): number =>
  Math.abs(right.effectRatio) - Math.abs(left.effectRatio);

const hasMoved = ({ verdict }: RouteComparison): boolean => verdict === 'regressed' || verdict === 'improved';

const routeRow = (row: RouteComparison): RouteRow => ({
  of: 'request',
  route: row.route,
  label: metricDef(row.metric).label,
  base: sideText(row.base, row.unit),
  head: sideText(row.head, row.unit),
  effect: formatSignedPercent(row.effectRatio),
  interval: row.ciRatio === null ? NOTHING : formatPercentRange(row.ciRatio),
  verdict: row.verdict,
  words: VERDICT_WORDS[row.verdict],
  behind: formatNumberOf(row.requests.head, 'request'),
});

export const routeRows = ({ routes = [] }: ScenarioComparison): readonly RouteRow[] =>
  routes.toSorted(byWeight).map(routeRow);

const movedBy = (scenario: ScenarioComparison, metric: MetricId, verdict: RouteVerdict): readonly RouteComparison[] =>
  (scenario.routes ?? []).filter((row) => row.metric === metric && row.verdict === verdict).toSorted(byEffect);

/** What moved one way by one metric, and whether every other name is known to be as before. */
interface Moved {
  readonly route: string;
  readonly effectRatio: number;
  /** Null where it is exact. */
  readonly ciRatio: readonly [number, number] | null;
  /** Said behind the effect where it is of another metric. */
  readonly of: '' | ' instructions';
  readonly isAlone: boolean;
}

const movedMost = (scenario: ScenarioComparison, { metric, verdict }: MetricComparison): Moved | undefined => {
  if (verdict !== 'regressed' && verdict !== 'improved') return undefined;
  const [most, ...others] = movedBy(scenario, metric, verdict);
  if (most === undefined) return undefined;
  const rest = (scenario.routes ?? []).filter((row) => row.metric === metric && row !== most);
  const isAlone = others.length === 0 && rest.every((row) => row.verdict === 'unchanged');
  return { route: most.route, effectRatio: most.effectRatio, ciRatio: most.ciRatio, of: '', isAlone };
};

const TOLD_BY_COUNTS: readonly MetricId[] = [
  'cpuNsPerRequest',
  'instructionsPerRequest',
  'mallocsPerRequest',
  'allocBytesPerRequest',
];

/** Counts of each name tell where CPU went, too, and allocations, which take instructions. */
const countedMost = (scenario: ScenarioComparison, { metric, verdict }: MetricComparison): Moved | undefined => {
  if (!TOLD_BY_COUNTS.includes(metric)) return undefined;
  const changed = (scenario.exact?.counted?.routes ?? [])
    .filter(({ isChanged, base, head }) => isChanged && head > base === (verdict === 'regressed'))
    .map(({ name, base, head }) => ({ route: name, effectRatio: head / base - 1 }))
    .toSorted((left, right) => Math.abs(right.effectRatio) - Math.abs(left.effectRatio));
  const [most] = changed;
  const isAlone = scenario.exact?.counted?.routes?.filter(({ isChanged }) => isChanged).length === 1;
  return most === undefined ? undefined : { ...most, ciRatio: null, of: ' instructions' as const, isAlone };
};

/** Of all requests together, by the measure that {@link Moved} has of one name. */
const wholeOf = ({ metrics }: ScenarioComparison, moved: Moved, metric: MetricComparison): MetricComparison =>
  moved.of === '' ? metric : (metrics.find((row) => row.metric === 'instructionsPerRequest') ?? metric);

/**
 * `, in `GET /search` alone (+37 %)`: every other one is unchanged; else `above all`. Empty where no request is certain,
 * or all of them moved about as much.
 */
export const routeClause = (scenario: ScenarioComparison, metric: MetricComparison): InlineText => {
  if (metric.verdict !== 'regressed' && metric.verdict !== 'improved') return [];
  const moved = movedMost(scenario, metric) ?? countedMost(scenario, metric);
  if (moved === undefined || isAlike(moved, wholeOf(scenario, moved, metric))) return [];
  const { route, effectRatio, of, isAlone } = moved;
  return [', in ', code(route), ` ${isAlone ? 'alone' : 'above all'} (${formatSignedPercent(effectRatio)}${of})`];
};

/** Times the change of all requests: a name that moved little more says nothing about where it is. */
const TELLING_TIMES = 1.25;

/** So does one that may have moved just as much as all of them. */
const isAlike = (row: Moved, { effectRatio }: MetricComparison): boolean => {
  if (effectRatio === null) return false;
  const holdsWhole = row.ciRatio !== null && row.ciRatio[0] <= effectRatio && effectRatio <= row.ciRatio[1];
  return holdsWhole || Math.abs(row.effectRatio) < TELLING_TIMES * Math.abs(effectRatio);
};
