/**
 * Functions that the scenario gives a limit: tested by their own cost as all functions are, but as a family of their own,
 * so that few of them need no more evidence than few. They fail a run, so a change must be certain and reach the limit;
 * what the samples cannot tell is not judged and fails nothing (docs/method.md).
 */
import { profileKind } from '../../metrics/index.ts';
import type {
  FunctionGate,
  FunctionGateComparison,
  FunctionGateVerdict,
  GatedFunction,
  GatedKind,
} from '../../model/index.ts';
import { sum } from '../../stats/index.ts';
import { formatNumberOf, formatSignedPercent } from '../../units/index.ts';
import type { KindCompared, KindFindings } from './compare-functions.ts';
import type { FunctionTotals } from './costs.ts';
import { fits, isWild } from './name-pattern.ts';
import { unjudgedFunctionGates } from '../verdict/function-limits.ts';
import { CI_90, FALSE_DISCOVERY, type Tested, testFunctions } from './tested.ts';

/** In a comparison; the others are counted. */
const MOST_FUNCTIONS = 5;

/** What decides is the limit, not what is worth naming. */
const NO_FLOORS = { practicalRatio: 0, leastOwnRatio: 0 } as const;

const isOn = ({ sides }: FunctionTotals, side: 'base' | 'head'): boolean => sum(sides[side].cumCounts) > 0;

/** By the name on either side, where it changed. */
const matchesOf = (pattern: string, { totals, renames }: KindFindings): readonly FunctionTotals[] => {
  const fit = fits(pattern);
  return totals.functions.filter(({ name }) => fit(name) || fit(renames.get(name) ?? name));
};

/** The gates of one profile, tested together. */
interface GatedProfile {
  readonly found: KindFindings;
  readonly tested: ReadonlyMap<string, Tested>;
  /** The largest q-value that is certain: profiles share the error. */
  readonly level: number;
}

const verdictOf = (
  { effectRatio, ciRatio: [, highest], qValue, movedTo }: Omit<GatedFunction, 'verdict'>,
  failRatio: number,
  { level }: GatedProfile,
): FunctionGateVerdict => {
  const isCertain = qValue !== null && qValue <= level;
  if (isCertain && effectRatio < 0) return 'improved';
  // Another cut of the same work costs nothing.
  if (isCertain && effectRatio >= failRatio) return movedTo === null ? 'regressed' : 'unchanged';
  const isRuledOut = qValue !== null && effectRatio < failRatio && highest < 2 * failRatio;
  return isRuledOut ? 'unchanged' : 'notJudged';
};

const judgeFunction = (one: Tested, failRatio: number, gated: GatedProfile): GatedFunction => {
  const { totals, delta, standardError, qValue } = one;
  const { base, head } = totals.sides;
  const ratio = (difference: number): number => difference / base.own;
  const figures = {
    function: totals.name,
    unit: profileKind(gated.found.profile).unit,
    basePerRequest: base.own,
    headPerRequest: head.own,
    effectRatio: ratio(delta),
    ciRatio: [ratio(delta - CI_90 * standardError), ratio(delta + CI_90 * standardError)] as const,
    qValue,
    movedTo: gated.found.moves.get(totals.name) ?? null,
  };
  return { ...figures, verdict: verdictOf(figures, failRatio, gated) };
};

const RANK = { regressed: 0, improved: 1, unchanged: 1, notJudged: 1 } as const;

const worstFirst = (left: GatedFunction, right: GatedFunction): number =>
  RANK[left.verdict] - RANK[right.verdict] ||
  (left.verdict === 'regressed' ? right.effectRatio - left.effectRatio : right.basePerRequest - left.basePerRequest);

type Outcome = Pick<FunctionGateComparison, 'verdict' | 'reason'>;

/** Of a single function what the samples leave open; of many how many can be told of at all. */
const outcomeOf = (functions: readonly GatedFunction[]): Outcome => {
  const judged = functions.filter(({ verdict }) => verdict !== 'notJudged');
  const left = functions.length - judged.length;
  if (judged.some(({ verdict }) => verdict === 'regressed')) return { verdict: 'regressed', reason: null };
  if (judged.length === 0) return { verdict: 'notJudged', reason: whyOpen(functions) };
  const reason = left === 0 ? null : `${left} of ${functions.length} functions have too few samples to be judged`;
  return { verdict: judged.every(({ verdict }) => verdict === 'improved') ? 'improved' : 'unchanged', reason };
};

const whyOpen = (functions: readonly GatedFunction[]): string => {
  const [only, ...others] = functions;
  if (only === undefined || others.length > 0) return `${functions.length} functions, each with too few samples`;
  return only.qValue === null
    ? 'too few samples'
    : `too few samples: ${formatSignedPercent(only.ciRatio[1])} cannot be ruled out`;
};

const noFunction = (pattern: string, found: KindFindings): string => {
  const onHead = matchesOf(pattern, found).filter((totals) => isOn(totals, 'head')).length;
  if (onHead === 0) return 'no function matches';
  return `new on head: ${formatNumberOf(onHead, 'function')} without a cost on base`;
};

const hasBase = (totals: FunctionTotals): boolean => isOn(totals, 'base') && totals.sides.base.own > 0;

const judgeGate = (gate: FunctionGate, gated: GatedProfile): FunctionGateComparison => {
  const functions = matchesOf(gate.pattern, gated.found)
    .filter(hasBase)
    .flatMap(({ name }) => gated.tested.get(name) ?? [])
    .map((one) => judgeFunction(one, gate.failRatio, gated))
    .toSorted(worstFirst);
  const none = { verdict: 'notJudged', reason: noFunction(gate.pattern, gated.found) } as const;
  return {
    ...gate,
    ...(functions.length === 0 ? none : outcomeOf(functions)),
    matched: functions.length,
    functions: functions.slice(0, isWild(gate.pattern) ? MOST_FUNCTIONS : 1),
  };
};

const judgeProfile = (
  profile: GatedKind,
  gates: readonly FunctionGate[],
  compared: readonly KindCompared[],
  level: number,
): readonly FunctionGateComparison[] => {
  const found = compared.find((each) => each.profile === profile);
  if (found === undefined) return unjudgedFunctionGates(gates, `no profile of ${profileKind(profile).noun}`);
  if ('isIncomparable' in found) return unjudgedFunctionGates(gates, 'the two builds count it differently');
  const asked = new Set(gates.flatMap(({ pattern }) => matchesOf(pattern, found)).filter(hasBase));
  const tested = testFunctions(found.totals, NO_FLOORS, new Set(), (totals) => asked.has(totals));
  const byName = new Map(tested.map((one) => [one.totals.name, one]));
  return gates.map((gate) => judgeGate(gate, { found, tested: byName, level }));
};

/** In the order of the scenario. */
export const judgeFunctionGates = (
  gates: readonly FunctionGate[],
  compared: readonly KindCompared[],
): readonly FunctionGateComparison[] => {
  const byProfile = Map.groupBy(gates, ({ profile }) => profile);
  const judged = [...byProfile].flatMap(([profile, own]) =>
    judgeProfile(profile, own, compared, FALSE_DISCOVERY / byProfile.size),
  );
  const placeOf = ({ pattern, profile }: FunctionGateComparison): number =>
    gates.findIndex((gate) => gate.pattern === pattern && gate.profile === profile);
  return judged.toSorted((left, right) => placeOf(left) - placeOf(right));
};
