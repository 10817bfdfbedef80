/** Words for calls that were counted one by one: what a function calls more often, and who calls it. */
import type { CountedCalls, FunctionComparison } from '../../model/index.ts';
import { code, type InlineText } from '../text/inline-text.ts';

const times = (value: number): string => `${Number(value.toPrecision(3))}×`;

/** `calls `json.Marshal` 2× instead of 1× per request`. */
export const callsMoreText = ({ name, base, head }: CountedCalls): InlineText => {
  if (base === 0) return ['now calls ', code(name), ` ${times(head)} per request`];
  if (head === 0) return ['no longer calls ', code(name), ` (${times(base)} per request before)`];
  return ['calls ', code(name), ` ${times(head)} instead of ${times(base)} per request`];
};

const listed = (parts: readonly InlineText[]): InlineText =>
  parts.flatMap((part, at) => (at === 0 ? part : [', ', ...part]));

const callerText = ({ name, base, head, isChanged }: CountedCalls): InlineText => [
  code(name),
  isChanged ? ` ${times(base)} → ${times(head)}` : ` ${times(head)}`,
];

/** `, called by `main.render` 1× → 2×`; of what is named for its own callees, what it calls more often. */
export const edgesClause = ({ callers = [], callees = [] }: FunctionComparison): InlineText => {
  if (callees.length > 0) return ['; it ', ...listed(callees.map(callsMoreText))];
  const more = callers.filter(({ isChanged }) => isChanged);
  return more.length === 0 ? [] : [', called by ', ...listed(more.map(callerText))];
};
