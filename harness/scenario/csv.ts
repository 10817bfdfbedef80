/** CSV as RFC 4180 has it: quotes, doubled quotes, line ends inside quotes, LF or CRLF. */

export interface CsvRow {
  readonly line: number;
  readonly cells: readonly string[];
}

export interface CsvTable {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export interface FileProblem {
  readonly line: number;
  readonly message: string;
}

/** One cell with what ends it: quoted, or bare up to the next separator. */
const CELL = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|\n|\r|$)/y;

const readRows = (text: string): readonly CsvRow[] | FileProblem => {
  const rows: CsvRow[] = [];
  let cells: string[] = [];
  let line = 1;
  let rowLine = 1;
  CELL.lastIndex = 0;
  while (CELL.lastIndex < text.length || cells.length > 0) {
    const match = CELL.exec(text);
    if (match === null)
      return {
        line,
        message: 'a quote stands in the middle of a cell or is never closed; double it ("") inside quotes',
      };
    const [whole, quoted, bare = '', end] = match;
    cells.push(quoted?.replaceAll('""', '"') ?? bare);
    line += whole.match(/\r\n|\n|\r/g)?.length ?? 0;
    if (end === ',') continue;
    const isBlank = cells.length === 1 && cells[0] === '' && quoted === undefined;
    if (!isBlank) rows.push({ line: rowLine, cells });
    cells = [];
    rowLine = line;
    if (end === '') break;
  }
  return rows;
};

const checkHeader = (columns: readonly string[]): string | undefined => {
  if (columns.includes('')) return 'a column has no name';
  const twice = columns.find((column, index) => columns.indexOf(column) !== index);
  if (twice !== undefined) return `two columns are named ${JSON.stringify(twice)}`;
  const odd = columns.find((column) => /[{}]/.test(column));
  return odd === undefined
    ? undefined
    : `the column name ${JSON.stringify(odd)} holds a brace and cannot stand in a placeholder`;
};

/** Header and rows of `text` (blank lines skipped, a byte-order mark dropped), or the first thing wrong with it. */
export const parseCsv = (text: string): CsvTable | FileProblem => {
  const rows = readRows(text.replace(/^\uFEFF/, ''));
  if ('message' in rows) return rows;
  const [header, ...body] = rows;
  if (header === undefined) return { line: 1, message: 'the file is empty; its first row names the columns' };
  const wrong = checkHeader(header.cells);
  if (wrong !== undefined) return { line: header.line, message: wrong };
  if (body.length === 0) return { line: header.line, message: 'there is no row after the column names' };
  const width = header.cells.length;
  const uneven = body.find(({ cells }) => cells.length !== width);
  if (uneven !== undefined) {
    return { line: uneven.line, message: `expected ${width} cells as in the first row, got ${uneven.cells.length}` };
  }
  return { columns: header.cells, rows: body.map(({ cells }) => cells) };
};
