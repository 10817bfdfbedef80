/**
 * Moved, not added, by exact counts: a rename has the instructions and calls of the function that is gone, and what was
 * extracted or inlined is missing where it came from. Counts carry no call paths, so that likeness of work stands in for
 * the callers by which sampled costs are matched (functions-moved.ts).
 */
import { packageOf } from '../profile/index.ts';
import { sum } from '../stats/index.ts';
import { jaccard, tokensOf } from './functions-moved.ts';

export interface CountedFunction {
  readonly name: string;
  readonly file: string;
  /** Instructions per request; 0 where the side does not have it. */
  readonly base: number;
  readonly head: number;
  readonly baseCalls: number | null;
  readonly headCalls: number | null;
}

/**
 * Equally many calls are what a rename keeps even where something was added to the work; a name without its package
 * survives a move to another one.
 */
const WEIGHTS = { work: 0.25, calls: 0.3, name: 0.25, file: 0.2 } as const;
const LEAST_LIKENESS = 0.6;

const ratio = (a: number, b: number): number => (Math.max(a, b) > 0 ? Math.min(a, b) / Math.max(a, b) : 1);

/** Inlined functions have no calls of their own: that is no likeness, and no difference. */
const callsLikeness = (a: number | null, b: number | null): number => (a === null || b === null ? 0.5 : ratio(a, b));

/** `example.com/shop/near.(*T).Nearness` → `(*T).Nearness`. */
const localName = (name: string): string => name.slice(packageOf(name).length + 1);

const likeness = (gone: CountedFunction, come: CountedFunction): number =>
  WEIGHTS.work * ratio(gone.base, come.head) +
  WEIGHTS.calls * callsLikeness(gone.baseCalls, come.headCalls) +
  WEIGHTS.name * jaccard(tokensOf(localName(gone.name)), tokensOf(localName(come.name))) +
  WEIGHTS.file * (gone.file === come.file ? 1 : 0);

const isGone = ({ base, head }: CountedFunction): boolean => base > 0 && head === 0;
const isNew = ({ base, head }: CountedFunction): boolean => base === 0 && head > 0;

/** Head's name → base's name of the functions that only changed their name or place. Best likeness first, each once. */
export const findCountedRenames = (functions: readonly CountedFunction[]): ReadonlyMap<string, string> => {
  const come = functions.filter(isNew);
  const pairs = functions
    .filter(isGone)
    .flatMap((from) => come.map((to) => ({ from: from.name, to: to.name, score: likeness(from, to) })))
    .filter(({ score }) => score >= LEAST_LIKENESS)
    .toSorted((a, b) => b.score - a.score || (a.to < b.to ? -1 : 1));
  const renames = new Map<string, string>();
  const used = new Set<string>();
  for (const { from, to } of pairs) {
    if (renames.has(to) || used.has(from)) continue;
    renames.set(to, from);
    used.add(from);
  }
  return renames;
};

/** What an extraction costs beside what it moves: calls, arguments, a prologue. */
const MOST_REMAINDER = 0.35;
/** Two functions that both sides have must cancel this closely: a change here and one there may be of like size. */
const MOST_CHANCE = 0.02;

const deltaOf = ({ base, head }: CountedFunction): number => head - base;

const isOneSided = (each: CountedFunction): boolean => isNew(each) || isGone(each);

/** What is left over when `one` and `others` together are a move, as a part of what moved; infinite when they are not. */
const remainder = (one: CountedFunction, others: readonly CountedFunction[]): number => {
  const [delta, against] = [deltaOf(one), sum(others.map(deltaOf))];
  if (delta * against >= 0) return Infinity;
  return Math.abs(delta + against) / Math.max(Math.abs(delta), Math.abs(against));
};

const isMove = (one: CountedFunction, other: CountedFunction): boolean => {
  const left = remainder(one, [other]);
  if (isOneSided(one) || isOneSided(other)) return left <= MOST_REMAINDER;
  return packageOf(one.name) === packageOf(other.name) && left <= MOST_CHANCE;
};

/**
 * Name → name of the function its work went to or came from, among those that changed for certain (renames joined
 * before). One into one first, nearest first; then one that was cut into several, or several into one, of its file.
 */
export const findCountedMoves = (changed: readonly CountedFunction[]): ReadonlyMap<string, string> => {
  const moves = new Map<string, string>();
  const left = new Set(changed);
  const pairs = changed
    .flatMap((one, at) => changed.slice(at + 1).map((other) => ({ one, other, left: remainder(one, [other]) })))
    .filter(({ one, other }) => isMove(one, other))
    .toSorted((a, b) => a.left - b.left);
  for (const { one, other } of pairs) {
    if (!left.has(one) || !left.has(other)) continue;
    moves.set(one.name, other.name);
    moves.set(other.name, one.name);
    left.delete(one);
    left.delete(other);
  }
  for (const one of changed) {
    const parts = [...left].filter(
      (other) => isOneSided(other) && other.file === one.file && deltaOf(other) * deltaOf(one) < 0,
    );
    if (!left.has(one) || parts.length < 2 || remainder(one, parts) > MOST_REMAINDER) continue;
    const [largest] = parts.toSorted((a, b) => Math.abs(deltaOf(b)) - Math.abs(deltaOf(a)));
    moves.set(one.name, largest?.name ?? one.name);
    left.delete(one);
    for (const part of parts) {
      moves.set(part.name, one.name);
      left.delete(part);
    }
  }
  return moves;
};
