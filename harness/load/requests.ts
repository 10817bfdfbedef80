/** Requests as bytes: everything that can be written once is written once, the rest per request. */
import { UsageError } from '../errors.ts';
import { type DataTable, fillTemplate, placeholdersOf, type RequestSpec } from '../model/index.ts';
import type { LoadPlan, LoadTarget } from './messages.ts';
import type { Schedule } from './schedule.ts';

/** The bytes of request `number`, which is of route `route`. */
export type RequestBytes = (number: number, route: number) => Buffer;

/** Headers that are ours: they decide framing and connection reuse. */
const OWN_HEADERS: ReadonlySet<string> = new Set(['connection', 'content-length', 'transfer-encoding']);

const LINE_BREAK = /[\r\n]/;

const refuseLineBreak = (request: RequestSpec, where: string): never => {
  throw new UsageError(
    'REQUEST_LINE_BREAK',
    `Request ${request.name}: ${where} contains a line break, which would end the HTTP header early`,
    'Remove the line break, or move the text into the body.',
  );
};

/** What may not stand in a request line (RFC 9112 §3); everything else is sent as the scenario has it. */
const NOT_IN_TARGET = /[^\x21-\x7e]/gu;

const headLines = (request: RequestSpec, host: string): readonly string[] => {
  const lines = [`${request.method} ${request.path.replace(NOT_IN_TARGET, encodeURIComponent)} HTTP/1.1`];
  const names = Object.keys(request.headers).map((name) => name.toLowerCase());
  if (!names.includes('host')) lines.push(`Host: ${host}`);
  for (const [name, value] of Object.entries(request.headers)) {
    if (!OWN_HEADERS.has(name.toLowerCase())) lines.push(`${name}: ${value}`);
  }
  return lines;
};

/** HTTP/1.1 with a kept connection; a body always has its length, and methods that carry one say 0 when it is empty. */
export const serializeRequest = (request: RequestSpec, host: string): Buffer => {
  const lines = headLines(request, host);
  const broken = lines.find((line) => LINE_BREAK.test(line));
  if (broken !== undefined) refuseLineBreak(request, JSON.stringify(broken.slice(0, 100)));
  const body = request.body ?? '';
  const carriesBody = body !== '' || ['POST', 'PUT', 'PATCH'].includes(request.method);
  const length = carriesBody ? `Content-Length: ${Buffer.byteLength(body)}\r\n` : '';
  return Buffer.from(`${lines.join('\r\n')}\r\nConnection: keep-alive\r\n${length}\r\n${body}`);
};

const templatesOf = (request: RequestSpec): readonly string[] => [
  request.path,
  ...Object.values(request.headers),
  request.body ?? '',
];

const fillRequest = (request: RequestSpec, valueOf: (name: string) => string | undefined): RequestSpec => ({
  ...request,
  path: fillTemplate(request.path, valueOf),
  headers: Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name, fillTemplate(value, valueOf)]),
  ),
  body: request.body === null ? null : fillTemplate(request.body, valueOf),
});

const DATA = 'data.';

/** Values that are the same for every request of a side. */
const fixedValueOf =
  (target: LoadTarget) =>
  (name: string): string | undefined =>
    Object.hasOwn(target.values, name) ? target.values[name] : name === 'port' ? String(target.port) : undefined;

const unknownPlaceholder = (request: RequestSpec, name: string, data: DataTable | null, target: LoadTarget): never => {
  const known = ['n', 'port', ...Object.keys(target.values), ...(data?.columns ?? []).map((column) => DATA + column)];
  throw new UsageError(
    'PLACEHOLDER_UNKNOWN',
    `Request ${request.name}: nothing is known as \${${name}}`,
    `Known are ${known.map((each) => `\${${each}}`).join(', ')}; write $\${ for a literal \${.`,
  );
};

/** Throws {@link UsageError} `PLACEHOLDER_UNKNOWN` when a request names a value that nobody gives. */
const checkPlaceholders = (request: RequestSpec, data: DataTable | null, target: LoadTarget): void => {
  const fixed = fixedValueOf(target);
  const columns = new Set(data === null || data.rows.length === 0 ? [] : data.columns);
  for (const name of templatesOf(request).flatMap(placeholdersOf)) {
    const known = name === 'n' || fixed(name) !== undefined || (name.startsWith(DATA) && columns.has(name.slice(5)));
    if (!known) unknownPlaceholder(request, name, data, target);
  }
};

const changesPerRequest = (request: RequestSpec): boolean =>
  templatesOf(request)
    .flatMap(placeholdersOf)
    .some((name) => name === 'n' || name.startsWith(DATA));

/** A row is drawn in the middle of a window; what could not be sent then is refused before. */
const checkHeaderColumns = (request: RequestSpec, data: DataTable | null): void => {
  if (data === null) return;
  for (const name of Object.values(request.headers).flatMap(placeholdersOf)) {
    const column = data.columns.indexOf(name.slice(DATA.length));
    if (!name.startsWith(DATA) || column === -1) continue;
    const row = data.rows.findIndex((values) => LINE_BREAK.test(values[column] ?? ''));
    if (row !== -1) refuseLineBreak(request, `\${${name}} in row ${row + 1} of ${data.file}`);
  }
};

const perRequestBytes = (request: RequestSpec, target: LoadTarget, plan: LoadPlan, schedule: Schedule) => {
  const host = hostOf(target);
  const fixed = fixedValueOf(target);
  const columns = new Map((plan.data?.columns ?? []).map((column, index) => [DATA + column, index]));
  return (number: number): Buffer => {
    const row = plan.data?.rows[schedule.rowOf(number)];
    const valueOf = (name: string): string | undefined => {
      const column = columns.get(name);
      if (column !== undefined) return row?.[column] ?? '';
      return name === 'n' ? String(number) : fixed(name);
    };
    return serializeRequest(fillRequest(request, valueOf), host);
  };
};

/** `host:port` as URLs and the Host header have it. */
export const hostOf = (target: { readonly host: string; readonly port: number }): string =>
  `${target.host.includes(':') ? `[${target.host}]` : target.host}:${target.port}`;

/** Throws {@link UsageError} `PLACEHOLDER_UNKNOWN` or `REQUEST_LINE_BREAK`. */
export const compileRequests = (plan: LoadPlan, target: LoadTarget, schedule: Schedule): RequestBytes => {
  const fixed = fixedValueOf(target);
  const makers = plan.requests.map((request) => {
    checkPlaceholders(request, plan.data, target);
    checkHeaderColumns(request, plan.data);
    if (changesPerRequest(request)) return perRequestBytes(request, target, plan, schedule);
    const bytes = serializeRequest(fillRequest(request, fixed), hostOf(target));
    return () => bytes;
  });
  const empty = Buffer.alloc(0);
  return (number, route) => makers[route]?.(number) ?? empty;
};
