import fc from 'fast-check';
import { expect, test } from 'vitest';
import { alignColumns, type TextColumns } from '../../harness/units/index.ts';

const ROWS = [
  ['fault', '7', 'in'],
  ['cpu', '12,000', 'main.find'],
];

test.each<[TextColumns, readonly string[]]>([
  ['all', ['fault  7       in', 'cpu    12,000  main.find']],
  ['first', ['fault       7         in', 'cpu    12,000  main.find']],
  ['last', ['fault       7  in', '  cpu  12,000  main.find']],
])('text in %s columns begins on the left, numbers end on the right', (text, lines) => {
  expect(alignColumns(ROWS, text)).toEqual(lines);
});

test('a table without rows has no lines', () => {
  expect(alignColumns([], 'all')).toEqual([]);
});

test('no line ends in spaces, and where the last column holds numbers all lines are equally long', () => {
  const cell = fc.string({ unit: fc.constantFrom('a', '1', ' '), maxLength: 5 }).map((text) => `${text}.`);
  const table = fc
    .integer({ min: 2, max: 4 })
    .chain((columns) =>
      fc.array(fc.array(cell, { minLength: columns, maxLength: columns }), { minLength: 1, maxLength: 5 }),
    );
  fc.assert(
    fc.property(table, fc.constantFrom<TextColumns>('all', 'first', 'last'), (rows, text) => {
      const lines = alignColumns(rows, text);
      expect(lines.map((line) => line.trimEnd())).toEqual(lines);
      if (text === 'first') expect(new Set(lines.map((line) => line.length)).size).toBe(1);
    }),
  );
});
