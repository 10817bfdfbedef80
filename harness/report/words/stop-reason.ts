/** Why measuring ended, held against what came of it: an end that claims verdicts counts them. */
import type { MetricComparison, ScenarioComparison, StopReason } from '../../model/index.ts';

const STOPS: Readonly<Record<Exclude<StopReason, 'decided'>, string>> = {
  launches: 'the most launches were reached',
  budget: 'the budget was spent',
  invalid: 'the measurement was invalid',
  recorded: 'the recording was complete',
};

const isDecided = ({ verdict }: MetricComparison): boolean =>
  verdict !== 'notJudged' && verdict !== 'inconclusive' && verdict !== 'invalid';

const decidedClause = (gates: readonly MetricComparison[]): string => {
  const decided = gates.filter(isDecided).length;
  if (decided === 0) return 'no gate could be decided';
  if (decided === gates.length) return 'every gate was decided';
  const others = gates.length - decided === 1 ? 'the other one' : 'the others';
  return `${decided} of ${gates.length} gates ${decided === 1 ? 'was' : 'were'} decided, and ${others} cannot be`;
};

/** Follows "stopped because". */
export const stopReason = ({ verdict, stop, launches, exact, metrics }: ScenarioComparison): string => {
  if (verdict === 'invalid') return STOPS.invalid;
  if (stop !== 'decided') return STOPS[stop];
  if (launches === 0 && exact !== null && exact.refusal === null) return 'the instructions were counted';
  return decidedClause(metrics.filter(({ gate }) => gate));
};
