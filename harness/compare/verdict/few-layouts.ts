/**
 * CPU in a run that ended before its first look. Where links are slow or the budget is small, fewer code layouts were
 * seen than the usual limits need; over those there are it is judged once, with the limits of one layout.
 */
import { oneLookLevels } from '../../stats/index.ts';
import { ONE_LAYOUT_TEXT } from '../../metrics/index.ts';
import { notJudged, verdictOf, type MetricOutcome } from './metric-outcome.ts';
import { FEWEST_FOR_CPU, limitsIn, limitsOfFewLayouts, looksOf, type JudgedMetric } from './gates.ts';
import { judgeOnce } from './judge.ts';
import type { Reading } from './reading.ts';
import { countLinkSeeds } from './metric-row.ts';
import { launchesOf, launchValues, wallSecondsOf, seriesOf } from './launch-series.ts';

const SECONDS_PER_MINUTE = 60;

/** Whole minutes that would hold `wanted` units at this run's pace, beside what other launches took. */
export const budgetFor = ({ run }: Reading, seen: number, wanted: number): string => {
  const others = wallSecondsOf(run.launches.filter(({ stage }) => stage !== 'judged'));
  const judged = Math.max(0, run.timing.measureSeconds - others);
  const minutes = Math.ceil((others + (judged * wanted) / Math.max(1, seen)) / SECONDS_PER_MINUTE);
  return `--budget ${minutes}m`;
};

/** `5 of at least 8 launches`, `3 of at least 8 code layouts in 9 launches`. */
const whatWasSeen = ({ run }: Reading, wanted: number): { readonly text: string; readonly seen: number } => {
  const launches = launchesOf(run, 'judged');
  const layouts = countLinkSeeds(launches);
  return sharesLayouts({ run })
    ? { text: `${layouts} of at least ${wanted} code layouts in ${launches.length} launches`, seen: layouts }
    : { text: `${launches.length} of at least ${wanted} launches`, seen: launches.length };
};

/** null: it had its look, or this is not about CPU. */
export const fewLayoutsOutcome = (reading: Reading, asked: JudgedMetric): MetricOutcome | null => {
  const { run, family, layouts, launches } = reading;
  const [first = 0] = looksOf(run.scenario);
  if (asked.metric !== 'cpuNsPerRequest' || layouts.length >= first || launches.length === 0) return null;
  const { text, seen } = whatWasSeen(reading, first);
  const would = `${budgetFor(reading, seen, first)} would hold them`;
  const judged = limitsOfFewLayouts(limitsIn(run, asked), `${text}, so the limits are ${ONE_LAYOUT_TEXT}; ${would}`);
  const series = seriesOf(launches, launchValues(judged.metric));
  const levels = oneLookLevels(looksOf(run.scenario).length, family.gates);
  const judgement = judgeOnce(series, judged, levels) ?? null;
  const outcome: MetricOutcome = {
    judged,
    judgement,
    verdict: judgement === null ? 'open' : verdictOf(judgement, judged),
    pValue: judgement?.pValue ?? null,
    stage: 'judged',
    reason: judged.widened,
    warnings: [],
  };
  const isEnough = launches.length >= FEWEST_FOR_CPU.launches && seesEnough(reading);
  if (isEnough && outcome.verdict !== 'open') return outcome;
  const reason = `${text}; ${would}`;
  // Slow links are this machine's doing; a budget is somebody's choice, and leaves the gate open.
  const isOpen = judged.required || !sharesLayouts(reading);
  if (!isOpen) return notJudged(outcome, reason);
  // What it takes is a look; so few launches do not say how many more would decide.
  return { ...outcome, judgement: judgement && { ...judgement, needed: Infinity }, verdict: 'open', reason };
};

const sharesLayouts = ({ run }: Pick<Reading, 'run'>): boolean => {
  const launches = launchesOf(run, 'judged');
  return countLinkSeeds(launches) < launches.length && run.builds.base.seededLinks;
};

/** Links that cannot be shuffled have limits for their one layout. */
const seesEnough = ({ run }: Reading): boolean => {
  const layouts = countLinkSeeds(launchesOf(run, 'judged'));
  return !run.builds.base.seededLinks || layouts >= FEWEST_FOR_CPU.layouts;
};
