/** How well the load generator did its job, from its own records. */
import { LATE_LOADER_LAG_P99_US } from '../../metrics/index.ts';
import type { ScenarioComparison, ScenarioRun } from '../../model/index.ts';
import { formatPercent, formatQuantity } from '../../units/index.ts';
import { launchesOf } from './launch-series.ts';

type LoaderReport = ScenarioComparison['loader'];

/** Beyond this lag an open model is none: requests queue in the loader. */
const WORST_LAG_P99_US = 10_000;
/** Share of the loader's event loop in use; couples wait for both sides, so only the latency phase suffers. */
const BUSY_EVENT_LOOP = 0.65;
const SATURATED_EVENT_LOOP = 0.85;

const GRADES = ['ok', 'suspect', 'invalid'] as const;

const gradeOf = (value: number, suspectFrom: number, invalidFrom: number): number =>
  value >= invalidFrom ? 2 : value >= suspectFrom ? 1 : 0;

/** Over the latency phase; the cost phase is a closed loop and does not depend on a punctual loader. */
export const loaderReport = (run: ScenarioRun): LoaderReport => {
  const loaders = launchesOf(run, 'latency').flatMap(({ pairs }) =>
    pairs.filter(({ phase, discarded }) => phase === 'latency' && discarded === null).map(({ loader }) => loader),
  );
  const lag = Math.max(0, ...loaders.flatMap(({ lagP99Us }) => lagP99Us ?? []));
  const busy = Math.max(0, ...loaders.map(({ eventLoopRatio }) => eventLoopRatio));
  const lagGrade = gradeOf(lag, LATE_LOADER_LAG_P99_US, WORST_LAG_P99_US);
  const busyGrade = gradeOf(busy, BUSY_EVENT_LOOP, SATURATED_EVENT_LOOP);
  const reasons = [
    ...(lagGrade > 0
      ? [`late: 99 % of requests were sent within ${formatQuantity(lag / 1000, 'ms')} of their time`]
      : []),
    ...(busyGrade > 0 ? [`busy: its event loop was in use ${formatPercent(busy)} of the time`] : []),
  ];
  return { verdict: GRADES[Math.max(lagGrade, busyGrade)] ?? 'ok', reasons };
};
