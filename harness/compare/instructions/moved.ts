/**
 * Moved, not added, by exact counts: a rename has the instructions and calls of the function that is gone, and what was
 * extracted or inlined is missing where it came from. Counts carry no call paths, so that likeness of work stands in for
 * the callers by which sampled costs are matched (functions/moved.ts).
 */
import { packageOf } from '../../profile/index.ts';
import { sum } from '../../stats/index.ts';
import { jaccard, pairAlike, tokensOf } from '../functions/moved.ts';

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

/** Head's name → base's name of the functions that only changed their name or place. */
export const findCountedRenames = (functions: readonly CountedFunction[]): ReadonlyMap<string, string> =>
  pairAlike(functions.filter(isGone), functions.filter(isNew), likeness);

/** A changed function and a new one are no extraction when more than this part of the larger change is left over. */
const MOST_REMAINDER = 0.35;
/** Two functions that both sides have must cancel this closely: a change here and one there may be of like size. */
const MOST_CHANCE = 0.02;
/** What a call adds or saves: arguments, a prologue, spilled registers. */
const CALL_INSTRUCTIONS = 25;

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

const callsOf = ({ baseCalls, headCalls }: CountedFunction): number => Math.max(baseCalls ?? 0, headCalls ?? 0);

/** Whether cutting and calling alone explain what is left over. */
const isPure = (group: readonly CountedFunction[]): boolean => {
  const moved = Math.max(...group.map((each) => Math.abs(deltaOf(each))));
  const cut = sum(group.filter(isOneSided).map(callsOf));
  return Math.abs(sum(group.map(deltaOf))) <= Math.max(MOST_CHANCE * moved, CALL_INSTRUCTIONS * cut);
};

export interface CountedMove {
  /** Where its work went, or came from. */
  readonly twin: string;
  /**
   * Instructions per request of its change that are the twin's. Null: all of it, nothing was added. Else the function
   * itself has changed by the rest.
   */
  readonly carried: number | null;
}

/** Of two whose changes do not cancel, the one against the sum moved; the other one changed by the sum. */
const pairMoves = (one: CountedFunction, other: CountedFunction): readonly (readonly [string, CountedMove])[] => {
  const net = deltaOf(one) + deltaOf(other);
  const pure = isPure([one, other]);
  const moveOf = (each: CountedFunction, twin: CountedFunction): readonly [string, CountedMove] => [
    each.name,
    { twin: twin.name, carried: pure || deltaOf(each) * net < 0 ? null : -deltaOf(twin) },
  ];
  return [moveOf(one, other), moveOf(other, one)];
};

/**
 * The moves among the functions that changed for certain (renames joined before). One into one first, nearest first;
 * then one that was cut into several, or several into one, of its file.
 */
export const findCountedMoves = (changed: readonly CountedFunction[]): ReadonlyMap<string, CountedMove> => {
  const moves = new Map<string, CountedMove>();
  const left = new Set(changed);
  const pairs = changed
    .flatMap((one, at) => changed.slice(at + 1).map((other) => ({ one, other, left: remainder(one, [other]) })))
    .filter(({ one, other }) => isMove(one, other))
    .toSorted((a, b) => a.left - b.left);
  for (const { one, other } of pairs) {
    if (!left.has(one) || !left.has(other)) continue;
    for (const [name, move] of pairMoves(one, other)) moves.set(name, move);
    left.delete(one);
    left.delete(other);
  }
  for (const one of changed) {
    const parts = [...left].filter(
      (other) => isOneSided(other) && other.file === one.file && deltaOf(other) * deltaOf(one) < 0,
    );
    if (!left.has(one) || parts.length < 2 || !isPure([one, ...parts])) continue;
    const [largest] = parts.toSorted((a, b) => Math.abs(deltaOf(b)) - Math.abs(deltaOf(a)));
    moves.set(one.name, { twin: largest?.name ?? one.name, carried: null });
    left.delete(one);
    for (const part of parts) {
      moves.set(part.name, { twin: one.name, carried: null });
      left.delete(part);
    }
  }
  return moves;
};
