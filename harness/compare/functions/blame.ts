/**
 * Whom to name: the function with the surest own change, or the changed function that made its callees spend more.
 * A change that adds one call to `fmt.Sprintf` costs in fmt, but it is the caller that a reviewer must look at.
 */
import type { FileDiff } from '../../model/index.ts';
import type { FunctionTotals, KindTotals } from './costs.ts';
import { diffOf, touches } from './changed-lines.ts';
import { pathAlongDelta, type Paths } from './paths.ts';
import { sureDelta, type Tested, testFunctions } from './tested.ts';

/** Whether the diff touches a line of the function, on either side. */
export const isChanged = (totals: FunctionTotals, diffs: readonly FileDiff[], modulePath: string | null): boolean =>
  (['base', 'head'] as const).some((side) => {
    const span = totals.lines[side];
    const diff = span === null ? undefined : diffOf(diffs, totals.file, modulePath, side);
    if (span === null || diff === undefined) return false;
    return touches(side === 'base' ? diff.baseLines : diff.headLines, span[0], span[1]);
  });

/** Of nested candidates the deepest is meant that still carries this part of the most. */
const DEEPEST_CARRIES = 0.8;

/** The same totals with everything below counted as the function's own: for the test on cumulative cost. */
const asCumulative = (totals: FunctionTotals): FunctionTotals => ({
  ...totals,
  sides: {
    base: { ...totals.sides.base, own: totals.sides.base.cum, ownCounts: totals.sides.base.cumCounts },
    head: { ...totals.sides.head, own: totals.sides.head.cum, ownCounts: totals.sides.head.cumCounts },
  },
});

/**
 * Changed functions that with their callees cost more (`sign` 1) or less (−1) for certain, on cumulative cost. No floor
 * on the ratio: a handler holds nearly everything, and 3 % more of it is the whole regression.
 */
const changedForCertain = (
  kind: KindTotals,
  changed: ReadonlySet<string>,
  practicalRatio: number,
  sign: 1 | -1,
): readonly Tested[] =>
  testFunctions(
    { ...kind, functions: kind.functions.map(asCumulative) },
    { practicalRatio, leastOwnRatio: 0 },
    changed,
    ({ name }) => changed.has(name),
  ).filter(({ isNamed, delta }) => isNamed && delta * sign > 0);

/** A caller that was there before must carry at least this part of it, or the cost only moved into the candidate. */
const LEAST_PASSED_ON = 0.5;

const cumDelta = ({ sides }: FunctionTotals): number => sides.head.cum - sides.base.cum;

const isOnBoth = ({ sides }: FunctionTotals): boolean => sides.base.cum > 0 && sides.head.cum > 0;

/**
 * Whether a candidate's cost reached the code above it: its nearest caller known on both sides changed by a good part of
 * the same. Cutting a function in two gives the new half a cost, and its caller none.
 */
const reachesCaller = (candidate: Tested, kind: KindTotals, paths: Paths, sign: 1 | -1): boolean => {
  const byName = new Map(kind.functions.map((totals) => [totals.name, totals]));
  const above = pathAlongDelta(paths, candidate.totals.name, sign).slice(0, -1).toReversed();
  const caller = above.map((name) => byName.get(name)).find((totals) => totals !== undefined && isOnBoth(totals));
  const passedOn = caller === undefined ? kind.total.head - kind.total.base : cumDelta(caller);
  return passedOn * sign >= LEAST_PASSED_ON * candidate.delta * sign;
};

/** The deepest of nested candidates that still carries most of the largest one's change; null without candidates. */
const deepestOf = (candidates: readonly Tested[], paths: Paths, sign: 1 | -1): Tested | null => {
  const largest = Math.max(0, ...candidates.map(({ delta }) => Math.abs(delta)));
  const carrying = candidates
    .filter(({ delta }) => Math.abs(delta) >= DEEPEST_CARRIES * largest)
    .map((tested) => ({ tested, depth: pathAlongDelta(paths, tested.totals.name, sign).length }))
    .toSorted((a, b) => b.depth - a.depth || Math.abs(b.tested.delta) - Math.abs(a.tested.delta));
  return carrying[0]?.tested ?? null;
};

export interface Blame {
  readonly name: string;
  /** Named for its own cost, or for what its callees spend. */
  readonly for: 'own' | 'callees';
}

/**
 * The one function to name first. `named`: functions certain by their own cost, surest first, with the sign wanted.
 * A changed one among them wins; else the changed caller above; else the surest own change.
 */
export const findBlame = (
  kind: KindTotals,
  named: readonly Tested[],
  changed: ReadonlySet<string>,
  paths: Paths,
  practicalRatio: number,
  sign: 1 | -1,
): Blame | null => {
  const top = named[0];
  if (top !== undefined && changed.has(top.totals.name)) return { name: top.totals.name, for: 'own' };
  const candidates = changedForCertain(kind, changed, practicalRatio, sign);
  const caller = deepestOf(
    candidates.filter((each) => reachesCaller(each, kind, paths, sign)),
    paths,
    sign,
  );
  if (caller === null) return top === undefined ? null : { name: top.totals.name, for: 'own' };
  const isAbove = top === undefined || pathAlongDelta(paths, top.totals.name, sign).includes(caller.totals.name);
  if (top !== undefined && !isAbove && sureDelta(top) > sureDelta(caller)) return { name: top.totals.name, for: 'own' };
  const isOwn = named.some(({ totals }) => totals.name === caller.totals.name);
  return { name: caller.totals.name, for: isOwn ? 'own' : 'callees' };
};
