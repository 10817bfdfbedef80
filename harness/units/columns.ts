/** A table for a terminal: columns of one width each, two spaces between them. */

type ColumnsRow = readonly string[];

/** Which columns hold text and begin on the left; all others hold numbers and end on the right. */
export type TextColumns = 'all' | 'first' | 'last';

const isText = (column: number, columns: number, text: TextColumns): boolean =>
  text === 'all' || column === (text === 'first' ? 0 : columns - 1);

/** One line per row, without spaces at its end. All rows have the columns of the first. */
export const alignColumns = (rows: readonly ColumnsRow[], text: TextColumns): readonly string[] => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: ColumnsRow): string =>
    widths
      .map((width, column) => {
        const cell = row[column] ?? '';
        return isText(column, widths.length, text) ? cell.padEnd(width) : cell.padStart(width);
      })
      .join('  ')
      .trimEnd();
  return rows.map(line);
};
