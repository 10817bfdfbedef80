/** Whether a service was still changing while it was measured: said beside the figures, since both sides change alike. */
import { countedPairs, readWindow } from '../../metrics/index.ts';
import type { Launch, Pair, ScenarioRun, Side } from '../../model/index.ts';
import { mean, standardError } from '../../stats/index.ts';
import { launchesOf } from './launch-series.ts';

/** Fewer launches show no trend that others could not have. */
const FEWEST_LAUNCHES = 8;
/** From the first to the last window of a launch; what a shared machine does within a launch is below it. */
const LEAST_TREND_RATIO = 0.05;
/** One in some 200 steady services would look unsteady at eight launches (t, 7 degrees, two-sided). */
const STANDARD_ERRORS = 4;

const cpuOf = (pair: Pair, side: Side): number | undefined => readWindow('cpuNsPerRequest', pair[side]);

/** ln(last window ÷ first window) of one launch, mean of both sides; undefined: fewer than two windows. */
const trendOf = (launch: Launch): number | undefined => {
  const pairs = countedPairs(launch, 'cost');
  const [first, last] = [pairs[0], pairs.at(-1)];
  if (first === undefined || last === undefined || first === last) return undefined;
  const [firstBase, firstHead] = [cpuOf(first, 'base'), cpuOf(first, 'head')];
  const [lastBase, lastHead] = [cpuOf(last, 'base'), cpuOf(last, 'head')];
  if (!firstBase || !firstHead || !lastBase || !lastHead) return undefined;
  return (Math.log(lastBase / firstBase) + Math.log(lastHead / firstHead)) / 2;
};

/** One sentence when CPU per request still rose or fell within launches; none when it was steady or nobody can tell. */
export const unsteadyWarnings = (run: ScenarioRun): readonly string[] => {
  const trends = launchesOf(run, 'judged').flatMap((launch) => trendOf(launch) ?? []);
  if (trends.length < FEWEST_LAUNCHES) return [];
  const trend = mean(trends);
  if (Math.abs(trend) < STANDARD_ERRORS * standardError(trends)) return [];
  const ratio = Math.expm1(trend);
  if (Math.abs(ratio) < LEAST_TREND_RATIO) return [];
  const way = ratio > 0 ? 'rises' : 'falls';
  return [
    `Never got steady: CPU per request ${way} by ${Math.round(100 * Math.abs(ratio))} % from the first to the last window of a launch, on both sides; they are compared at equal age.`,
  ];
};
