/** What a function spends more time on: `waits 5.1 ms longer per request: sleep`. */
import type { FunctionComparison } from '../../model/index.ts';
import { formatQuantity } from '../../units/index.ts';
import { costOf } from './amounts.ts';

/** Of the difference, for one reason to be told for it; a second one is told where it has this much itself. */
const TOLD_RATIO = 0.2;

/** As the wall profile's label says it → what people say. */
const REASON_WORDS: Readonly<Record<string, string>> = {
  runnable: 'ready to run, no CPU free',
  unknown: 'no reason known',
  other: 'no reason known',
};

/** Null for rows that do not say what they are spent on. */
export const spentText = (row: FunctionComparison): string | null => {
  if (row.reasons === undefined || row.reasons.length === 0) return null;
  const { delta } = costOf(row);
  const told = row.reasons.filter((each) => (each.head - each.base) / delta >= TOLD_RATIO);
  const amount = `${formatQuantity(Math.abs(delta), row.unit)} ${delta > 0 ? 'longer' : 'less'} per request`;
  const [first] = told;
  if (first === undefined) return `takes ${amount}`;
  if (told.length === 1 && first.reason === 'running') return `runs ${amount}`;
  const words = told.map(({ reason }) => REASON_WORDS[reason] ?? reason).join(', ');
  return `${told.some(({ reason }) => reason === 'running') ? 'takes' : 'waits'} ${amount}: ${words}`;
};
