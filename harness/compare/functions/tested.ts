/**
 * Which functions changed: an overdispersed count test launch by launch, false discovery 0.5 % within a profile, and
 * floors below which a certain change is not worth a name (docs/method.md).
 */
import { profileKind } from '../../metrics/index.ts';
import { type BySide, bothSides } from '../../model/index.ts';
import {
  type CountTest,
  normalQuantile,
  type SessionSpread,
  smallestDetectableCount,
  studentTwoSidedP,
  suspectsFirst,
  sum,
  testCounts,
  testCountsApart,
  widenSessionSpread,
  withSessions,
} from '../../stats/index.ts';
import type { ApartTotals, FunctionTotals, KindTotals } from './costs.ts';
import { spreadOfSessions } from './session-spread.ts';

export interface Tested {
  readonly totals: FunctionTotals;
  /** Head less base, per request. */
  readonly delta: number;
  readonly standardError: number;
  /** Delta ÷ base's total per request, shrunken by how sure it is. */
  readonly impactRatio: number;
  readonly impactCiRatio: readonly [number, number];
  readonly smallestDetectableRatio: number | null;
  readonly qValue: number | null;
  /** Certain and large enough to be named. */
  readonly isNamed: boolean;
}

/** Fewer events than this on both sides together say nothing. */
const LEAST_COUNTS = 20;
/**
 * Of identical code compared by 3,200 samples a side, 4 of 60 had a function reported at 5 %, about what that promises; at 0.5 %
 * it was none of the 49 that could be judged anew, and +3 % in 16 functions lost no name where the diff is known (docs/blame.md).
 */
export const FALSE_DISCOVERY = 0.005;
/** A named function costs at least this much more or less itself, … */
export const LEAST_OWN_RATIO = 0.1;
/** … and moves the total by this much, or a quarter of what fails the gate. */
const LEAST_IMPACT_RATIO = 0.005;
const GATE_SHARE = 0.25;
export const CI_90 = 1.6448536269514722;
/** With one launch the spread between launches is unknown; this is what real services show. */
const ASSUMED_DISPERSION = 1.5;
const ASSUMED_DEGREES = 1000;

const countsOf = ({ sides }: FunctionTotals): BySide<readonly number[]> => ({
  base: sides.base.ownCounts,
  head: sides.head.ownCounts,
});

const totalCounts = (totals: FunctionTotals): BySide<number> => ({
  base: sum(totals.sides.base.ownCounts),
  head: sum(totals.sides.head.ownCounts),
});

const testOneLaunch = ({ base, head }: BySide<number>, sizeRatio: number): CountTest => {
  const share = sizeRatio / (1 + sizeRatio);
  const total = base + head;
  const z = (head - total * share) / Math.sqrt(total * share * (1 - share) * ASSUMED_DISPERSION);
  return {
    z,
    pValue: studentTwoSidedP(z, ASSUMED_DEGREES),
    dispersion: ASSUMED_DISPERSION,
    degrees: ASSUMED_DEGREES,
  };
};

/** Part of all events that is this function's; 0 where costs are no shares of an exact total. */
const shareOf = (kind: KindTotals, counts: BySide<number>): number => {
  const all = kind.samples.base + kind.samples.head;
  // A function that is everything has no noise of its own, only the exact total's: keep a little.
  return kind.isShareOfExact && all > 0 ? Math.min(0.99, (counts.base + counts.head) / all) : 0;
};

/** Of an exact total a share p has the variance of p(1 − p), not of a count: φ·p(1 − p)/N against φ·p/N. */
const withShareVariance = (test: CountTest, share: number): CountTest => {
  const z = test.z / Math.sqrt(1 - share);
  return { ...test, z, pValue: studentTwoSidedP(z, test.degrees), dispersion: test.dispersion * (1 - share) };
};

const testLaunches = (kind: KindTotals, functions: readonly FunctionTotals[]): readonly CountTest[] => {
  const { apart, sizeRatio } = kind;
  if (apart !== undefined) return testCountsApart(functions.map(countsOf), apart.exposures, sizeRatio);
  const launches = functions[0]?.sides.base.ownCounts.length ?? 0;
  return launches >= 2
    ? testCounts(functions.map(countsOf), sizeRatio)
    : functions.map((totals) => testOneLaunch(totalCounts(totals), sizeRatio));
};

const testAll = (kind: KindTotals, functions: readonly FunctionTotals[]): readonly CountTest[] => {
  const tests = testLaunches(kind, functions);
  const ofLaunches = functions.flatMap((totals, i) => {
    const test = tests[i];
    return test === undefined ? [] : [withShareVariance(test, shareOf(kind, totalCounts(totals)))];
  });
  return kind.apart === undefined ? ofLaunches : addSessions(kind, kind.apart, functions, ofLaunches);
};

/** Of functions with fewer events chance hides what an hour does to them. */
const EVENTS_TO_TELL_SPREAD = 100;

const addSessions = (
  { profile, sizeRatio }: KindTotals,
  apart: ApartTotals,
  functions: readonly FunctionTotals[],
  tests: readonly CountTest[],
): readonly CountTest[] => {
  const sessions = bothSides((side) => new Set(apart.sessions[side]).size);
  const known = spreadOfSessions(apart, functions, tests);
  const large = functions.flatMap((totals, i) => {
    const [test, counts] = [tests[i], totalCounts(totals)];
    return test === undefined || counts.base + counts.head < EVENTS_TO_TELL_SPREAD ? [] : [{ test, ...counts }];
  });
  // Where all allocate more, that is the change.
  const spread = profileKind(profile).isByTheHour ? widenSessionSpread(large, sessions, known, sizeRatio) : known;
  return tests.map((test, i) => {
    const totals = functions[i];
    return totals === undefined ? test : withSessions(test, totalCounts(totals), sessions, spread, sizeRatio);
  });
};

/** Between sessions of the base; null: its sides were measured side by side, or nothing has events enough. */
export const sessionSpreadIn = (kind: KindTotals): SessionSpread | null => {
  const known = kind.functions.filter(hasEvents);
  return kind.apart === undefined || known.length === 0
    ? null
    : spreadOfSessions(kind.apart, known, testLaunches(kind, known));
};

/**
 * Standard error of the difference of costs: an event stands for cost ÷ events, and the number of events has variance
 * φ times itself. A side without events is as uncertain as one event of the other side's size.
 */
const standardErrorOf = (totals: FunctionTotals, counts: BySide<number>, dispersion: number): number => {
  const { base, head } = totals.sides;
  const perEvent = (cost: number, count: number): number => (count > 0 ? cost / count : 0);
  const sizes = { base: perEvent(base.own, counts.base), head: perEvent(head.own, counts.head) };
  const either = Math.max(sizes.base, sizes.head);
  const variance = (count: number, size: number): number =>
    count > 0 ? dispersion * count * size ** 2 : dispersion * either ** 2;
  return Math.sqrt(variance(counts.base, sizes.base) + variance(counts.head, sizes.head));
};

/** James and Stein's factor for one estimate: what is within its noise shrinks to nothing. */
const shrinkage = (z: number): number => (Number.isFinite(z) && z !== 0 ? Math.max(0, 1 - 1 / z ** 2) : 0);

const ownRatio = ({ base, head }: FunctionTotals['sides']): number =>
  base.own > 0 ? head.own / base.own - 1 : head.own > 0 ? Infinity : 0;

/** What makes a certain change worth naming. */
export interface Floors {
  /** Smallest effect on the total that fails the gate, as a ratio. */
  readonly practicalRatio: number;
  /** Smallest change of the function's own cost, as a ratio. */
  readonly leastOwnRatio: number;
}

/** The larger of the ratio and its reverse decides, and the mean of both totals: a change and its undoing pass alike. */
const passesFloors = (totals: FunctionTotals, delta: number, kind: KindTotals, floors: Floors): boolean => {
  const own = Math.abs(ownRatio(totals.sides));
  const reverse = Math.abs(1 / (1 + ownRatio(totals.sides)) - 1);
  const impact = Math.abs(delta) / ((kind.total.base + kind.total.head) / 2);
  return (
    Math.max(own, reverse) >= floors.leastOwnRatio &&
    impact >= Math.max(LEAST_IMPACT_RATIO, floors.practicalRatio * GATE_SHARE)
  );
};

interface TestedFamily {
  readonly kind: KindTotals;
  readonly floors: Floors;
  /** Functions tested together. */
  readonly size: number;
}

/** Of one function: what was tested, and its share in the family's error, 1 where all are alike. */
interface FunctionEvidence {
  readonly test: CountTest | null;
  readonly qValue: number | null;
  readonly weight: number;
}

const judge = (totals: FunctionTotals, { test, qValue, weight }: FunctionEvidence, family: TestedFamily): Tested => {
  const { kind, floors, size } = family;
  const counts = totalCounts(totals);
  const delta = totals.sides.head.own - totals.sides.base.own;
  const dispersion = test?.dispersion ?? ASSUMED_DISPERSION;
  const standardError = standardErrorOf(totals, counts, dispersion);
  const ratio = (cost: number): number => (kind.total.base > 0 ? cost / kind.total.base : 0);
  const zLevel = normalQuantile(1 - (weight * FALSE_DISCOVERY) / (2 * Math.max(1, size)));
  const samples = (counts.base + counts.head) / 2;
  const allSamples = (kind.samples.base + kind.samples.head) / 2;
  const isCertain = qValue !== null && qValue <= FALSE_DISCOVERY;
  return {
    totals,
    delta,
    standardError,
    impactRatio: ratio(delta) * shrinkage(standardError > 0 ? delta / standardError : 0),
    impactCiRatio: [ratio(delta - CI_90 * standardError), ratio(delta + CI_90 * standardError)],
    smallestDetectableRatio: allSamples > 0 ? smallestDetectableCount(samples, dispersion, zLevel) / allSamples : null,
    qValue,
    isNamed: isCertain && passesFloors(totals, delta, kind, floors),
  };
};

const hasEvents = (totals: FunctionTotals): boolean => {
  const { base, head } = totalCounts(totals);
  return base + head >= LEAST_COUNTS;
};

const NOT_ASKED = { qValue: null, weight: 1 } as const;

/**
 * Tests the functions `isAsked` picks, as one family, those that the change touches (`changed`) as its suspects; all with
 * events enough lend their spread to the estimate of the noise. Functions that are not asked or have too few events come
 * back untested (no q-value, never named).
 */
export const testFunctions = (
  kind: KindTotals,
  floors: Floors,
  changed: ReadonlySet<string>,
  isAsked: (totals: FunctionTotals) => boolean = () => true,
): readonly Tested[] => {
  const known = kind.functions.filter(hasEvents);
  const tests = new Map(testAll(kind, known).map((test, i) => [known[i], test]));
  const asked = known.filter(isAsked);
  const { qValues, weights } = suspectsFirst(
    asked.map((totals) => tests.get(totals)?.pValue ?? 1),
    asked.map(({ name }) => changed.has(name)),
  );
  const found = new Map(asked.map((totals, i) => [totals, { qValue: qValues[i] ?? null, weight: weights[i] ?? 1 }]));
  const family = { kind, floors, size: asked.length };
  return kind.functions.map((totals) =>
    judge(totals, { test: tests.get(totals) ?? null, ...(found.get(totals) ?? NOT_ASKED) }, family),
  );
};

/** Lower bound of |delta| (90 % interval): what rows are ranked by. */
export const sureDelta = ({ delta, standardError }: Tested): number =>
  Math.max(0, Math.abs(delta) - CI_90 * standardError);
