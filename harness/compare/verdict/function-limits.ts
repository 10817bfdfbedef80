/** What limits of functions make of a scenario's verdict; who judges them, and by what, is in `functions`. */
import type { FunctionGate, FunctionGateComparison } from '../../model/index.ts';
import type { ScenarioVerdict } from './scenario-verdict.ts';

/** Every gate without an answer, for this reason. */
export const unjudgedFunctionGates = (
  gates: readonly FunctionGate[],
  reason: string,
): readonly FunctionGateComparison[] =>
  gates.map((gate) => ({ ...gate, verdict: 'notJudged', reason, matched: 0, functions: [] }));

/** A function beyond its limit fails a measurement that is worth judging; all else of functions decides nothing. */
export const withFunctionGates = (
  outcome: ScenarioVerdict,
  gates: readonly FunctionGateComparison[] | undefined,
): ScenarioVerdict => {
  const isFailing = gates?.some(({ verdict }) => verdict === 'regressed') === true;
  return isFailing && outcome.verdict !== 'invalid' ? { verdict: 'regressed', reason: null } : outcome;
};
