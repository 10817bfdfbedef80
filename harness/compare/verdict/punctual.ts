/** The windows of the latency phase that say something of the service: those in which the loader was on time. */
import { LATE_LOADER_LAG_P99_US } from '../../metrics/index.ts';
import type { Pair, ScenarioRun } from '../../model/index.ts';
import { launchesOf } from './launch-series.ts';
import type { Units } from './reading.ts';

export const isOnTime = ({ loader }: Pair): boolean =>
  loader.lagP99Us !== undefined && loader.lagP99Us < LATE_LOADER_LAG_P99_US;

/** Launches of the latency phase with those windows, each a unit of its own. */
export const punctualLaunches = (run: ScenarioRun): Units =>
  launchesOf(run, 'latency').map((launch) => [{ ...launch, pairs: launch.pairs.filter(isOnTime) }]);
