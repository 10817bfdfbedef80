import { describe, expect, it } from 'vitest';
import {
  type CountedFunction,
  findCountedMoves,
  findCountedRenames,
} from '../../../harness/compare/instructions/moved.ts';

const counted = (name: string, base: number, head: number, calls: number | null = 10, file = 'shop/search.go') => ({
  name,
  file,
  base,
  head,
  baseCalls: base > 0 ? calls : null,
  headCalls: head > 0 ? calls : null,
});

const namesOf = (functions: readonly CountedFunction[]) => [...findCountedRenames(functions)];

describe('renames by exact counts', () => {
  it('pair a function that is gone with the one that does its work as often', () => {
    expect(namesOf([counted('main.nearness', 9000, 0), counted('main.closeness', 0, 9000)])).toEqual([
      ['main.closeness', 'main.nearness'],
    ]);
  });

  it('are found across packages and files by name, work and calls', () => {
    const functions = [
      counted('main.nearness', 9000, 0),
      counted('example.com/shop/near.Nearness', 0, 9000, 10, 'shop/near/near.go'),
    ];
    expect(namesOf(functions)).toEqual([['example.com/shop/near.Nearness', 'main.nearness']]);
  });

  it('are found when the renamed function does five times as much', () => {
    const functions = [counted('main.(*index).candidates', 2000, 0), counted('main.(*index).matching', 0, 10_000)];
    expect(namesOf(functions)).toEqual([['main.(*index).matching', 'main.(*index).candidates']]);
  });

  it('are not made of functions of other files that are called otherwise', () => {
    const functions = [
      counted('main.render', 9000, 0, 1),
      counted('example.com/shop/audit.(*log).write', 0, 8000, 40, 'shop/audit/log.go'),
    ];
    expect(namesOf(functions)).toEqual([]);
  });

  it('use each function once, the likest pair first', () => {
    const functions = [
      counted('main.titled', 5000, 0, 7),
      counted('main.Titled', 0, 5000, 7),
      counted('main.headed', 0, 5000, 7),
    ];
    expect(namesOf(functions)).toEqual([['main.Titled', 'main.titled']]);
  });

  it('leave alone what both sides have', () => {
    expect(namesOf([counted('main.a', 100, 200), counted('main.b', 200, 100)])).toEqual([]);
  });
});

describe('moves by exact counts', () => {
  const movesOf = (functions: readonly CountedFunction[]) =>
    Object.fromEntries([...findCountedMoves(functions)].map(([name, { twin }]) => [name, twin]));

  it('name the function an extraction took its work from, overhead included', () => {
    const functions = [counted('main.ask', 9000, 400), counted('main.discounted', 0, 8900)];
    expect(movesOf(functions)).toEqual({ 'main.ask': 'main.discounted', 'main.discounted': 'main.ask' });
  });

  it('name the caller that an inlined helper went into', () => {
    const functions = [counted('main.overlap[...]', 700, 0), counted('main.likeness', 300, 950)];
    expect(movesOf(functions)).toEqual({ 'main.overlap[...]': 'main.likeness', 'main.likeness': 'main.overlap[...]' });
  });

  it('tell a function that was cut into two', () => {
    const functions = [
      counted('main.handle', 9000, 200),
      counted('main.read', 0, 5000),
      counted('main.write', 0, 4000),
    ];
    expect(movesOf(functions)).toEqual({
      'main.handle': 'main.read',
      'main.read': 'main.handle',
      'main.write': 'main.handle',
    });
  });

  it('keep apart what was added inside an extracted function', () => {
    const functions = [counted('main.nearness', 234_000, 200, 93), counted('main.bestGap', 0, 292_000, 93)];
    const moves = findCountedMoves(functions);
    expect(moves.get('main.nearness')).toEqual({ twin: 'main.bestGap', carried: null });
    expect(moves.get('main.bestGap')).toEqual({ twin: 'main.nearness', carried: 233_800 });
  });

  it('do not excuse a new function that does far more than what was taken away', () => {
    expect(movesOf([counted('main.ask', 9000, 8000), counted('main.discounted', 0, 8900)])).toEqual({});
  });

  it('take two functions of both sides for a move only where they cancel closely', () => {
    expect(movesOf([counted('main.a', 5000, 4000), counted('main.b', 3000, 3950)])).toEqual({});
    expect(movesOf([counted('main.a', 5000, 4000), counted('main.b', 3000, 4001)])).toEqual({
      'main.a': 'main.b',
      'main.b': 'main.a',
    });
  });

  it('are the same with the sides exchanged', () => {
    const functions = [
      counted('main.ask', 9000, 400),
      counted('main.discounted', 0, 8900),
      counted('main.other', 100, 900),
    ];
    const exchanged = functions.map((each) => ({
      ...each,
      base: each.head,
      head: each.base,
      baseCalls: each.headCalls,
      headCalls: each.baseCalls,
    }));
    expect(movesOf(exchanged)).toEqual(movesOf(functions));
  });
});
