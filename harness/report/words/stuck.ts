/** Goroutines that can never wake: how many, started by whom, blocked where. */
import type { FunctionComparison, MetricComparison, ScenarioComparison } from '../../model/index.ts';
import { outerFunction } from '../../profile/index.ts';
import { formatCount, formatDuration, formatNumberOf } from '../../units/index.ts';
import { code, type InlineText } from '../text/inline-text.ts';

/** `24 goroutines that were still waiting 1.4 s after their requests, …`: by Go's text of them, where no count by reachability says it. */
export const waitingClause = ({ stuck = [] }: ScenarioComparison): InlineText | null => {
  const [first, ...others] = stuck;
  if (first === undefined) return null;
  const started = first.startedBy === null ? [] : ['started by ', code(first.startedBy), ', '];
  const more = others.length === 0 ? '' : `, and ${formatCount(others.length)} more places`;
  return [
    `${formatNumberOf(first.count, 'goroutine')} still waiting ${formatDuration(first.seconds)} and more after their requests (none on base), `,
    ...started,
    'in ',
    code(first.function),
    ...(first.file === '' ? [] : [' (', code(`${first.file}:${first.line}`), `, ${first.state})`]),
    more,
  ];
};

/** Fewer of what was gained are not what the leak is about. */
const LEAST_SHARE = 0.1;

/** The place where most of head's new ones are stuck; undefined where Go names none, or too few to explain the growth. */
export const stuckIn = (
  { functions }: ScenarioComparison,
  { effectAbsolute }: MetricComparison,
): FunctionComparison | undefined => {
  const [most] = functions
    .filter((row) => row.profile === 'goroutineleak' && row.held !== undefined && row.namedFor === undefined)
    .toSorted((left, right) => right.deltaPerRequest - left.deltaPerRequest);
  if (most === undefined || effectAbsolute === null) return undefined;
  return most.deltaPerRequest > 0 && most.deltaPerRequest >= LEAST_SHARE * effectAbsolute ? most : undefined;
};

/** A closure is started where it was written; anything else is what the goroutine runs. */
const startOf = ({ path, function: name }: FunctionComparison): InlineText => {
  const root = path[0] ?? name;
  const outer = outerFunction(root);
  return outer === null ? ['running ', code(root)] : ['started by ', code(outer)];
};

/** `100 goroutines that can never wake, started by `main.serve`, blocked in `main.serve.func1` (hub.go:42)`. */
export const stuckClause = (row: FunctionComparison): InlineText => {
  const { base = 0, head = 0 } = row.held ?? {};
  const before = base > 0 ? ` (${formatCount(Math.round(base))} on base)` : '';
  const place: InlineText = row.file === '' ? [] : [' (', code(`${row.file}:${row.line}`), ')'];
  const count = Math.round(head);
  return [
    `${formatNumberOf(count, 'goroutine')}${before} that can never wake, `,
    ...startOf(row),
    ', blocked in ',
    code(row.function),
    ...place,
  ];
};
