/** Cells that look as if they had been encoded by hand, for a service that would now get them encoded once more. */
import type { DataTable, RequestSpec } from '../model/index.ts';
import { headerTemplate, holesOf, pathTemplate, type Position } from './encoding.ts';
import { bodyParts, isText } from './requests.ts';

const PERCENT = /%[0-9A-Fa-f]{2}/;
const BARE_PERCENT = /%(?![0-9A-Fa-f]{2})/;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4})/;
const BARE_ESCAPE = /(?<!\\)(?:\\\\)*(?:\\(?!["\\/bfnrtu])|")/;

interface Suspicion {
  readonly where: string;
  /** In a cell. */
  readonly sign: RegExp;
  /** In any cell of the column, what tells that none was encoded. */
  readonly against: RegExp;
}

const PERCENT_IN = (where: string): Suspicion => ({ where, sign: PERCENT, against: BARE_PERCENT });

const SUSPICIONS: Partial<Readonly<Record<Position, readonly Suspicion[]>>> = {
  segment: [PERCENT_IN('a path'), { where: 'a path', sign: /\//, against: /$^/ }],
  query: [PERCENT_IN('a query')],
  form: [PERCENT_IN('a form')],
  json: [{ where: 'a JSON string', sign: ESCAPE, against: BARE_ESCAPE }],
};

const holesOfRequest = (request: RequestSpec) => [
  ...holesOf(pathTemplate(request.path)),
  ...Object.values(request.headers).flatMap((value) => holesOf(headerTemplate(value))),
  ...bodyParts(request).filter(isText).flatMap(holesOf),
];

/** One sentence per column and place, with how to send the cells as they are. */
export const encodedAlready = (requests: readonly RequestSpec[], data: DataTable | null): readonly string[] => {
  if (data === null) return [];
  const said = requests.flatMap(holesOfRequest).flatMap(({ name, position, encoding, encode }) => {
    const column = data.columns.indexOf(name.slice('data.'.length));
    if (encoding !== null || !name.startsWith('data.') || column === -1) return [];
    const cells = data.rows.map((row) => row[column] ?? '');
    return (SUSPICIONS[position] ?? []).flatMap(({ where, sign, against }) => {
      const cell = cells.find((text) => sign.test(text));
      if (cell === undefined || cells.some((text) => against.test(text))) return [];
      return [
        `${data.file}: cells of ${data.columns[column]} are encoded for ${where}, ` +
          `${JSON.stringify(cell.slice(0, 40))} as ${encode(cell.slice(0, 40))}; ` +
          `write \${raw:${name}} where they are to be sent as they are.`,
      ];
    });
  });
  return [...new Set(said)];
};
