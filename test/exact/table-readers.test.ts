import { describe, expect, it } from 'vitest';
import { stepsReader, stretchOf, textReader, valueAt } from '../../harness/exact/table-readers.ts';

const unreadable = (what: string): Error => new Error(what);

/** A number as Go's tables have it: seven bits a byte, the lowest first. */
const varint = (value: number): readonly number[] =>
  value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(Math.floor(value / 0x80))];

const zigzag = (value: number): number => (value < 0 ? -2 * value - 1 : 2 * value);

/** The steps of a function as Go writes them, after a byte that no table begins with. */
const tableOf = (...steps: readonly (readonly [value: number, until: number])[]): Buffer => {
  let [last, end] = [-1, 0];
  const bytes = steps.flatMap(([value, until]) => {
    const step = [...varint(zigzag(value - last)), ...varint(until - end)];
    [last, end] = [value, until];
    return step;
  });
  return Buffer.from([0, ...bytes, 0]);
};

describe('steps of a function', () => {
  it('have the value that holds at each address, and none beyond the last', () => {
    const steps = stepsReader(tableOf([-1, 4], [300, 200], [7, 201]), 1, unreadable)(1, 210);
    expect([0, 3, 4, 199, 200, 201, 209].map((at) => valueAt(steps, at))).toEqual([-1, -1, 300, 300, 7, -1, -1]);
  });

  it('hold from where the step before ends to where their own does, and the last one without end', () => {
    const steps = stepsReader(tableOf([-1, 4], [300, 200]), 1, unreadable)(1, 210);
    expect([0, 3, 4, 199, 200].map((at) => stretchOf(steps, at))).toEqual([
      [0, 4],
      [0, 4],
      [4, 200],
      [4, 200],
      [200, Infinity],
    ]);
  });

  it.each([127, 128, -128, -129, 32_767, 32_768, -32_768, -32_769, 2 ** 31 - 1])(
    'keep a value of %i and an end near where numbers of 16 bits end',
    (value) => {
      for (const end of [65_535, 65_536]) {
        const steps = stepsReader(tableOf([3, 10], [value, end]), 1, unreadable)(1, end);
        expect([9, 10, end - 1, end].map((at) => valueAt(steps, at))).toEqual([3, value, value, -1]);
      }
    },
  );

  it('count distances in units of four bytes where instructions have four', () => {
    const steps = stepsReader(tableOf([5, 10]), 4, unreadable)(1, 40);
    expect([39, 40].map((at) => valueAt(steps, at))).toEqual([5, -1]);
  });

  it('are none at offset 0', () => {
    expect(valueAt(stepsReader(tableOf([5, 10]), 1, unreadable)(0, 10), 3)).toBe(-1);
  });

  it.each([
    ['end beyond the function', tableOf([5, 11])],
    ['do not end', tableOf([5, 3]).subarray(0, 3)],
    ['stand still', Buffer.from([0, 2, 0, 2, 1, 0])],
    ['have a number of more than 32 bits', Buffer.from([0, 0x80, 0x80, 0x80, 0x80, 0x80, 1, 1, 0])],
  ])('that %s are refused', (_, bytes) => {
    expect(() => stepsReader(bytes, 1, unreadable)(1, 10)).toThrow(/no lines of its functions/);
  });

  it('that overlap are refused once they are longer than their table', () => {
    // Every byte is a step's value or distance: read from each offset, they would be half the table squared.
    const bytes = Buffer.from([0, ...Array.from({ length: 2000 }, () => 2), 0, 0]);
    const read = stepsReader(bytes, 1, unreadable);
    const readAll = (): void => {
      for (let offset = 1; offset < 2000; offset += 2) read(offset, 100_000);
    };
    expect(readAll).toThrow(/no lines of its functions/);
  });

  it('of a function that another one shares must fit it, too', () => {
    const read = stepsReader(tableOf([5, 9]), 1, unreadable);
    read(1, 10);
    expect(() => read(1, 8)).toThrow(/no lines of its functions/);
  });
});

describe('texts', () => {
  const bytes = Buffer.from('first\0second\0third');
  const read = () => textReader(bytes, 'its names', unreadable);

  it('begin where one may begin and end at the zero byte', () => {
    expect([read()(0), read()(6)]).toEqual(['first', 'second']);
  });

  it.each([
    ['in the middle of one', 2],
    ['where the last one does not end', 13],
    ['beyond the table', 99],
    ['before the table', -1],
  ])('are refused %s', (_, offset) => {
    expect(() => read()(offset)).toThrow('its names do not lie where they should');
  });
});
