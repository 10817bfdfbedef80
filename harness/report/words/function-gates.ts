/** Functions with a limit: their rows, and what the sentence says of them. */
import { profileKind } from '../../metrics/index.ts';
import type { FunctionGateComparison, GatedFunction, ScenarioComparison } from '../../model/index.ts';
import {
  formatCount,
  formatNumberOf,
  formatPercentRange,
  formatSignedPercent,
  isOnlyNoise,
  TOO_NOISY,
} from '../../units/index.ts';
import { NOTHING, sideText } from './amounts.ts';
import { VERDICT_WORDS } from './labels.ts';
import type { FunctionGateRow } from './report.ts';
import { code, type InlineText } from '../text/inline-text.ts';

type Gated = Pick<ScenarioComparison, 'functionGates'>;

const nounOf = ({ profile }: FunctionGateComparison): string => profileKind(profile).noun;

const limitText = ({ failRatio }: FunctionGateComparison): string => formatSignedPercent(failRatio);

const isNoise = ({ ciRatio }: GatedFunction): boolean => isOnlyNoise(ciRatio);

/** What stands for a pattern as a whole is said once. */
const reasonOf = (gate: FunctionGateComparison, one: GatedFunction, place: number): string | null => {
  if (one.movedTo !== null && one.verdict === 'unchanged') return `moved, not added (${one.movedTo})`;
  return place === 0 ? gate.reason : null;
};

const functionRow = (gate: FunctionGateComparison, one: GatedFunction, place: number): FunctionGateRow => ({
  function: one.function,
  label: nounOf(gate),
  base: sideText(one.basePerRequest, one.unit),
  head: sideText(one.headPerRequest, one.unit),
  effect: isNoise(one) ? NOTHING : formatSignedPercent(one.effectRatio),
  interval: isNoise(one) ? TOO_NOISY : formatPercentRange(one.ciRatio),
  limit: limitText(gate),
  verdict: one.verdict,
  words: VERDICT_WORDS[one.verdict],
  reason: reasonOf(gate, one, place),
});

const emptyRow = (gate: FunctionGateComparison): FunctionGateRow => ({
  function: gate.pattern,
  label: nounOf(gate),
  base: NOTHING,
  head: NOTHING,
  effect: NOTHING,
  interval: NOTHING,
  limit: limitText(gate),
  verdict: gate.verdict,
  words: VERDICT_WORDS[gate.verdict],
  reason: gate.reason,
});

/** In the order of the scenario, those that fail first. */
export const functionGateRows = ({ functionGates = [] }: Gated): readonly FunctionGateRow[] =>
  functionGates
    .flatMap((gate) =>
      gate.functions.length === 0 ? [emptyRow(gate)] : gate.functions.map((one, at) => functionRow(gate, one, at)),
    )
    .toSorted((left, right) => Number(right.verdict === 'regressed') - Number(left.verdict === 'regressed'));

/** `+43 % (31…55 %)`. */
const effectText = (one: GatedFunction): string =>
  isNoise(one) ? TOO_NOISY : `${formatSignedPercent(one.effectRatio)} (${formatPercentRange(one.ciRatio)})`;

/** What a gate comes to, without its name: for JUnit. */
export const functionGateMessage = (gate: FunctionGateComparison): string => {
  const [first] = gate.functions;
  const figures = first === undefined ? [] : [`${first.function} ${effectText(first)}`];
  const reason = gate.reason === null ? '' : `: ${gate.reason}`;
  return [...figures, `limit ${limitText(gate)}`, `${VERDICT_WORDS[gate.verdict]}${reason}`].join(', ');
};

export const functionGateName = (gate: FunctionGateComparison): string => `${gate.pattern} ${nounOf(gate)}`;

interface Failed {
  readonly gate: FunctionGateComparison;
  readonly one: GatedFunction;
}

const failedIn = ({ functionGates = [] }: Gated): readonly Failed[] =>
  functionGates.flatMap((gate) =>
    gate.functions.filter(({ verdict }) => verdict === 'regressed').map((one) => ({ gate, one })),
  );

const beyondLimit = (count: number): string =>
  count === 1 ? '1 more function beyond its limit' : `${formatCount(count)} more functions beyond theirs`;

/** `` `main.encode` CPU +43 % (31…55 %), limit +20 %``; empty where no function fails. */
export const failedFunctions = (scenario: Gated): InlineText => {
  const [first, ...others] = failedIn(scenario);
  if (first === undefined) return [];
  const more = others.length === 0 ? '' : `, and ${beyondLimit(others.length)}`;
  const { gate, one } = first;
  return [code(one.function), ` ${nounOf(gate)} ${effectText(one)}, limit ${limitText(gate)}${more}`];
};

/** Reasons told; what is not judged for others is counted. */
const MOST_REASONS = 2;

/** `` `main.encode` CPU and allocated bytes``, `` `main.encode` and 2 more functions``. */
const namesOf = (gates: readonly FunctionGateComparison[]): InlineText => {
  const [first = '', ...others] = new Set(gates.map(({ pattern }) => pattern));
  if (others.length === 0) return [code(first), ` ${gates.map(nounOf).join(' and ')}`];
  return [code(first), ` and ${formatNumberOf(others.length, 'more function')}`];
};

/** `` ; `main.encode` CPU not judged (no function matches)``, once for a reason. */
export const unjudgedFunctions = ({ functionGates = [] }: Gated): InlineText => {
  const open = functionGates.filter(({ verdict }) => verdict === 'notJudged');
  const groups = [...Map.groupBy(open, ({ reason }) => reason)];
  const told = groups.slice(0, MOST_REASONS).flatMap(([reason, gates]): InlineText => {
    const why = reason === null ? '' : ` (${reason})`;
    return ['; ', ...namesOf(gates), ` not judged${why}`];
  });
  const left = groups.slice(MOST_REASONS).reduce((sum, [, gates]) => sum + gates.length, 0);
  return left === 0 ? told : [...told, `; ${formatNumberOf(left, 'more limit')} of functions not judged`];
};
