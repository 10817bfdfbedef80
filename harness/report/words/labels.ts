/** What people read for ids: verdicts in words and sign. Labels of metrics and of kinds of profile are in their tables (metrics). */
import type { FunctionComparison, FunctionKind, MetricVerdict } from '../../model/index.ts';

/** Sign and word: the sign alone never carries the verdict, nor does colour. */
export const VERDICT_WORDS: Readonly<Record<MetricVerdict, string>> = {
  regressed: '✗ regressed',
  improved: '✓ improved',
  unchanged: '= unchanged',
  changed: '≠ changed, too little to fail',
  inconclusive: '? inconclusive',
  invalid: '! invalid',
  notJudged: '– not judged',
};

export const FUNCTION_WORDS: Readonly<Record<FunctionKind, string>> = {
  regressed: '✗ costs more',
  improved: '✓ costs less',
  new: '✗ new',
  gone: '✓ gone',
  moved: '↷ moved, not added',
  unclear: '? unclear',
};

/** How a row that the change does not touch is connected with it. */
export const NEAR_WORDS: Readonly<Record<NonNullable<FunctionComparison['nearChange']>, string>> = {
  calls: 'calls changed code',
  calledFrom: 'called from changed code',
};
