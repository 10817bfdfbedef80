/** Costs per request name of the scenario: a row each, and which request moved for the verdict's sentence. */
import type {
  MetricComparison,
  MetricId,
  RouteComparison,
  RouteVerdict,
  ScenarioComparison,
} from '../../model/index.ts';
import { metricDef } from '../../metrics/index.ts';
import { formatCount, formatNumberOf, formatPercentRange, formatSignedPercent } from '../../units/index.ts';
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
  route: row.route,
  label: metricDef(row.metric).label,
  base: sideText(row.base, row.unit),
  head: sideText(row.head, row.unit),
  effect: formatSignedPercent(row.effectRatio),
  interval: row.ciRatio === null ? NOTHING : formatPercentRange(row.ciRatio),
  verdict: row.verdict,
  words: VERDICT_WORDS[row.verdict],
  requests: formatCount(row.requests.head),
});

export const routeRows = ({ routes = [] }: ScenarioComparison): readonly RouteRow[] =>
  routes.toSorted(byWeight).map(routeRow);

const movedBy = (scenario: ScenarioComparison, metric: MetricId, verdict: RouteVerdict): readonly RouteComparison[] =>
  (scenario.routes ?? []).filter((row) => row.metric === metric && row.verdict === verdict).toSorted(byEffect);

/**
 * `, in `GET /search` alone (+37 %)`: every other one is unchanged; else `above all`. Empty where no request is certain,
 * or all of them moved about as much.
 */
export const routeClause = (scenario: ScenarioComparison, metric: MetricComparison): InlineText => {
  if (metric.verdict !== 'regressed' && metric.verdict !== 'improved') return [];
  const [most, ...others] = movedBy(scenario, metric.metric, metric.verdict);
  if (most === undefined || isAlike(most, metric)) return [];
  const rest = (scenario.routes ?? []).filter((row) => row.metric === metric.metric && row !== most);
  const isAlone = others.length === 0 && rest.every(({ verdict }) => verdict === 'unchanged');
  return [', in ', code(most.route), ` ${isAlone ? 'alone' : 'above all'} (${formatSignedPercent(most.effectRatio)})`];
};

/** Times the change of all requests: a name that moved little more says nothing about where it is. */
const TELLING_TIMES = 1.25;

const isAlike = (row: RouteComparison, { effectRatio }: MetricComparison): boolean =>
  effectRatio !== null && Math.abs(row.effectRatio) < TELLING_TIMES * Math.abs(effectRatio);

/** `; `GET /search` alone regressed: median latency +37 %, without a gate`, beside a verdict that all is well. */
export const routesBeside = ({ routes = [] }: ScenarioComparison): InlineText => {
  const [worst, ...others] = routes.filter(({ verdict }) => verdict === 'regressed').toSorted(byEffect);
  if (worst === undefined) return [];
  const more = others.length > 0 ? ` and ${formatNumberOf(others.length, 'more figure')} of single requests` : '';
  return [
    '; but in ',
    code(worst.route),
    ` ${metricDef(worst.metric).label} ${formatSignedPercent(worst.effectRatio)}${more}, which no gate watches`,
  ];
};
