/** Values that look as if they had been encoded by hand, for a service that would now get them encoded once more. */
import type { DataTable, RequestSpec } from '../../model/index.ts';
import { headerTemplate, holesOf, pathTemplate, type Position } from './encoding.ts';
import type { LoadUser } from './messages.ts';
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

/** Where values come from, and those of each name. */
export interface ValueSource {
  readonly where: string;
  readonly cells: ReadonlyMap<string, readonly string[]>;
}

/** The rows of a data file, by the names that requests have for its columns. */
export const cellsOf = (data: DataTable | null): readonly ValueSource[] =>
  data === null
    ? []
    : [
        {
          where: data.file,
          cells: new Map(
            data.columns.map((column, index) => [`data.${column}`, data.rows.map((row) => row[index] ?? '')]),
          ),
        },
      ];

/** What was captured, by all users together. */
export const capturedBy = (users: readonly LoadUser[]): ValueSource => {
  const names = new Set(users.flatMap(({ values }) => Object.keys(values)));
  const cells = [...names].map((name) => [name, users.map(({ values }) => values[name] ?? '')] as const);
  return { where: 'load.prepare', cells: new Map(cells) };
};

/** One sentence per name and place, with how to send its values as they are. */
export const encodedAlready = (
  requests: readonly RequestSpec[],
  sources: readonly ValueSource[],
): readonly string[] => {
  const holes = requests.flatMap(holesOfRequest).filter(({ encoding }) => encoding === null);
  const said = sources.flatMap(({ where: file, cells }) =>
    holes.flatMap(({ name, position, encode }) => {
      const values = cells.get(name) ?? [];
      return (SUSPICIONS[position] ?? []).flatMap(({ where, sign, against }) => {
        const value = values.find((text) => sign.test(text))?.slice(0, 40);
        if (value === undefined || values.some((text) => against.test(text))) return [];
        return [
          `${file}: \${${name}} is encoded for ${where}, ${JSON.stringify(value)} as ${encode(value)}; ` +
            `write \${raw:${name}} where it is to be sent as it is.`,
        ];
      });
    }),
  );
  return [...new Set(said)];
};
