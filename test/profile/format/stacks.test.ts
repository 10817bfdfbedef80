import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeProfile } from '../../../harness/profile/index.ts';
import { encodePacked } from './pprof.proto.ts';

/** A profile whose locations have these ids, with one sample per stack of ids. */
const encoded = (ids: readonly number[], stacks: readonly (readonly number[])[]): Uint8Array =>
  encodePacked({
    stringTable: ['', 'cpu', 'ns', 'main.a'],
    sampleType: [{ type: 1, unit: 2 }],
    function: [{ id: 1, name: 3 }],
    location: ids.map((id) => ({ id, line: [{ functionId: 1, line: 5 }] })),
    sample: stacks.map((locationId) => ({ locationId, value: [7] })),
  });

const decodedStacks = (bytes: Uint8Array): readonly (readonly number[])[] => {
  const { samples } = decodeProfile(bytes, 'x.pb');
  return Array.from({ length: samples.count }, (_, i) => [
    ...samples.stack.subarray(samples.stackStart[i], samples.stackStart[i + 1]),
  ]);
};

const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i + 1);

describe('stacks', () => {
  // One, two and three bytes an id: 127 and 16383 are the last of one and of two.
  const many = upTo(17_000);
  const id = fc.oneof(
    fc.integer({ min: 1, max: 127 }),
    fc.integer({ min: 128, max: 16_383 }),
    fc.integer({ min: 16_384, max: 17_000 }),
    fc.constantFrom(1, 127, 128, 16_383, 16_384, 17_000),
  );

  test('of ids of one to three bytes, in any mixture, are each id less one where the ids count from one', () => {
    fc.assert(
      fc.property(fc.array(fc.array(id, { maxLength: 40 }), { minLength: 1, maxLength: 5 }), (stacks) => {
        expect(decodedStacks(encoded(many, stacks))).toEqual(stacks.map((stack) => stack.map((each) => each - 1)));
      }),
      { numRuns: 20 },
    );
  });

  test('of few locations, where ids of one and of two bytes are mixed, are each id less one as well', () => {
    const few = upTo(300);
    const small = fc.oneof(fc.integer({ min: 1, max: 300 }), fc.constantFrom(1, 127, 128, 300));
    fc.assert(
      fc.property(fc.array(fc.array(small, { maxLength: 40 }), { minLength: 1, maxLength: 5 }), (stacks) => {
        expect(decodedStacks(encoded(few, stacks))).toEqual(stacks.map((stack) => stack.map((each) => each - 1)));
      }),
      { numRuns: 100 },
    );
  });

  describe('of a large profile', () => {
    const repeated = (count: number, ids: readonly number[]): readonly (readonly number[])[] =>
      Array.from({ length: count }, (_, i) => ids.map((each) => each + (i % 7)));
    /** 25 indices of two bytes from 55 bytes: the indices stay behind the reader. */
    const dense = repeated(
      1500,
      upTo(25).map((each) => 300 + 11 * each),
    );
    /** 60 indices of two bytes from 65 bytes: they would overtake it. */
    const sparse = repeated(1500, upTo(60));

    test.each([
      ['lie in the message that was unpacked', dense, true],
      ['lie in memory of their own where they would overtake the reader', sparse, false],
      ['move there when they would', [...dense, ...sparse, ...dense], false],
      ['stay in the message when they catch up without overtaking', [...dense, ...sparse.slice(0, 20), ...dense], true],
    ])('%s', (_, stacks, inMessage) => {
      const message = encoded(upTo(600), stacks);
      const { samples, strings } = decodeProfile(gzipSync(message), 'x.pb');
      const expected = stacks.flat().map((each) => each - 1);
      expect([...samples.stack]).toEqual(expected);
      // zlib gets a little more room than it needs.
      const spare = samples.stack.buffer.byteLength - message.length;
      expect(spare >= 0 && spare < 100).toBe(inMessage);
      expect(strings).toEqual(['', 'cpu', 'ns', 'main.a']);
    });

    test('leave alone the bytes of a caller, which were not unpacked', () => {
      const message = encoded(upTo(600), dense);
      const copy = message.slice();
      decodeProfile(message, 'x.pb');
      expect(Buffer.compare(message, copy)).toBe(0);
    });
  });

  test('are the index of the id where the ids are in another order or have holes', () => {
    expect(decodedStacks(encoded([2, 1, 3], [[1, 2, 3, 3]]))).toEqual([[1, 0, 2, 2]]);
    expect(decodedStacks(encoded([200, 300, 2 ** 40], [[300, 200, 2 ** 40, 300]]))).toEqual([[1, 0, 2, 1]]);
  });

  test.each([
    ['the id 0 among ids of one byte', upTo(5), [1, 2, 0, 3]],
    ['an id beyond the table among ids of two bytes', upTo(300), [200, 201, 301, 202]],
    ['the first id beyond the table, in a pair', upTo(300), [301, 200, 201, 202]],
    ['an id beyond the table, where most ids have two bytes', upTo(600), [200, 201, 601, 202]],
    ['the first id beyond that table, in a pair', upTo(600), [601, 200, 201, 202]],
    ['an id of three bytes in a table of few', upTo(300), [200, 17_000, 201]],
    ['an id of five bytes', upTo(300), [200, 201, 2 ** 33, 202]],
    ['an id of five bytes in a table of many', upTo(600), [200, 201, 2 ** 33, 202]],
    ['a hole', [1, 2, 4], [1, 2, 3]],
  ])('with %s are refused', (_, ids, stack) => {
    expect(() => decodedStacks(encoded(ids, [stack]))).toThrow(/a sample uses location \d+, which is not in the file/);
  });

  test('are found behind the values too, where the Go runtime writes them', () => {
    const head = Buffer.from(encoded(upTo(3), []));
    // Sample: values [7] packed, then locations [3, 1, 2] packed.
    const sample = Buffer.from([0x12, 8, 0x12, 1, 7, 0x0a, 3, 3, 1, 2]);
    expect(decodedStacks(Buffer.concat([head, sample]))).toEqual([[2, 0, 1]]);
  });

  test('whose last id is cut short are refused', () => {
    const head = Buffer.from(encoded(upTo(300), []));
    const sample = Buffer.from([0x12, 8, 0x12, 1, 7, 0x0a, 3, 1, 1, 0x80]);
    expect(() => decodedStacks(Buffer.concat([head, sample, Buffer.from([0x48, 1])]))).toThrow(
      /x\.pb is not a pprof profile, or is damaged/,
    );
  });
});
