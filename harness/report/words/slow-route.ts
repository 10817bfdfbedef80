/**
 * One request name that takes longer, or less, than it did where the median of all requests stands: which one, which
 * function, and what it waits for.
 */
import { metricDef } from '../../metrics/index.ts';
import type { FunctionComparison, MetricComparison, RouteComparison, ScenarioComparison } from '../../model/index.ts';
import { formatNumberOf, formatPercentRange, formatSignedPercent } from '../../units/index.ts';
import { effectText, severity } from './amounts.ts';
import { changeClause } from './change-clause.ts';
import { LEAST_SHARE_OF_CHANGE } from './new-go.ts';
import { spentText } from './spent.ts';
import { code, type InlineText } from '../text/inline-text.ts';

type Way = 'regressed' | 'improved';

const MEDIAN = 'latencyP50Ms';

const NS_PER_MS = 1e6;

/** Names whose median latency moved this way, the most first; none where the median of all requests did, too. */
const movedAlone = ({ routes = [], metrics }: ScenarioComparison, way: Way): readonly RouteComparison[] =>
  metrics.some(({ metric, verdict }) => metric === MEDIAN && verdict === way)
    ? []
    : routes
        .filter(({ metric, verdict }) => metric === MEDIAN && verdict === way)
        .toSorted((left, right) => Math.abs(right.effectRatio) - Math.abs(left.effectRatio));

/** What the trace says of these requests; undefined where it names nobody. */
const waiterOf = (
  { functions }: ScenarioComparison,
  route: string | null,
  sign: number,
): FunctionComparison | undefined =>
  functions.find(
    (row) =>
      row.profile === 'wall' &&
      (row.kind === 'regressed' || row.kind === 'improved' || row.kind === 'new' || row.kind === 'gone') &&
      (row.route === undefined || row.route === route) &&
      row.deltaPerRequest * sign > 0,
  );

const effectOf = ({ effectRatio, ciRatio }: RouteComparison): string =>
  `${formatSignedPercent(effectRatio)}${ciRatio === null ? '' : ` (${formatPercentRange(ciRatio)})`}`;

const carriesMost = (row: FunctionComparison, { base, head }: RouteComparison): boolean =>
  row.route !== undefined && row.deltaPerRequest / NS_PER_MS / (head - base) >= LEAST_SHARE_OF_CHANGE;

/** `, mostly `main.render` (waits 3.1 ms longer per request: sleep), changed in this pull request`. */
const waitingClause = (scenario: ScenarioComparison, slow: RouteComparison): InlineText => {
  const row = waiterOf(scenario, slow.route, slow.effectRatio);
  const spent = row === undefined ? null : spentText(row);
  if (row === undefined || spent === null) return [];
  return [carriesMost(row, slow) ? ', mostly ' : ', in ', code(row.function), ` (${spent})`, ...changeClause(row)];
};

/**
 * In multiples of the ratio that fails the median of all requests; its least amount is no measure of one name. Half is as far
 * as double.
 */
const severityOf = ({ metric, effectRatio }: RouteComparison): number =>
  Math.max(Math.abs(effectRatio), Math.abs(1 / (1 + effectRatio) - 1)) / (metricDef(metric).practicalRatio ?? Infinity);

const isTouched = ({ changedInDiff, nearChange }: FunctionComparison): boolean =>
  changedInDiff || nearChange !== undefined;

/** Whoever waits is changed, and whoever costs CPU is not: the CPU is what waiting costs. */
const isTheCause = (
  waiter: FunctionComparison,
  { metric }: MetricComparison,
  culprit: FunctionComparison | undefined,
) => metric === 'cpuNsPerRequest' && isTouched(waiter) && (culprit === undefined || !isTouched(culprit));

/**
 * `in `GET /page` median latency +950 % (…), mostly `main.render` (waits 3.1 ms longer per request: sleep)`: before the metric
 * of all requests that moved furthest, where it is known who waits and that one moved by less or has its cause there. A sleep
 * in one name of three costs each request CPU in Go's timers, which says nothing of where it is. Null: the metric is the news.
 */
export const movedRouteFirst = (
  scenario: ScenarioComparison,
  furthest: MetricComparison,
  culprit: FunctionComparison | undefined,
  way: Way,
): InlineText | null => {
  const [name] = movedAlone(scenario, way);
  const waiter = name === undefined ? undefined : waiterOf(scenario, name.route, name.effectRatio);
  if (name === undefined || waiter === undefined) return null;
  const isFurther = severityOf(name) > (severity(furthest) ?? Infinity);
  if (!isFurther && !isTheCause(waiter, furthest, culprit)) return null;
  const ending = way === 'improved' ? ', an improvement' : '';
  return [
    'in ',
    code(name.route),
    ` ${metricDef(name.metric).label} ${effectOf(name)}${ending}`,
    ...waitingClause(scenario, name),
  ];
};

/** Names that moved this way by a metric of which all requests together did not: median latency first, then the furthest. */
const movedBeside = (scenario: ScenarioComparison, way: Way): readonly RouteComparison[] => {
  const { routes = [], metrics } = scenario;
  const ofAll = new Set(metrics.filter(({ verdict }) => verdict === way).map(({ metric }) => metric));
  const others = routes
    .filter((row) => row.metric !== MEDIAN && row.verdict === way && !ofAll.has(row.metric))
    .toSorted((left, right) => severityOf(right) - severityOf(left));
  return [...movedAlone(scenario, way), ...others];
};

const figureOf = ({ metric, effectRatio }: RouteComparison): string =>
  `${metricDef(metric).label} ${formatSignedPercent(effectRatio)}`;

const whoseWait = (scenario: ScenarioComparison, row: RouteComparison): InlineText =>
  row.metric === MEDIAN ? waitingClause(scenario, row) : [];

/** The same behind what speaks first; empty where no name is worse by itself. */
export const slowRouteBeside = (scenario: ScenarioComparison): InlineText => {
  const [worst] = movedBeside(scenario, 'regressed');
  if (worst === undefined) return [];
  return ['; and in ', code(worst.route), ` ${figureOf(worst)}`, ...whoseWait(scenario, worst)];
};

const unwatchedRoute = (scenario: ScenarioComparison, way: Way): InlineText => {
  const [most, ...others] = movedBeside(scenario, way);
  if (most === undefined) return [];
  const more = others.length > 0 ? ` and ${formatNumberOf(others.length, 'more figure')} of single requests` : '';
  const ending = way === 'regressed' ? ', which no gate watches' : '';
  return [
    way === 'regressed' ? '; but in ' : '; and in ',
    code(most.route),
    ` ${figureOf(most)}${more}${ending}`,
    ...whoseWait(scenario, most),
  ];
};

/** Of the percentiles that fail nothing by default: told where it is known who waits. */
const unwatchedPercentile = (scenario: ScenarioComparison): InlineText => {
  const slow = scenario.metrics.find(
    ({ metric, gate, verdict }) => metricDef(metric).stage === 'latency' && !gate && verdict === 'regressed',
  );
  const row = slow === undefined ? undefined : waiterOf(scenario, null, 1);
  const spent = row === undefined ? null : spentText(row);
  if (slow === undefined || row === undefined || spent === null) return [];
  return [
    `; but ${metricDef(slow.metric).label} ${effectText(slow)}, which no gate watches, in `,
    code(row.function),
    ` (${spent})`,
    ...changeClause(row),
  ];
};

/** `; but in `GET /search` median latency +37 %, which no gate watches, mostly …`, beside a verdict that all is well. */
export const latencyBeside = (scenario: ScenarioComparison): InlineText => {
  for (const clause of [
    unwatchedRoute(scenario, 'regressed'),
    unwatchedPercentile(scenario),
    unwatchedRoute(scenario, 'improved'),
  ])
    if (clause.length > 0) return clause;
  return [];
};
