/** Base is what was, head is what the change makes of it. */
export type Side = 'base' | 'head';

export const SIDES = ['base', 'head'] as const satisfies readonly Side[];

export interface BySide<T> {
  readonly base: T;
  readonly head: T;
}

export const otherSide = (side: Side): Side => (side === 'base' ? 'head' : 'base');

/** Of two values that came one after the other, `first`'s before the other side's. */
export const inPlace = <T>(first: Side, early: T, late: T): BySide<T> =>
  first === 'base' ? { base: early, head: late } : { base: late, head: early };

/** Applies `make` to both sides, base first. */
export const bothSides = <T>(make: (side: Side) => T): BySide<T> => ({ base: make('base'), head: make('head') });
