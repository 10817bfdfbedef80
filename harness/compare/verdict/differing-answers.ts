/**
 * Whether both sides said the same, from looks at their answers in every launch. A pull request may change an answer, so
 * that alone fails nothing; but one that leaves most of it out has not made the service cheaper.
 */
import type { AnswerDifference, MetricComparison, RouteAnswers, ScenarioRun } from '../../model/index.ts';
import type { ScenarioVerdict } from './scenario-verdict.ts';
import { formatNumberOf } from '../../units/index.ts';

/** Of the answers of a name, those that lack most of the other side's. */
const isMostly = (count: number, compared: number): boolean => count * 2 >= compared;

/** As often between launches of one side: a random pick, no change. */
const byChance = ({ repeated, unsteady, compared }: RouteAnswers, count: number): boolean =>
  unsteady > 0 && unsteady / repeated >= count / compared / 2;

const whatOf = (answers: RouteAnswers): AnswerDifference['what'] | null => {
  const { compared, differing, otherStatus, lost, gained, repeated, varying, first } = answers;
  if (compared === 0 || first === null) return null;
  if (isMostly(lost, compared) && !byChance(answers, lost)) return 'less';
  if (isMostly(gained, compared) && !byChance(answers, gained)) return 'more';
  if (isMostly(otherStatus, compared)) return 'status';
  // What varies by itself shows only when a request comes again, in the next launch.
  if (repeated === 0 || varying / repeated >= differing / compared / 2) return null;
  return 'body';
};

/** Names that the sides answer differently, those with less content on head first. */
export const answerDifferences = ({ answers = [] }: ScenarioRun): readonly AnswerDifference[] =>
  answers
    .flatMap((each): readonly AnswerDifference[] => {
      const what = whatOf(each);
      if (what === null || each.first === null) return [];
      const count = { less: each.lost, more: each.gained, status: each.otherStatus, body: each.differing }[what];
      return [{ route: each.route, what, answers: count, of: each.compared, ...each.first }];
    })
    .toSorted((one, other) => Number(other.what === 'less') - Number(one.what === 'less'));

const figures = ({ base, head }: AnswerDifference): string => {
  const status = base.status === head.status ? '' : `status ${head.status} instead of ${base.status}, `;
  return `${status}${head.bytes} bytes instead of ${base.bytes}`;
};

const WORDS: Readonly<Record<AnswerDifference['what'], string>> = {
  less: 'leaves most of it out',
  more: 'says far more',
  status: 'has another status',
  body: 'is another text, dates, digits, ids and random tokens aside',
};

/** More are counted, not listed. */
const MOST_LISTED = 3;

export const answerWarnings = (differences: readonly AnswerDifference[]): readonly string[] => {
  const listed = differences.slice(0, MOST_LISTED).map((each) => {
    const { route, what, answers, of } = each;
    return `Head's answer to ${route} ${WORDS[what]} (${figures(each)}), in ${answers} of ${of} compared: the costs are not of the same work.`;
  });
  const left = differences.length - listed.length;
  return left > 0 ? [...listed, `Answers of ${formatNumberOf(left, 'more name')} differ, too.`] : listed;
};

const NOT_COMPARABLE = 'not comparable: head leaves most of its answers out';

/** Work that head leaves out with its answers is no improvement; everything else stands. */
export const withoutEmptyGains = (
  rows: readonly MetricComparison[],
  differences: readonly AnswerDifference[],
): readonly MetricComparison[] =>
  differences.some(({ what }) => what === 'less')
    ? rows.map((row) =>
        row.verdict === 'improved' ? { ...row, verdict: 'notJudged', reason: NOT_COMPARABLE, unitsNeeded: null } : row,
      )
    : rows;

/** An outcome that would be an improvement, or nothing new beside one, is none where the answers hold less. */
export const outcomeWithAnswers = (
  outcome: ScenarioVerdict,
  rows: readonly MetricComparison[],
  differences: readonly AnswerDifference[],
): ScenarioVerdict => {
  const [worst] = differences;
  const isBarred = rows.some(({ gate, reason }) => gate && reason === NOT_COMPARABLE);
  if (!isBarred || worst === undefined || outcome.verdict === 'regressed' || outcome.verdict === 'invalid')
    return outcome;
  return { verdict: 'inconclusive', reason: `${NOT_COMPARABLE} (${worst.route}: ${figures(worst)})` };
};
