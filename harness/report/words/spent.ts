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

/** What most of the difference was spent on, the largest part first; empty where no part has much of it, or none is known. */
const toldReasons = (row: FunctionComparison): readonly string[] => {
  const { delta } = costOf(row);
  return (row.reasons ?? [])
    .filter((each) => (each.head - each.base) / delta >= TOLD_RATIO)
    .map(({ reason }) => reason);
};

const inWords = (reasons: readonly string[]): string =>
  reasons.map((reason) => REASON_WORDS[reason] ?? reason).join(', ');

/** `: sleep`, for a row that has its amount beside it. */
export const reasonWords = (row: FunctionComparison): string => {
  const reasons = toldReasons(row);
  return reasons.length === 0 ? '' : `: ${inWords(reasons)}`;
};

/** Null for rows that do not say what they are spent on. */
export const spentText = (row: FunctionComparison): string | null => {
  if (row.reasons === undefined || row.reasons.length === 0) return null;
  const { delta } = costOf(row);
  const reasons = toldReasons(row);
  const amount = `${formatQuantity(Math.abs(delta), row.unit)} ${delta > 0 ? 'longer' : 'less'} per request`;
  if (reasons.length === 0) return `takes ${amount}`;
  if (!reasons.includes('running')) return `waits ${amount}: ${inWords(reasons)}`;
  return reasons.length === 1 ? `runs ${amount}` : `takes ${amount}: ${inWords(reasons)}`;
};
