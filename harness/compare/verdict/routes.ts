/**
 * What moved per request name of the scenario: a change in one of ten is a tenth of itself in the mix. Rows inform and
 * fail nothing. Many are looked at, so one is called moved only where its share of false ones among all of them is small,
 * and where it moved by as much as fails the whole (docs/method.md, which request).
 */
import { countedPairs, phaseOf, readRoute, routeServiceP50Ms } from '../../metrics/index.ts';
import {
  type BySide,
  bothSides,
  type MetricComparison,
  type MetricId,
  type MetricVerdict,
  type Phase,
  type RouteComparison,
  type ScenarioRun,
} from '../../model/index.ts';
import { benjaminiHochberg } from '../../stats/index.ts';
import { judgedMetrics, limitsIn, type JudgedMetric } from './gates.ts';
import { judgeOnce, type Judgement } from './judge.ts';
import { FEWEST_SHOWN_LAUNCHES, SHOWN_LEVELS } from './latency.ts';
import { rowHead } from './metric-row.ts';
import { launchesOf, launchValues, seriesOf, unitsOf, windowValues } from './launch-series.ts';
import { punctualLaunches } from './punctual.ts';
import type { Units } from './reading.ts';
import { MOST_FALSE } from './shown.ts';
import { needsPinning, unpinnedReason } from './stopping-rule.ts';

/** A median of fewer, over all launches, is that of a handful of requests. */
const FEWEST_REQUESTS = 20;

type Row = Omit<RouteComparison, 'qValue'>;

/** Of the metrics that a name has by itself, those that launches differ in need as many as a shown figure is worth. */
const COSTS = {
  cpuNsPerRequest: 4,
  mallocsPerRequest: 1,
  allocBytesPerRequest: 1,
  mutexWaitNsPerRequest: 4,
  blockWaitNsPerRequest: 4,
} as const satisfies Partial<Record<MetricId, number>>;

const answeredIn = (units: Units, phase: Phase, name: string): BySide<number> => {
  const pairs = units.flat().flatMap((launch) => countedPairs(launch, phase));
  return bothSides((side) =>
    pairs.reduce((sum, pair) => sum + (pair[side].routes.find(({ route }) => route === name)?.answered ?? 0), 0),
  );
};

const verdictOf = ({ direction }: Judgement, requests: BySide<number>): Row['verdict'] => {
  if (Math.min(requests.base, requests.head) < FEWEST_REQUESTS) return 'notJudged';
  return ({ up: 'regressed', down: 'improved', same: 'unchanged', open: 'notJudged' } as const)[direction];
};

const ratioInterval = ([low, high]: Judgement['interval']): Row['ciRatio'] =>
  Number.isFinite(low) && Number.isFinite(high) ? [Math.expm1(low), Math.expm1(high)] : null;

/** What the rows of one metric are made of. */
interface Source {
  readonly units: Units;
  readonly phase: Phase;
  readonly read: ReturnType<typeof launchValues>;
}

/** Empty where the name was not asked for often enough to say anything, or a zero forbids a ratio. */
const rowFor = ({ units, phase, read }: Source, judged: JudgedMetric, route: string): readonly Row[] => {
  const { metric } = judged;
  const judgement = judgeOnce(seriesOf(units, read), judged, SHOWN_LEVELS);
  if (judgement?.scale !== 'ratio') return [];
  const requests = answeredIn(units, phase, route);
  const { base, head, centre, interval, level, pValue } = judgement;
  return [
    {
      route,
      metric,
      unit: rowHead(judged).unit,
      requests,
      base,
      head,
      effectRatio: Math.expm1(centre),
      ciRatio: ratioInterval(interval),
      ciLevel: 1 - 2 * level,
      pValue,
      verdict: verdictOf(judgement, requests),
    },
  ];
};

const isMoved = (verdict: MetricVerdict): boolean => verdict === 'regressed' || verdict === 'improved';

/**
 * Share of the rows called moved that may be so by chance, where the metric of all requests did not move: nobody looks
 * for a request then, and equal code must not be told of one.
 */
const MOST_FALSE_UNASKED = 0.01;

/** Takes back what moved where as many rows move by chance. */
const withoutChance = (rows: readonly Row[], isAsked: (metric: MetricId) => boolean): readonly RouteComparison[] => {
  const qValues = benjaminiHochberg(rows.map(({ pValue }) => pValue));
  return rows.map((row, index) => {
    const qValue = qValues[index] ?? 1;
    const isChance = qValue > (isAsked(row.metric) ? MOST_FALSE : MOST_FALSE_UNASKED);
    return { ...row, qValue, ...(isMoved(row.verdict) && isChance && { verdict: 'notJudged' }) };
  });
};

/** As the whole is judged: by the phase of latency, or where the loader was late there, by the service time of couples. */
const latencySource = (run: ScenarioRun, metric: MetricId, name: string): Source | null => {
  const punctual = punctualLaunches(run).filter((unit) => unit.some(({ pairs }) => pairs.length > 0));
  if (punctual.length >= FEWEST_SHOWN_LAUNCHES)
    return {
      units: punctual,
      phase: 'latency',
      read: windowValues((window) => readRoute(metric, window, name), 'latency'),
    };
  const isLate = launchesOf(run, 'latency').length >= FEWEST_SHOWN_LAUNCHES;
  if (!isLate) return null;
  return {
    units: unitsOf(run),
    phase: 'cost',
    read: windowValues((window) => routeServiceP50Ms(window, name), 'cost'),
  };
};

/** Of the median; tails of so few requests a name would say nothing. */
const latencyRows = (run: ScenarioRun): readonly Row[] => {
  if (unpinnedReason(run) !== null) return [];
  const judged = judgedMetrics(run.scenario).filter(({ metric }) => metric === 'latencyP50Ms');
  return judged.flatMap((each) =>
    run.scenario.load.requests.flatMap(({ name }) => {
      const source = latencySource(run, each.metric, name);
      return source === null ? [] : rowFor(source, limitsIn(run, each), name);
    }),
  );
};

const isCost = (metric: MetricId): metric is keyof typeof COSTS => metric in COSTS;

/** From launches whose windows send one name each: what that name costs by itself. */
const costRows = (run: ScenarioRun): readonly Row[] => {
  const launches = launchesOf(run, 'routes');
  const ofName = (name: string): Units =>
    launches.map((launch) => [{ ...launch, pairs: launch.pairs.filter(({ route }) => route === name) }]);
  const judged = judgedMetrics(run.scenario).filter(
    ({ metric }) => isCost(metric) && launches.length >= COSTS[metric] && !isUnpinned(run, metric),
  );
  return judged.flatMap((each) =>
    run.scenario.load.requests.flatMap(({ name }) =>
      rowFor(
        { units: ofName(name), phase: phaseOf(each.metric) ?? 'cost', read: launchValues(each.metric) },
        limitsIn(run, each),
        name,
      ),
    ),
  );
};

const isUnpinned = (run: ScenarioRun, metric: MetricId): boolean =>
  needsPinning(metric) && unpinnedReason(run) !== null;

/** In the order of the scenario; empty where its requests have one name. `whole`: the rows of all requests together. */
export const compareRoutes = (run: ScenarioRun, whole: readonly MetricComparison[]): readonly RouteComparison[] => {
  if (run.scenario.load.requests.length < 2) return [];
  const moved = new Set(whole.filter(({ verdict }) => isMoved(verdict)).map(({ metric }) => metric));
  return withoutChance([...latencyRows(run), ...costRows(run)], (metric) => moved.has(metric));
};
