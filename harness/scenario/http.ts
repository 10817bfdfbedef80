/** `GET /json` lines and expected statuses. */
import type { HttpMethod, StatusRange } from '../model/index.ts';

export interface RequestLine {
  readonly method: HttpMethod;
  readonly path: string;
}

const METHODS: readonly HttpMethod[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

export const REQUEST_LINE_EXPECTED = 'expected a method and a path such as "GET /json"';

/** Reads `GET /json?a=1`; a string is why it is not one. */
export const parseRequestLine = (line: string): RequestLine | string => {
  const [, word, path, rest] = /^\s*(\S+)\s+(\S(?:\$\{[^}]*\}|\S)*)\s*(.*)$/.exec(line) ?? [];
  if (word === undefined || path === undefined) return REQUEST_LINE_EXPECTED;
  const method = METHODS.find((known) => known === word.toUpperCase());
  if (method === undefined) return refuseMethod(word);
  if (rest !== undefined && rest !== '') return 'expected one method and one path; write a space in a path as %20';
  return pathProblem(path) ?? { method, path };
};

const refuseMethod = (word: string): string => {
  if (word.startsWith('/')) return REQUEST_LINE_EXPECTED;
  return `${word} cannot be measured; use ${METHODS.slice(0, -1).join(', ')} or ${METHODS.at(-1)}`;
};

const pathProblem = (path: string): string | undefined => {
  const bare = path.replaceAll(/\$\{[^}]*\}/g, 'x');
  // A value may be the whole address, as a captured `location` is.
  if (!bare.startsWith('/') && !path.startsWith('${')) {
    return /^https?:/i.test(bare)
      ? `expected a path, not an address: godyno starts the service on a port of its own; write what follows the host, "/…"${/^https:/i.test(bare) ? ', and set `target.tls: true`' : ''}`
      : 'expected a path that starts with "/"';
  }
  if (bare.includes('#')) return 'a fragment (#…) is never sent to a server; leave it out, or write # as %23';
  return /^[!-~]+$/.test(bare) ? undefined : 'expected a path of ASCII characters; write the others percent-encoded';
};

export const STATUS_EXPECTED = 'expected a status such as 200, "3xx" or "200-204"';

/** `200`, `"200"`, `"3xx"`, `"200-204"` → an inclusive range. `undefined` for anything else. */
export const parseStatusRange = (status: string | number): StatusRange | undefined => {
  const text = String(status).trim();
  const [, hundred] = /^([1-5])xx$/i.exec(text) ?? [];
  if (hundred !== undefined) return { from: Number(hundred) * 100, to: Number(hundred) * 100 + 99 };
  const [, from, to = from] = /^([1-5]\d\d)(?:\s*-\s*([1-5]\d\d))?$/.exec(text) ?? [];
  return from !== undefined && Number(from) <= Number(to) ? { from: Number(from), to: Number(to) } : undefined;
};

/** The same set of statuses in ascending ranges that neither touch nor overlap. */
export const mergeStatusRanges = (ranges: readonly StatusRange[]): readonly StatusRange[] => {
  const merged: StatusRange[] = [];
  for (const range of ranges.toSorted((a, b) => a.from - b.from)) {
    const last = merged.at(-1);
    if (last !== undefined && range.from <= last.to + 1) {
      merged[merged.length - 1] = { from: last.from, to: Math.max(last.to, range.to) };
    } else merged.push(range);
  }
  return merged;
};
