/** What a profiler that ran on head alone costs a request: log ratios of launch means, with an interval over launches. */
import type { Overhead, OverheadCost, Profiler, ScenarioRun, Window } from '../model/index.ts';
import { mean, studentUpperQuantile } from '../stats/index.ts';
import {
  launchUnits,
  launchValues,
  scaleFor,
  seriesOf,
  unitContrasts,
  type UnitValues,
  windowValues,
} from './verdict/launch-series.ts';

/**
 * The mean: of a mix of quick and slow names the median lies where there is next to nothing, and jumps (launches of the demo
 * differed by 14 % in it and by 2 % in the mean).
 */
const meanServiceUs = ({ service }: Window): number | undefined =>
  service !== null && service.count > 0 ? service.meanUs : undefined;

/** 95 % two-sided. */
const TAIL = 0.025;

const costOf = (series: readonly UnitValues[]): OverheadCost | null => {
  if (series.length < 2 || scaleFor(series) !== 'ratio') return null;
  const contrasts = unitContrasts(series, 'ratio');
  const centre = mean(contrasts);
  const squares = contrasts.reduce((sum, value) => sum + (value - centre) ** 2, 0);
  const error = Math.sqrt(squares / (contrasts.length - 1) / contrasts.length);
  const half = studentUpperQuantile(TAIL, contrasts.length - 1) * error;
  return { ratio: Math.expm1(centre), ciRatio: [Math.expm1(centre - half), Math.expm1(centre + half)] };
};

export const overheadOf = (run: ScenarioRun, profiler: Profiler): Overhead => {
  const units = launchUnits(run);
  return {
    scenario: run.scenario.name,
    profiler,
    launches: units.length,
    cpu: costOf(seriesOf(units, launchValues('cpuNsPerRequest'))),
    latency: costOf(seriesOf(units, windowValues(meanServiceUs, 'cost'))),
    memory: costOf(seriesOf(units, launchValues('peakRssBytes'))),
  };
};
