import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { editDistance, nearestWord } from '../../harness/scenario/nearest.ts';

describe('edit distance', () => {
  // The textbook pairs, and the one that tells optimal string alignment (3) from full Damerau-Levenshtein (2).
  test.each([
    ['kitten', 'sitting', 3],
    ['Saturday', 'Sunday', 3],
    ['ca', 'abc', 3],
    ['bugdet', 'budget', 1],
    ['', 'abc', 3],
  ])('from %j to %j is %d', (a, b, edits) => expect(editDistance(a, b)).toBe(edits));

  test('is symmetric, zero only for equal words, and one after one letter is dropped', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(word, word, fc.nat(7), (a, b, index) => {
        expect(editDistance(a, b)).toBe(editDistance(b, a));
        expect(editDistance(a, b) === 0).toBe(a === b);
        const at = index % a.length;
        expect(editDistance(a, a.slice(0, at) + a.slice(at + 1))).toBe(1);
      }),
    );
  });
});

test.each([
  ['requsts', 'requests'],
  ['Weight', 'weight'],
  ['urls', undefined],
  ['constructor', undefined],
  ['url', 'http'],
  ['req', 'requests'],
  ['pre', 'prepare'],
  ['quest', 'requests'],
  ['re', undefined],
  ['x', undefined],
  ['e', undefined],
])('for %j the nearest of the known words is %j', (word, near) => {
  expect(nearestWord(word, ['requests', 'weight', 'http', 'prepare'])).toBe(near);
});
