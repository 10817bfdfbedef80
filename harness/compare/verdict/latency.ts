/** Latency and contention: phases measured once per run, so one look carries all of a gate's level. */
import { LATE_LOADER_LAG_P99_US, serviceP50Ms } from '../../metrics/index.ts';
import type { Launch, Pair, ScenarioRun } from '../../model/index.ts';
import { oneLookLevels, type Levels } from '../../stats/index.ts';
import { formatQuantity } from '../../units/index.ts';
import { notJudged, verdictOf, type MetricOutcome } from './metric-outcome.ts';
import { limitsIn, type Family, type JudgedMetric } from './gates.ts';
import { judgeOnce, type Judgement } from './judge.ts';
import { basisOf, type Reading } from './reading.ts';
import { launchesOf, launchValues, seriesOf, windowValues, type UnitValues } from './launch-series.ts';

/** One-sided levels of metrics that are shown and fail nothing: 99 % intervals. */
export const SHOWN_LEVELS: Levels = { change: 0.005, equivalence: 0.01 };

/** Fewer windows on time carry no latency verdict. */
const FEWEST_LATENCY_WINDOWS = 6;

/** Level of a gate that is looked at once; of a shown metric: 99 %. */
export const singleLookLevels = (judged: JudgedMetric, looks: readonly number[], family: Family): Levels =>
  judged.gate ? oneLookLevels(looks.length, family.gates) : SHOWN_LEVELS;

const outcomeOnce = (
  judged: JudgedMetric,
  judgement: Judgement | undefined,
  stage: MetricOutcome['stage'],
): MetricOutcome => {
  const verdict = judgement ? verdictOf(judgement, judged) : 'open';
  return {
    judged,
    judgement: judgement ?? null,
    verdict,
    pValue: judgement?.pValue ?? null,
    stage,
    reason: judged.widened,
    warnings: [],
  };
};

/** One look over everything that was measured of a metric. */
export const outcomeFromAll = (reading: Reading, asked: JudgedMetric, levels: Levels): MetricOutcome => {
  const judged = limitsIn(reading.run, asked);
  const units = seriesOf(basisOf(reading, judged.metric).units, launchValues(judged.metric));
  return outcomeOnce(judged, judgeOnce(units, judged, levels), 'judged');
};

const isOnTime = ({ loader }: Pair): boolean =>
  loader.lagP99Us !== undefined && loader.lagP99Us < LATE_LOADER_LAG_P99_US;

/** Each window on its own: the load is the same for all, and four launches are too few to be units. */
const latencyUnits = (launches: readonly Launch[], judged: JudgedMetric): readonly UnitValues[] => {
  const read = launchValues(judged.metric);
  return launches.flatMap((launch) =>
    read({ ...launch, pairs: launch.pairs.filter(isOnTime) }).map((pair) => ({ launches: [[pair]] })),
  );
};

const asWindows = (judgement: Judgement | undefined): Judgement | undefined =>
  judgement && { ...judgement, unit: 'window' };

const milliseconds = (us: number): string => formatQuantity(us / 1000, 'ms');

const whyNotOnTime = (run: ScenarioRun): string => {
  const pairs = launchesOf(run, 'latency').flatMap((launch) => launch.pairs.filter(({ phase }) => phase === 'latency'));
  if (pairs.length === 0) return 'no latency phase was run';
  const lags = pairs.flatMap(({ loader }) => loader.lagP99Us ?? []);
  if (lags.length === 0) return 'the loader did not record how late it was';
  return `the load generator was late (99 % of requests within ${milliseconds(Math.max(...lags))}, limit ${milliseconds(LATE_LOADER_LAG_P99_US)})`;
};

/** Latency from the open-model phase where the loader was on time; the median else from the couples' service time. */
export const latencyOutcome = (reading: Reading, asked: JudgedMetric, levels: Levels): MetricOutcome => {
  const judged = limitsIn(reading.run, asked);
  const windows = latencyUnits(launchesOf(reading.run, 'latency'), judged);
  if (windows.length >= FEWEST_LATENCY_WINDOWS) {
    return outcomeOnce(judged, asWindows(judgeOnce(windows, judged, levels)), 'latency');
  }
  const why = whyNotOnTime(reading.run);
  if (judged.metric !== 'latencyP50Ms') {
    const few = outcomeOnce(judged, asWindows(judgeOnce(windows, judged, levels)), 'latency');
    return notJudged(few, why);
  }
  const couples = seriesOf(reading.layouts, windowValues(serviceP50Ms, 'cost'));
  const outcome = outcomeOnce(judged, judgeOnce(couples, judged, levels), 'judged');
  return { ...outcome, warnings: [`Judged on the service time of paired requests: ${why}.`] };
};
