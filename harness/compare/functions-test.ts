/**
 * Which functions changed: an overdispersed count test launch by launch, false discovery 5 % within a profile, and
 * floors below which a certain change is not worth a name (statistics.md §3.8, docs/method.md).
 */
import type { BySide } from '../model/index.ts';
import {
  benjaminiHochberg,
  type CountTest,
  normalCdf,
  normalQuantile,
  smallestDetectableCountRatio,
  sum,
  testCounts,
} from '../stats/index.ts';
import type { FunctionTotals, KindTotals } from './functions-costs.ts';

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

/** Fewer events than this on both sides together say nothing (statistics.md §3.8). */
const LEAST_COUNTS = 20;
const FALSE_DISCOVERY = 0.05;
/** A named function costs at least this much more or less itself, … */
const LEAST_OWN_RATIO = 0.1;
/** … and moves the total by this much, or a quarter of what fails the gate. */
const LEAST_IMPACT_RATIO = 0.005;
const GATE_SHARE = 0.25;
const CI_90 = 1.6448536269514722;
/** With one launch the spread between launches is unknown; this is what real services show (statistics.md §2.4). */
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
  return { z, pValue: 2 * normalCdf(-Math.abs(z)), dispersion: ASSUMED_DISPERSION, degrees: ASSUMED_DEGREES };
};

const testAll = (functions: readonly FunctionTotals[], sizeRatio: number): readonly CountTest[] => {
  const launches = functions[0]?.sides.base.ownCounts.length ?? 0;
  return launches >= 2
    ? testCounts(functions.map(countsOf), sizeRatio)
    : functions.map((totals) => testOneLaunch(totalCounts(totals), sizeRatio));
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

/** The smaller share decides, so that a change and its reverse pass the same floor. */
const passesFloors = (totals: FunctionTotals, impact: number, practicalRatio: number): boolean => {
  const own = Math.abs(ownRatio(totals.sides));
  const reverse = Math.abs(1 / (1 + ownRatio(totals.sides)) - 1);
  const isOwnLarge = Math.max(own, reverse) >= LEAST_OWN_RATIO;
  return isOwnLarge && Math.abs(impact) >= Math.max(LEAST_IMPACT_RATIO, practicalRatio * GATE_SHARE);
};

/** One row of the test; `reference` is the total a ratio is of. */
const judge = (
  totals: FunctionTotals,
  test: CountTest | null,
  qValue: number | null,
  family: { readonly size: number; readonly reference: number; readonly practicalRatio: number },
): Tested => {
  const counts = totalCounts(totals);
  const delta = totals.sides.head.own - totals.sides.base.own;
  const dispersion = test?.dispersion ?? ASSUMED_DISPERSION;
  const standardError = standardErrorOf(totals, counts, dispersion);
  const ratio = (cost: number): number => (family.reference > 0 ? cost / family.reference : 0);
  const zLevel = normalQuantile(1 - FALSE_DISCOVERY / (2 * Math.max(1, family.size)));
  const samples = (counts.base + counts.head) / 2;
  const isCertain = qValue !== null && qValue <= FALSE_DISCOVERY;
  return {
    totals,
    delta,
    standardError,
    impactRatio: ratio(delta) * shrinkage(standardError > 0 ? delta / standardError : 0),
    impactCiRatio: [ratio(delta - CI_90 * standardError), ratio(delta + CI_90 * standardError)],
    smallestDetectableRatio: samples > 0 ? smallestDetectableCountRatio(samples, dispersion, zLevel) : null,
    qValue,
    isNamed: isCertain && passesFloors(totals, ratio(delta), family.practicalRatio),
  };
};

/** Tests every function with events enough; the others come back untested. */
export const testFunctions = (kind: KindTotals, practicalRatio: number): readonly Tested[] => {
  const isTested = (totals: FunctionTotals): boolean => {
    const { base, head } = totalCounts(totals);
    return base + head >= LEAST_COUNTS;
  };
  const tested = kind.functions.filter(isTested);
  const tests = testAll(tested, kind.sizeRatio);
  const qValues = benjaminiHochberg(tests.map(({ pValue }) => pValue));
  const family = { size: tested.length, reference: kind.total.base, practicalRatio };
  return [
    ...tested.map((totals, i) => judge(totals, tests[i] ?? null, qValues[i] ?? null, family)),
    ...kind.functions.filter((totals) => !isTested(totals)).map((totals) => judge(totals, null, null, family)),
  ];
};

/** Lower bound of |delta| (90 % interval): what rows are ranked by. */
export const sureDelta = ({ delta, standardError }: Tested): number =>
  Math.max(0, Math.abs(delta) - CI_90 * standardError);

/** Whether a difference lies within its own noise (90 % interval). */
export const isWithinNoise = (delta: number, standardError: number): boolean =>
  Math.abs(delta) <= CI_90 * standardError;
