/** Costs by the values of labels that the service sets: a row each, and which value moved for the verdict's sentence. */
import { metricDef, profileKind } from '../../metrics/index.ts';
import type { LabelComparison, MetricComparison, RouteVerdict, ScenarioComparison } from '../../model/index.ts';
import { formatNumberOf, formatPercentRange, formatSignedPercent } from '../../units/index.ts';
import { NOTHING, sideText } from './amounts.ts';
import { VERDICT_WORDS } from './labels.ts';
import type { RouteRow } from './report.ts';
import { code, type InlineText } from '../text/inline-text.ts';

const WEIGHT: Readonly<Record<LabelComparison['verdict'], number>> = { regressed: 0, improved: 1, notJudged: 2 };

/** `tenant=delta`, `tenant: none`. */
const nameOf = ({ label, value }: LabelComparison): string => (value === '' ? `${label}: none` : `${label}=${value}`);

const titleOf = ({ profile }: LabelComparison): string => {
  const [metric] = profileKind(profile).explains;
  return metric === undefined ? profileKind(profile).noun : metricDef(metric).label;
};

const effectOf = ({ effectRatio }: LabelComparison): string =>
  effectRatio === null ? 'new' : formatSignedPercent(effectRatio);

const labelRow = (row: LabelComparison): RouteRow => ({
  of: 'label',
  route: nameOf(row),
  label: titleOf(row),
  base: sideText(row.basePerRequest, row.unit),
  head: sideText(row.headPerRequest, row.unit),
  effect: effectOf(row),
  interval: row.ciRatio === null ? NOTHING : formatPercentRange(row.ciRatio),
  verdict: row.verdict,
  words: VERDICT_WORDS[row.verdict],
  behind: formatNumberOf(Math.round(row.samples.head), 'sample'),
});

/** What moved first, else by label in the order of cost. */
export const labelRows = ({ labels = [] }: ScenarioComparison): readonly RouteRow[] =>
  labels.toSorted((left, right) => WEIGHT[left.verdict] - WEIGHT[right.verdict]).map(labelRow);

/** Samples without a label are no one's. */
const movedMost = ({ labels = [] }: ScenarioComparison, verdict: RouteVerdict): LabelComparison | undefined =>
  labels
    .filter((row) => row.verdict === verdict && row.value !== '')
    .toSorted((left, right) => Math.abs(right.impactRatio) - Math.abs(left.impactRatio))[0];

/** `, above all for `tenant=delta` (+38 %)`; empty where no value is certain, or the metric is none that labels tell. */
export const labelClause = (scenario: ScenarioComparison, { metric, verdict }: MetricComparison): InlineText => {
  if (verdict !== 'regressed' && verdict !== 'improved') return [];
  const most = movedMost(scenario, verdict);
  if (most === undefined || !profileKind(most.profile).explains.includes(metric)) return [];
  return [', above all for ', code(nameOf(most)), ` (${effectOf(most)})`];
};

/** The same beside a verdict that all is well. */
export const labelBeside = (scenario: ScenarioComparison): InlineText => {
  const worst = movedMost(scenario, 'regressed');
  if (worst === undefined) return [];
  return ['; but for ', code(nameOf(worst)), ` ${titleOf(worst)} ${effectOf(worst)}, which no gate watches`];
};
