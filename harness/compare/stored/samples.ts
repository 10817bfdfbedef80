/**
 * What two stored runs hold of one metric, and what it says. Where both measured the same base beside their head, each
 * head counts relative to it: whatever the machine did in between was done to that base, too.
 */
import { countedPairs, metricDef, phaseOf, readLaunchSide, readWindow } from '../../metrics/index.ts';
import type { Launch, MetricId, RunFile, ScenarioRun } from '../../model/index.ts';
import {
  decide,
  differencePValue,
  mean,
  standardDeviation,
  studentUpperQuantile,
  unpairedDifference,
  type Levels,
} from '../../stats/index.ts';
import { movesWithLayout, type JudgedMetric } from '../verdict/gates.ts';
import { differenceLimits, ratioLimits, type Judgement } from '../verdict/judge.ts';
import {
  launchesOf,
  launchUnits,
  launchValues,
  scaleFor,
  seriesOf,
  unitContrasts,
  unitsOf,
} from '../verdict/launch-series.ts';

/**
 * sd of CPU per request between whole runs on one virtual machine within 25 minutes (docs/method.md); a run's own
 * launches say nothing of it.
 */
const BETWEEN_RUNS_SD = 0.065;

/** What a change of machine leaves alone. */
export const MACHINE_FREE: ReadonlySet<MetricId> = new Set([
  'mallocsPerRequest',
  'allocBytesPerRequest',
  'heapGrowthBytesPerRequest',
  'goroutineGrowthPerRequest',
  'goroutines',
]);

/** One value per launch of a run's head side. */
const headValues = (run: ScenarioRun, metric: MetricId): readonly number[] => {
  const phase = phaseOf(metric);
  const stage = phase === 'latency' ? 'latency' : 'judged';
  const valueOf = (launch: Launch): number | undefined => {
    if (!phase) return readLaunchSide(metric, launch.sides.head);
    const windows = countedPairs(launch, phase).flatMap(({ head }) => readWindow(metric, head) ?? []);
    return windows.length > 0 ? mean(windows) : undefined;
  };
  return launchesOf(run, stage).flatMap((launch) => valueOf(launch) ?? []);
};

interface SideSamples {
  readonly base: readonly number[];
  readonly head: readonly number[];
}

const samplesOf = (base: ScenarioRun, head: ScenarioRun, metric: MetricId): SideSamples => ({
  base: headValues(base, metric),
  head: headValues(head, metric),
});

const isPositive = ({ base, head }: SideSamples): boolean => [...base, ...head].every((value) => value > 0);

const logs = ({ base, head }: SideSamples): SideSamples => ({ base: base.map(Math.log), head: head.map(Math.log) });

/** Both runs measured one base: the same sources, built the same way. */
export const shareBase = (before: RunFile, after: RunFile): boolean =>
  before.base.revision === after.base.revision &&
  after.runs.every(({ scenario, builds }) => {
    const same = before.runs.find((run) => run.scenario.name === scenario.name);
    return same === undefined || same.builds.base.goVersion === builds.base.goVersion;
  });

/** Head against base, launch by launch (of what moves with it: layout by layout). */
const contrastsIn = (run: ScenarioRun, metric: MetricId, scale: Judgement['scale']): readonly number[] =>
  unitContrasts(seriesOf(unitsIn(run, metric), launchValues(metric)), scale);

const unitsIn = (run: ScenarioRun, metric: MetricId): readonly (readonly Launch[])[] => {
  if (phaseOf(metric) === 'latency') return launchesOf(run, 'latency').map((launch) => [launch]);
  return movesWithLayout(metric) ? unitsOf(run) : launchUnits(run);
};

const isRatioIn = (run: ScenarioRun, metric: MetricId): boolean =>
  scaleFor(seriesOf(unitsIn(run, metric), launchValues(metric))) === 'ratio';

/** sd between runs on the scale of the contrasts; 0 for counters that do not depend on the hour. */
const betweenRuns = (metric: MetricId, contrasts: SideSamples): number =>
  MACHINE_FREE.has(metric)
    ? 0
    : Math.SQRT2 * Math.max(BETWEEN_RUNS_SD, standardDeviation(contrasts.base), standardDeviation(contrasts.head));

/** The heads as they were measured, hours or days apart. */
export const judgeApart = (
  before: ScenarioRun,
  after: ScenarioRun,
  judged: JudgedMetric,
  levels: Levels,
): Judgement | null => {
  const samples = samplesOf(before, after, judged.metric);
  if (samples.base.length < 2 || samples.head.length < 2) return null;
  const growth = metricDef(judged.metric).method === 'growth';
  const scale = !growth && isPositive(samples) ? 'ratio' : 'absolute';
  const contrasts = scale === 'ratio' ? logs(samples) : samples;
  const [base, head] = [mean(samples.base), mean(samples.head)];
  const between = scale === 'ratio' ? betweenRuns(judged.metric, contrasts) : 0;
  return judgementOf({ scale, base, head, contrasts, between }, judged, levels);
};

/** Each head relative to the base that both runs measured; the later head as it would have been in the hour of the earlier. */
export const judgeByBase = (
  before: ScenarioRun,
  after: ScenarioRun,
  judged: JudgedMetric,
  levels: Levels,
): Judgement | null => {
  const { metric } = judged;
  const growth = metricDef(metric).method === 'growth';
  const scale = !growth && isRatioIn(before, metric) && isRatioIn(after, metric) ? 'ratio' : 'absolute';
  const contrasts = { base: contrastsIn(before, metric, scale), head: contrastsIn(after, metric, scale) };
  if (contrasts.base.length < 2 || contrasts.head.length < 2) return null;
  const base = mean(headValues(before, metric));
  const moved = mean(contrasts.head) - mean(contrasts.base);
  const head = scale === 'ratio' ? base * Math.exp(moved) : base + moved;
  return judgementOf({ scale, base, head, contrasts, between: 0 }, judged, levels);
};

interface JudgedFigures {
  readonly scale: Judgement['scale'];
  readonly base: number;
  readonly head: number;
  readonly contrasts: SideSamples;
  /** sd between runs, which their launches do not show. */
  readonly between: number;
}

const judgementOf = (
  { scale, base, head, contrasts, between }: JudgedFigures,
  judged: JudgedMetric,
  levels: Levels,
): Judgement => {
  const limits = scale === 'ratio' ? ratioLimits(judged, base, head) : differenceLimits(judged, base, head);
  const { centre, standardError, degrees } = unpairedDifference(contrasts.base, contrasts.head);
  const error = Math.hypot(standardError, between);
  const half = (level: number): number => (error === 0 ? 0 : studentUpperQuantile(level, degrees) * error);
  const around = (level: number) => [centre - half(level), centre + half(level)] as const;
  const identical = centre === 0 && error === 0;
  return {
    scale,
    unit: 'launch',
    n: contrasts.head.length,
    units: contrasts.head.length,
    base,
    head,
    centre,
    interval: around(levels.change),
    level: levels.change,
    limits,
    direction: identical ? 'same' : decide(centre, around(levels.change), around(levels.equivalence), limits),
    pValue: differencePValue(centre, error, degrees),
    detectable: Math.max(half(levels.change), limits.practical) + error,
    needed: Infinity,
  };
};

/** Launches (or layouts) behind the smaller of both runs' say on a metric. */
export const fewestUnits = (before: ScenarioRun, after: ScenarioRun, metric: MetricId): number =>
  Math.min(unitsIn(before, metric).length, unitsIn(after, metric).length);

/** Whether any launch of either head has the metric. */
export const isMeasured = (before: ScenarioRun, after: ScenarioRun, metric: MetricId): boolean =>
  headValues(before, metric).length + headValues(after, metric).length > 0;
