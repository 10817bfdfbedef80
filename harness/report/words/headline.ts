/**
 * What an outcome is called where people read it first: titles, badges, signs and counts all ask here. Exit codes and
 * `verdict` in JSON go by the verdict alone.
 */
import { type Comparison, METRIC_IDS, type MetricComparison, type ScenarioComparison } from '../../model/index.ts';

/** Worst first. */
export const HEADLINES = ['regressed', 'invalid', 'inconclusive', 'improved', 'partlyJudged', 'unchanged'] as const;

/** A verdict, or `partlyJudged`: nothing that was judged changed, and a gate was not judged. */
export type Headline = (typeof HEADLINES)[number];

interface HeadlineWords {
  /** The sign alone never carries the verdict, nor does colour. */
  readonly sign: string;
  readonly title: string;
  /** After a number of scenarios. */
  readonly counted: string;
}

export const HEADLINE_WORDS: Readonly<Record<Headline, HeadlineWords>> = {
  regressed: { sign: '✗', title: '✗ Regressed', counted: 'regressed' },
  invalid: { sign: '!', title: '! Invalid measurement', counted: 'invalid' },
  inconclusive: { sign: '?', title: '? Inconclusive', counted: 'inconclusive' },
  improved: { sign: '✓', title: '✓ Improved', counted: 'improved' },
  partlyJudged: { sign: '–', title: '– Partly judged', counted: 'partly judged' },
  unchanged: { sign: '=', title: '= Unchanged', counted: 'unchanged' },
};

/** Gates of the scenario that nobody judged, CPU first. */
export const unjudgedGates = ({ metrics }: Pick<ScenarioComparison, 'metrics'>): readonly MetricComparison[] =>
  metrics
    .filter(({ gate, verdict }) => gate && verdict === 'notJudged')
    .toSorted((left, right) => METRIC_IDS.indexOf(left.metric) - METRIC_IDS.indexOf(right.metric));

const hasUnjudgedFunction = ({ functionGates }: Pick<ScenarioComparison, 'functionGates'>): boolean =>
  functionGates?.some(({ verdict }) => verdict === 'notJudged') === true;

/** *Unchanged* is said only of a scenario whose every gate was judged. */
export const headlineOf = (scenario: Pick<ScenarioComparison, 'verdict' | 'metrics' | 'functionGates'>): Headline => {
  if (scenario.verdict !== 'unchanged') return scenario.verdict;
  return unjudgedGates(scenario).length > 0 || hasUnjudgedFunction(scenario) ? 'partlyJudged' : 'unchanged';
};

/** Of all scenarios together: the verdict, unless one of them keeps it from being *unchanged*. */
export const overallHeadline = ({ verdict, scenarios }: Pick<Comparison, 'verdict' | 'scenarios'>): Headline =>
  verdict === 'unchanged' && scenarios.some((scenario) => headlineOf(scenario) === 'partlyJudged')
    ? 'partlyJudged'
    : verdict;
