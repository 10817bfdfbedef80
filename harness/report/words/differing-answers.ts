/** Answers that differ between the sides, one sentence each, with how both begin. */
import type { AnswerDifference, AnswerSample, ScenarioComparison } from '../../model/index.ts';
import { formatCount } from '../../units/index.ts';
import { beginning } from './failed-requests.ts';
import { code, type InlineText } from '../text/inline-text.ts';

const sampleText = (side: string, { status, bytes, body }: AnswerSample): InlineText => [
  `${side} answers ${status} with ${formatCount(bytes)} bytes`,
  ...(body === null ? [] : [', beginning ', code(beginning(body))]),
];

const sentence = ({ route, request, base, head, answers, of }: AnswerDifference): InlineText => [
  ...(route === request ? [] : [code(route), ': ']),
  code(beginning(request)),
  ': ',
  ...sampleText('base', base),
  '; ',
  ...sampleText('head', head),
  ` (${formatCount(answers)} of ${formatCount(of)} compared).`,
];

export const answersOf = ({ answers = [] }: ScenarioComparison): readonly InlineText[] => answers.map(sentence);
