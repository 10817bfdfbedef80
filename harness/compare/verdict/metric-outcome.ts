/** What the run says of one metric, before it becomes a row of the comparison. */
import type { DecidedBy, MetricVerdict } from '../../model/index.ts';
import { metricDef } from '../../metrics/index.ts';
import type { JudgedMetric } from './gates.ts';
import type { Judgement, Sequence } from './judge.ts';

export interface MetricOutcome {
  readonly judged: JudgedMetric;
  /** Where the figures come from; null when there are none. */
  readonly judgement: Judgement | null;
  /** `open`: more launches may still decide it. */
  readonly verdict: MetricVerdict | 'open';
  readonly pValue: number | null;
  readonly stage: DecidedBy['stage'];
  readonly reason: string | null;
  readonly warnings: readonly string[];
}

/** Certain, and at least what is worth telling, though below what fails. */
const isTold = ({ scale, centre, interval }: Judgement, { changedRatio }: JudgedMetric): boolean =>
  changedRatio !== null &&
  scale === 'ratio' &&
  (interval[0] > 0 || interval[1] < 0) &&
  Math.abs(centre) >= Math.log1p(changedRatio);

export const verdictOf = (judgement: Judgement, judged: JudgedMetric): MetricVerdict | 'open' => {
  const worse = metricDef(judged.metric).better === 'lower' ? 'up' : 'down';
  switch (judgement.direction) {
    case 'open':
      return 'open';
    case 'same':
      return isTold(judgement, judged) ? 'changed' : 'unchanged';
    case 'up':
    case 'down':
      return judgement.direction === worse ? 'regressed' : 'improved';
  }
};

export const metricOutcomeOf = (
  judged: JudgedMetric,
  sequence: Sequence,
  stage: DecidedBy['stage'],
): MetricOutcome => ({
  judged,
  judgement: sequence.last,
  verdict: sequence.last ? verdictOf(sequence.last, judged) : 'open',
  pValue: sequence.pValue,
  stage,
  reason: judged.widened,
  warnings: [],
});

/** The same figures, but this machine or run cannot decide by them. */
export const notJudged = (outcome: MetricOutcome, reason: string): MetricOutcome => ({
  ...outcome,
  verdict: 'notJudged',
  reason,
});
