/** One request name of the scenario, as a series of units like the whole. */
import { phaseOf, readRoute } from '../../metrics/index.ts';
import type { MetricId, ScenarioRun } from '../../model/index.ts';
import { estimate } from '../../stats/index.ts';
import { judgedMetrics, limitsIn } from './gates.ts';
import { ratioLimits } from './judge.ts';
import { scaleFor, seriesOf, sideMeans, unitContrasts, type UnitValues, windowValues } from './launch-series.ts';
import { punctualLaunches } from './punctual.ts';
import type { Units } from './reading.ts';

export const routeSeries = (units: Units, metric: MetricId, route: string): readonly UnitValues[] =>
  seriesOf(
    units,
    windowValues((window) => readRoute(metric, window, route), phaseOf(metric) ?? 'cost'),
  );

/** Whether the median latency of a request name is off by what fails the whole, certain or not. */
export const hintsAtRoute = (run: ScenarioRun): boolean => {
  const launches = punctualLaunches(run);
  return judgedMetrics(run.scenario)
    .filter(({ metric }) => metric === 'latencyP50Ms')
    .some((asked) => {
      const judged = limitsIn(run, asked);
      return run.scenario.load.requests.some(({ name }) => {
        const units = routeSeries(launches, judged.metric, name);
        if (units.length < 2 || scaleFor(units) !== 'ratio') return false;
        const { base, head } = sideMeans(units);
        return Math.abs(estimate(unitContrasts(units, 'ratio')).centre) >= ratioLimits(judged, base, head).practical;
      });
    });
};
