/** Where a scenario's time went: what a run has recorded, put together under a name for each part. */
import type { Launch, MetricComparison, Phase, ScenarioRun, ScenarioTime, Stage } from '../../model/index.ts';
import { sum } from '../../stats/index.ts';
import { launchesOf, unitsOf, wallSecondsOf } from './launch-series.ts';

const stageSeconds = (run: ScenarioRun, stage: Stage): number => wallSecondsOf(launchesOf(run, stage));

const phaseSeconds = (launches: readonly Launch[], phase: Phase): number =>
  sum(
    launches.flatMap(({ pairs }) => pairs.filter((pair) => pair.phase === phase)).map(({ wallSeconds }) => wallSeconds),
  );

type InLaunches = Pick<
  ScenarioTime,
  'startSeconds' | 'warmUpSeconds' | 'windowsSeconds' | 'contentionSeconds' | 'collectingSeconds'
>;

const inJudged = (run: ScenarioRun): InLaunches => {
  const judged = launchesOf(run, 'judged');
  const each = sum(judged.map(({ wallSeconds }) => wallSeconds));
  // Of what runs beside one another, every part has its share.
  const share = each > 0 ? wallSecondsOf(judged) / each : 0;
  const parts = {
    startSeconds: share * sum(judged.map(({ startSeconds }) => startSeconds)),
    warmUpSeconds: share * sum(judged.map(({ warmup }) => warmup.seconds)),
    windowsSeconds: share * phaseSeconds(judged, 'cost'),
    contentionSeconds: share * phaseSeconds(judged, 'contention'),
  };
  return { ...parts, collectingSeconds: Math.max(0, share * each - sum(Object.values(parts))) };
};

/** A run without counts took no time for them, whether or not that was written down. */
const inExactMode = ({ timing, exact }: ScenarioRun): Pick<ScenarioTime, 'exactSeconds' | 'exactBuildSeconds'> => {
  const { exactSeconds, exactBuildSeconds } = timing;
  if (exactSeconds !== undefined && exactBuildSeconds !== undefined) return { exactSeconds, exactBuildSeconds };
  return exact === undefined ? { exactSeconds: 0, exactBuildSeconds: 0 } : {};
};

const FINAL: ReadonlySet<MetricComparison['verdict']> = new Set(['regressed', 'improved', 'unchanged', 'changed']);

/** The last launch that a row rests on. */
const lastBehind = (run: ScenarioRun, { decidedBy }: MetricComparison): Launch | undefined =>
  decidedBy?.stage === 'judged' ? unitsOf(run)[decidedBy.n - 1]?.at(-1) : undefined;

const cpuVerdict = (run: ScenarioRun, rows: readonly MetricComparison[]): Pick<ScenarioTime, 'cpuVerdictSeconds'> => {
  const row = rows.find(({ metric, gate, verdict }) => metric === 'cpuNsPerRequest' && gate && FINAL.has(verdict));
  const seconds = row === undefined ? undefined : lastBehind(run, row)?.endedSeconds;
  return seconds === undefined ? {} : { cpuVerdictSeconds: seconds };
};

/** `rows`: its metrics, judged. */
export const timeTaken = (run: ScenarioRun, rows: readonly MetricComparison[]): ScenarioTime => {
  const { buildSeconds, linkWaitSeconds, stopSeconds, wholeSeconds } = run.timing;
  const parts = {
    buildSeconds,
    linkWaitSeconds,
    ...inJudged(run),
    latencySeconds: stageSeconds(run, 'latency'),
    growthSeconds: stageSeconds(run, 'growth'),
    allocationsSeconds: stageSeconds(run, 'capture'),
    explainSeconds: sum((['explain', 'trace', 'perf'] as const).map((stage) => stageSeconds(run, stage))),
    ...(launchesOf(run, 'routes').length > 0 && { routesSeconds: stageSeconds(run, 'routes') }),
    ...inExactMode(run),
    ...(stopSeconds !== undefined && { stopSeconds }),
  };
  return {
    ...(wholeSeconds !== undefined && {
      wholeSeconds,
      otherSeconds: Math.max(0, wholeSeconds - sum(Object.values(parts))),
    }),
    ...parts,
    ...cpuVerdict(run, rows),
  };
};
