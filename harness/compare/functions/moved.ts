/**
 * Moved, not added: cost that a rename, an extraction, an inlining or another cut of the same work carried from one
 * function to another. Whole functions that changed their name are matched first and tested as one; among those that
 * changed, neighbours that lost what others won cancel (docs/blame.md).
 */
import { packageOf } from '../../profile/index.ts';
import { sum } from '../../stats/index.ts';
import type { FunctionTotals } from './costs.ts';
import { callersOf, type Paths } from './paths.ts';
import type { Tested } from './tested.ts';

/** Fewer events than this on its one side is chance, not a function that came or went. */
const LEAST_COUNTS = 20;
/** Weights of the likeness of two functions, and the least that pairs them; chosen on the refactorings of docs/blame.md. */
const WEIGHTS = { callers: 0.4, name: 0.2, file: 0.2, cost: 0.2 } as const;
const LEAST_LIKENESS = 0.6;

export const jaccard = (a: ReadonlySet<string>, b: ReadonlySet<string>): number => {
  const union = new Set([...a, ...b]).size;
  return union === 0 ? 0 : [...a].filter((each) => b.has(each)).length / union;
};

/** `main.(*Store).readAll2` → main, store, read, all, 2. */
export const tokensOf = (name: string): ReadonlySet<string> =>
  new Set((name.match(/[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+/g) ?? []).map((token) => token.toLowerCase()));

const likeness = (paths: Paths, gone: FunctionTotals, come: FunctionTotals): number => {
  const costs = [gone.sides.base.cum, come.sides.head.cum];
  const callers = [callersOf(paths, gone.name), callersOf(paths, come.name)] as const;
  const areRoots = callers[0].size === 0 && callers[1].size === 0;
  return (
    WEIGHTS.callers * (areRoots ? 1 : jaccard(...callers)) +
    WEIGHTS.name * jaccard(tokensOf(gone.name), tokensOf(come.name)) +
    WEIGHTS.file * (gone.file === come.file ? 1 : 0) +
    WEIGHTS.cost * (Math.min(...costs) / Math.max(...costs))
  );
};

const isOnlyOn = ({ sides }: FunctionTotals, side: 'base' | 'head'): boolean =>
  sum(sides[side].cumCounts) >= LEAST_COUNTS && sum(sides[side === 'base' ? 'head' : 'base'].cumCounts) === 0;

/** The same whichever side is called base, so that sides exchanged pair alike. */
const pairName = ({ from, to }: { readonly from: string; readonly to: string }): string =>
  [from, to].toSorted().join(' ');

interface NamedFunction {
  readonly name: string;
}

/** Head's name → base's name of the pairs that are alike enough. Best likeness first, each once. */
export const pairAlike = <T extends NamedFunction>(
  gone: readonly T[],
  come: readonly T[],
  likenessOf: (from: T, to: T) => number,
): ReadonlyMap<string, string> => {
  const pairs = gone
    .flatMap((from) => come.map((to) => ({ from: from.name, to: to.name, score: likenessOf(from, to) })))
    .filter(({ score }) => score >= LEAST_LIKENESS)
    .toSorted((a, b) => b.score - a.score || (pairName(a) < pairName(b) ? -1 : 1));
  const renames = new Map<string, string>();
  const used = new Set<string>();
  for (const { from, to } of pairs) {
    if (renames.has(to) || used.has(from)) continue;
    renames.set(to, from);
    used.add(from);
  }
  return renames;
};

/** Head's name → base's name of the functions that only changed their name. */
export const findRenames = (functions: readonly FunctionTotals[], paths: Paths): ReadonlyMap<string, string> =>
  pairAlike(
    functions.filter((totals) => isOnlyOn(totals, 'base')),
    functions.filter((totals) => isOnlyOn(totals, 'head')),
    (from, to) => likeness(paths, from, to),
  );

/** Puts base's cost of the old name beside head's of the new one, under the new name. */
export const joinRenames = (
  functions: readonly FunctionTotals[],
  renames: ReadonlyMap<string, string>,
): readonly FunctionTotals[] => {
  const byName = new Map(functions.map((totals) => [totals.name, totals]));
  const old = new Set(renames.values());
  return functions
    .filter(({ name }) => !old.has(name))
    .map((totals) => {
      const from = byName.get(renames.get(totals.name) ?? '');
      if (from === undefined) return totals;
      return {
        ...totals,
        sides: { base: from.sides.base, head: totals.sides.head },
        lines: { base: from.lines.base, head: totals.lines.head },
      };
    });
};

/** Both partners of a move changed for certain: a chance dip beside a regression must not excuse it. */
const PARTNER_Z = 2.5;
/** What is left over after a move is within 99 % of its noise, … */
const REMAINDER_Z = 2.576;
/** … and at most this part of what moved. */
const MOST_REMAINDER = 0.35;

const zOf = ({ delta, standardError }: Tested): number => (standardError > 0 ? delta / standardError : 0);

const areRelated = (paths: Paths, a: Tested, b: Tested): boolean => {
  const [first, second] = [a.totals.name, b.totals.name];
  if (packageOf(first) === packageOf(second)) return true;
  const [callersOfFirst, callersOfSecond] = [callersOf(paths, first), callersOf(paths, second)];
  if (callersOfFirst.has(second) || callersOfSecond.has(first)) return true;
  return [...callersOfFirst].some((caller) => callersOfSecond.has(caller));
};

/** Groups of changed functions connected by relation and opposite signs. */
const findGroups = (changed: readonly Tested[], paths: Paths): readonly (readonly Tested[])[] => {
  const left = new Set(changed);
  const groups: Tested[][] = [];
  for (const first of changed) {
    if (!left.delete(first)) continue;
    const group = [first];
    for (const member of group) {
      for (const other of left) {
        if (member.delta * other.delta >= 0 || !areRelated(paths, member, other)) continue;
        left.delete(other);
        group.push(other);
      }
    }
    groups.push(group);
  }
  return groups;
};

const largestAgainst = (group: readonly Tested[], one: Tested): Tested | undefined =>
  group.filter(({ delta }) => delta * one.delta < 0).toSorted((a, b) => Math.abs(b.delta) - Math.abs(a.delta))[0];

/**
 * Name → name of the function its cost moved to or came from. A group whose changes cancel within noise moved as a
 * whole; in one with a remainder only those are excused that went against it.
 */
export const findMoves = (tested: readonly Tested[], paths: Paths): ReadonlyMap<string, string> => {
  const changed = tested.filter((each) => each.isNamed || Math.abs(zOf(each)) >= PARTNER_Z);
  const moves = new Map<string, string>();
  for (const group of findGroups(changed, paths)) {
    if (group.length < 2) continue;
    const net = sum(group.map(({ delta }) => delta));
    const noise = Math.hypot(...group.map(({ standardError }) => standardError));
    const moved = sum(group.filter(({ delta }) => delta * net < 0).map(({ delta }) => Math.abs(delta)));
    const cancels = Math.abs(net) <= REMAINDER_Z * noise && Math.abs(net) <= MOST_REMAINDER * moved;
    for (const member of group) {
      const partner = largestAgainst(group, member);
      if (partner !== undefined && (cancels || member.delta * net < 0))
        moves.set(member.totals.name, partner.totals.name);
    }
  }
  return moves;
};
