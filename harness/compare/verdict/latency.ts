/**
 * Latency and contention, which have windows of their own. Contention is looked at once, so that look carries all of a
 * gate's level; launches of the latency phase come until its gates are decided, and their looks share it.
 */
import { LATE_LOADER_LAG_P99_US, metricDef, serviceP50Ms } from '../../metrics/index.ts';
import type { MetricId, ScenarioRun } from '../../model/index.ts';
import { LATENCY_LOOKS, type Levels, NAMED_LATENCY_LOOKS, oneLookLevels, shareOf } from '../../stats/index.ts';
import { formatQuantity } from '../../units/index.ts';
import { metricOutcomeOf, notJudged, verdictOf, type MetricOutcome } from './metric-outcome.ts';
import { limitsIn, looksOf, type Family, type JudgedMetric } from './gates.ts';
import { judgeOnce, judgeSequence, type Judgement } from './judge.ts';
import { basisOf, type Reading } from './reading.ts';
import { launchesOf, launchValues, seriesOf, windowValues, type UnitValues } from './launch-series.ts';
import { isOnTime, punctualLaunches } from './punctual.ts';
import { hintsAtRoute } from './route-hints.ts';

/** One-sided levels of metrics that are shown and fail nothing: 99 % intervals. */
export const SHOWN_LEVELS: Levels = { change: 0.005, equivalence: 0.01 };

/** Fewer launches with a window on time carry no latency verdict but {@link ACQUITTAL}. */
const [FEWEST_LATENCY_LAUNCHES] = LATENCY_LOOKS;

/**
 * Before the first look at a change: launches after which latency is *unchanged* where that is clear and nothing hints at
 * anything else. `level`: one-sided, beside what the looks share (docs/method.md, latency).
 */
const ACQUITTAL = { launches: 3, level: 0.004 } as const;
/** Fewer launches with a window on time show nothing of latency. */
export const FEWEST_SHOWN_LAUNCHES = ACQUITTAL.launches;
/** So many launches without one, and no fewer than there are with one: this loader will not be on time here. */
const MOST_LATE_LAUNCHES = 4;

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

/**
 * A launch is one unit: its sides keep their difference, such as which of them is served first where they share a CPU. Half
 * of the variance of the demo's median is between launches (docs/method.md).
 */
const latencyUnits = (run: ScenarioRun, metric: MetricId): readonly UnitValues[] =>
  seriesOf(punctualLaunches(run), launchValues(metric));

const milliseconds = (us: number): string => formatQuantity(us / 1000, 'ms');

const whyTooFew = (run: ScenarioRun): string => {
  const launches = launchesOf(run, 'latency');
  const pairs = launches.flatMap((launch) => launch.pairs.filter(({ phase }) => phase === 'latency'));
  if (pairs.length === 0) return 'no latency phase was run';
  const lags = pairs.flatMap(({ loader }) => loader.lagP99Us ?? []);
  if (lags.length === 0) return 'the loader did not record how late it was';
  if (pairs.every(isOnTime)) {
    return `there was time for ${launches.length} of the ${FEWEST_LATENCY_LAUNCHES} launches that tell latency`;
  }
  return `the load generator was late (99 % of requests within ${milliseconds(Math.max(...lags))}, limit ${milliseconds(LATE_LOADER_LAG_P99_US)})`;
};

const looksAtLatency = ({ required }: JudgedMetric): readonly number[] =>
  required ? NAMED_LATENCY_LOOKS : LATENCY_LOOKS;

/** By the looks that could be taken; what is only shown over all launches. */
const outcomeFromPhase = (
  { run, family }: Reading,
  judged: JudgedMetric,
  units: readonly UnitValues[],
): MetricOutcome => {
  if (!judged.gate) return outcomeOnce(judged, judgeOnce(units, judged, SHOWN_LEVELS), 'latency');
  const looks = looksAtLatency(judged);
  const levels = shareOf(singleLookLevels(judged, looksOf(run.scenario), family), looks.length);
  return metricOutcomeOf(judged, judgeSequence(units, judged, looks, levels), 'latency');
};

/** *Unchanged* before the first look; null: it is not clear yet. */
const acquittal = (
  { run, family }: Reading,
  judged: JudgedMetric,
  units: readonly UnitValues[],
): MetricOutcome | null => {
  if (!judged.gate || units.length !== ACQUITTAL.launches) return null;
  const { change } = singleLookLevels(judged, looksOf(run.scenario), family);
  const judgement = judgeOnce(units, judged, { change, equivalence: ACQUITTAL.level });
  return judgement?.direction === 'same' ? outcomeOnce(judged, judgement, 'latency') : null;
};

/** Latency from the open-model phase where the loader was on time; the median else from the couples' service time. */
export const latencyOutcome = (reading: Reading, asked: JudgedMetric): MetricOutcome => {
  const { run, family, layouts } = reading;
  const judged = limitsIn(run, asked);
  const units = latencyUnits(run, judged.metric);
  const fewest = judged.gate ? FEWEST_LATENCY_LAUNCHES : FEWEST_SHOWN_LAUNCHES;
  if (units.length >= fewest) return outcomeFromPhase(reading, judged, units);
  const acquitted = acquittal(reading, judged, units);
  if (acquitted !== null) return acquitted;
  const why = whyTooFew(run);
  const levels = singleLookLevels(judged, looksOf(run.scenario), family);
  if (judged.metric !== 'latencyP50Ms') {
    return notJudged(outcomeOnce(judged, judgeOnce(units, judged, levels), 'latency'), why);
  }
  const couples = seriesOf(layouts, windowValues(serviceP50Ms, 'cost'));
  const outcome = outcomeOnce(judged, judgeOnce(couples, judged, levels), 'judged');
  return { ...outcome, warnings: [`Judged on the service time of paired requests: ${why}.`] };
};

const isOpen = (reading: Reading, gate: JudgedMetric): boolean => latencyOutcome(reading, gate).verdict === 'open';

/** Whether a latency gate fired. */
export const hasSlowLatency = (reading: Reading, gates: readonly JudgedMetric[]): boolean =>
  gates.some(
    (gate) => metricDef(gate.metric).stage === 'latency' && latencyOutcome(reading, gate).verdict === 'regressed',
  );

/** Every gate of latency is clearly unchanged after {@link ACQUITTAL}, and no request name hints at a change. */
const isAcquitted = (reading: Reading, gates: readonly JudgedMetric[]): boolean =>
  gates
    .filter(({ metric }) => metricDef(metric).stage === 'latency')
    .map((gate) => limitsIn(reading.run, gate))
    .every((gate) => acquittal(reading, gate, latencyUnits(reading.run, gate.metric)) !== null) &&
  !hintsAtRoute(reading.run);

/** Launches of the latency phase at its next look; null: its gates are decided, or more of them will decide nothing. */
export const nextLatencyLook = (reading: Reading, gates: readonly JudgedMetric[]): number | null => {
  const onTime = latencyUnits(reading.run, 'latencyP50Ms').length;
  const late = launchesOf(reading.run, 'latency').length - onTime;
  if (late >= MOST_LATE_LAUNCHES && late >= onTime) return null;
  if (onTime < ACQUITTAL.launches) return ACQUITTAL.launches + late;
  if (onTime < FEWEST_LATENCY_LAUNCHES) return isAcquitted(reading, gates) ? null : FEWEST_LATENCY_LAUNCHES + late;
  const open = gates.filter((gate) => metricDef(gate.metric).stage === 'latency' && isOpen(reading, gate));
  const next = open.flatMap((gate) => looksAtLatency(gate).find((look) => look > onTime) ?? []);
  return next.length === 0 ? null : Math.min(...next) + late;
};
