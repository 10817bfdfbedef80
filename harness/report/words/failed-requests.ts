/** What failed requests met, one sentence each: why they failed is mostly in the answer. */
import type { ScenarioComparison, ShownFailure } from '../../model/index.ts';
import { code, type InlineText } from '../text/inline-text.ts';

/** Shorter than what a code span leaves out the middle of. */
const MOST_SHOWN = 150;

export const beginning = (text: string): string => {
  const line = text.trim();
  return line.length > MOST_SHOWN ? `${line.slice(0, MOST_SHOWN)} …` : line;
};

const sentence = ({ side, route, request, how, body }: ShownFailure): InlineText => [
  side === 'both' ? 'both sides, ' : `${side}, `,
  ...(route === request ? [] : [code(route), ': ']),
  code(beginning(request)),
  `: ${how}`,
  ...(body === null ? ['.'] : ['; the answer begins ', code(beginning(body))]),
];

export const failedOf = (scenario: ScenarioComparison): readonly InlineText[] =>
  (scenario.failedRequests ?? []).map(sentence);
