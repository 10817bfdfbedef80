import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseCsv } from '../../harness/scenario/csv.ts';

/** RFC 4180 §2, written the other way round: every cell quoted or only where it must be. */
const write = (rows: readonly (readonly string[])[], end: string, quoteAll: readonly boolean[]): string =>
  rows
    .map((cells, index) =>
      cells
        .map((cell) =>
          quoteAll[index % quoteAll.length] || cell === '' || /[",\r\n]/.test(cell)
            ? `"${cell.replaceAll('"', '""')}"`
            : cell,
        )
        .join(','),
    )
    .join(end);

const cell = fc.string({ unit: fc.constantFrom('a', 'b', ' ', ',', '"', '\n', '\r', 'é', '\r\n'), maxLength: 6 });

describe('CSV', () => {
  test('whatever the cells hold, they come back as written, with either line end and with or without a last one', () => {
    const tables = fc
      .integer({ min: 1, max: 4 })
      .chain((width) =>
        fc.array(fc.array(cell, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 5 }),
      );
    fc.assert(
      fc.property(
        tables,
        fc.constantFrom('\n', '\r\n'),
        fc.constantFrom('', '\n', '\r\n'),
        fc.array(fc.boolean(), { minLength: 1 }),
        (rows, end, last, quoteAll) => {
          const columns = (rows[0] ?? []).map((_, index) => `c${index}`);
          expect(parseCsv(write([columns, ...rows], end, quoteAll) + last)).toEqual({ columns, rows });
        },
      ),
    );
  });

  test.each([
    ['\uFEFFa,b\n1,2', [['1', '2']]],
    ['a,b\n\n1,2\n\n', [['1', '2']]],
    ['a,b\n,\n', [['', '']]],
    ['a\n""\n', [['']]],
    ['a,b\n1,\n', [['1', '']]],
    ['a,b\n1,', [['1', '']]],
  ])('%j has the rows %j', (text, rows) => expect(parseCsv(text)).toMatchObject({ rows }));

  test.each([
    ['', 1, /empty/],
    ['a,b\n', 1, /no row/],
    ['a,a\n1,2', 1, /two columns are named "a"/],
    ['a,\n1,2', 1, /a column has no name/],
    ['a,b}\n1,2', 1, /brace/],
    ['a,b\n"x\ny",2\n3\n', 4, /expected 2 cells as in the first row, got 1/],
    ['a\n1\n"x', 3, /never closed/],
    ['a\nx"y', 2, /quote/],
    ['a\n"x"y', 2, /quote/],
  ])('%j is wrong in line %d', (text, line, message) => {
    expect(parseCsv(text)).toEqual({ line, message: expect.stringMatching(message) });
  });
});
