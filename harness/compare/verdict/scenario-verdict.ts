/** From rows to a scenario's verdict: the worst of its gates, with a sentence where it is not a plain one. */
import { METRICS } from '../../metrics/index.ts';
import { worstVerdict, type InvalidRun, type MetricComparison, type RunVerdict } from '../../model/index.ts';

export interface ScenarioVerdict {
  readonly verdict: RunVerdict;
  readonly reason: string | null;
}

const label = ({ metric }: MetricComparison): string => METRICS[metric].label;

/** *Changed* is told and passes; *not judged* passes unless the scenario asked for it. */
const gateVerdict = ({ verdict, required }: MetricComparison): RunVerdict => {
  if (verdict === 'notJudged') return required ? 'inconclusive' : 'unchanged';
  return verdict === 'changed' ? 'unchanged' : verdict;
};

/** `invalid`: why the measurement is not worth judging, if so. */
export const scenarioVerdictOf = (rows: readonly MetricComparison[], invalid: InvalidRun | null): ScenarioVerdict => {
  if (invalid) return { verdict: 'invalid', reason: invalid.message };
  const gates = rows.filter(({ gate }) => gate);
  const costs = gates.filter(({ metric }) => metric !== 'errorRatio');
  const verdict = worstVerdict(gates.map(gateVerdict));
  if (verdict === 'inconclusive') {
    const open = gates.filter((row) => gateVerdict(row) === 'inconclusive');
    return { verdict, reason: open.map((row) => `${label(row)}: ${row.reason ?? 'not decided'}`).join('; ') };
  }
  const decisive = costs.length > 0 ? costs : gates;
  if (verdict !== 'regressed' && decisive.length > 0 && decisive.every((row) => row.verdict === 'notJudged')) {
    return { verdict: 'inconclusive', reason: `no gate could be judged: ${decisive[0]?.reason ?? 'not measured'}` };
  }
  return { verdict, reason: null };
};
