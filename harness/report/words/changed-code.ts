/** What the functions that the change touches cost, also where that is what it was: a reviewer asks for them by name. */
import { isHeld, profileKind, witnessesOf } from '../../metrics/index.ts';
import { COST_KINDS, type CostKind, type FunctionComparison, type ScenarioComparison } from '../../model/index.ts';
import { formatCount, formatPercent, formatSignedPercent } from '../../units/index.ts';
import { shownOf, signedAmount, sideText } from './amounts.ts';
import { edgesClause } from './calls.ts';
import { FUNCTION_WORDS } from './labels.ts';
import { code, type InlineText } from '../text/inline-text.ts';

/** More belong to a refactoring, of which the table has those that changed. */
const MOST_FUNCTIONS = 10;

/** Lock waits and snapshots are said where they changed; that they did not says little of a function. */
const SPENT: readonly CostKind[] = ['instructions', 'cpu', 'alloc_space', 'alloc_objects'];

/** The profiles of the metrics that decided first, then counts, then samples. */
const orderFor = (scenario: ScenarioComparison): readonly CostKind[] => {
  const decided = scenario.metrics.filter(
    ({ gate, verdict }) => gate && (verdict === 'regressed' || verdict === 'improved'),
  );
  return [...new Set([...decided.flatMap(({ metric }) => witnessesOf(metric)), ...SPENT, ...COST_KINDS])];
};

const changeText = (row: FunctionComparison): InlineText => {
  const delta = `${signedAmount(shownOf(row).delta, row.unit)}${profileKind(row.profile).amount}`;
  const share = formatSignedPercent(row.impactRatio);
  const amount = isHeld(row.profile) ? `${delta} at the end of a launch` : `${delta} per request (${share} of one)`;
  const callees = row.namedFor === 'callees' ? ' with what it calls' : '';
  return [`${FUNCTION_WORDS[row.kind]}${callees}, ${amount}`, ...(row.callees === undefined ? [] : edgesClause(row))];
};

const callsText = ({ baseCallsPerRequest: base, headCallsPerRequest: head }: FunctionComparison): string => {
  if (base === null || head === null) return '';
  const [before, after] = [Number(base.toPrecision(3)), Number(head.toPrecision(3))];
  return before === after ? `, called ${after}×` : `, called ${after}× instead of ${before}×`;
};

/** A difference of at least this part of what would be certain is not called none. */
const NEARLY_CERTAIN = 0.25;

/** What samples saw without being sure of it. */
const unsureText = (row: FunctionComparison, limit: number): string =>
  `not certain (${profileKind(row.profile).title}: ${signedAmount(row.deltaPerRequest, row.unit)} per request; a difference from ${formatPercent(limit)} of a request on would be)`;

const sameText = (row: FunctionComparison): string => {
  const cost = `${sideText(row.headPerRequest, row.unit)} of its own per request`;
  if (row.unit === 'instructions' && row.deltaPerRequest === 0) return `the same ${cost}${callsText(row)}`;
  const limit = row.smallestDetectableRatio;
  const isNearly = limit !== null && Math.abs(row.impactRatio) >= NEARLY_CERTAIN * limit;
  if (isNearly && row.deltaPerRequest !== 0) return unsureText(row, limit);
  const would = limit === null ? '' : `; from ${formatPercent(limit)} of a request on it would show`;
  return `no change seen (${profileKind(row.profile).title}: ${cost}${callsText(row)}${would})`;
};

const placeOf = ({ file, line }: FunctionComparison): InlineText => (file === '' ? [] : [' ', code(`${file}:${line}`)]);

/** One line a function: what changed for certain in any profile, else that no change was seen in the first of them. */
const lineOf = (rows: readonly FunctionComparison[]): InlineText => {
  const [first] = rows;
  if (first === undefined) return [];
  const certain = rows.filter(({ kind }) => kind !== 'unclear');
  const what =
    certain.length > 0
      ? certain.slice(0, 2).flatMap((row, at): InlineText => [at === 0 ? '' : '; ', ...changeText(row)])
      : [sameText(first)];
  return [code(first.function), ...placeOf(first), ': ', ...what];
};

const weightOf = (rows: readonly FunctionComparison[]): number => (rows.some(({ kind }) => kind !== 'unclear') ? 1 : 0);

/** Of the functions that ran; empty where the change touches none of them, or no profile was compared. */
export const changedCodeOf = (scenario: ScenarioComparison): readonly InlineText[] => {
  const order = orderFor(scenario);
  const byName = new Map<string, FunctionComparison[]>();
  const touched = scenario.functions
    .filter((row) => row.changedInDiff)
    .toSorted((a, b) => order.indexOf(a.profile) - order.indexOf(b.profile));
  for (const row of touched) byName.set(row.function, [...(byName.get(row.function) ?? []), row]);
  const groups = [...byName.values()].toSorted((a, b) => weightOf(b) - weightOf(a));
  const left = groups.length - MOST_FUNCTIONS;
  return [
    ...groups.slice(0, MOST_FUNCTIONS).map(lineOf),
    ...(left > 0 ? [[`and ${formatCount(left)} more functions that the change touches`] as InlineText] : []),
  ];
};
