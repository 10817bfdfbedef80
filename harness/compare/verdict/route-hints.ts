/** Whether single request names hint at a change, before there are enough launches to call one moved. */
import { readRoute } from '../../metrics/index.ts';
import type { ScenarioRun } from '../../model/index.ts';
import { estimate } from '../../stats/index.ts';
import { judgedMetrics, limitsIn } from './gates.ts';
import { ratioLimits } from './judge.ts';
import { scaleFor, seriesOf, sideMeans, unitContrasts, windowValues } from './launch-series.ts';
import { punctualLaunches } from './punctual.ts';

/** Whether the median latency of a request name is off by what fails the whole, certain or not. */
export const hintsAtRoute = (run: ScenarioRun): boolean => {
  const launches = punctualLaunches(run);
  return judgedMetrics(run.scenario)
    .filter(({ metric }) => metric === 'latencyP50Ms')
    .some((asked) => {
      const judged = limitsIn(run, asked);
      return run.scenario.load.requests.some(({ name }) => {
        const units = seriesOf(
          launches,
          windowValues((window) => readRoute(judged.metric, window, name), 'latency'),
        );
        if (units.length < 2 || scaleFor(units) !== 'ratio') return false;
        const { base, head } = sideMeans(units);
        return Math.abs(estimate(unitContrasts(units, 'ratio')).centre) >= ratioLimits(judged, base, head).practical;
      });
    });
};
