/** Requests as bytes: everything that can be written once is written once, the rest per request. */
import { UsageError } from '../errors.ts';
import { type DataTable, hostHeaderOf, type RequestSpec } from '../model/index.ts';
import {
  bodyTemplate,
  fillAll,
  fillKnown,
  headerTemplate,
  type Hole,
  holesOf,
  pathTemplate,
  type Template,
} from './encoding.ts';
import type { LoadPlan, LoadTarget } from './messages.ts';
import type { Schedule } from './schedule.ts';

/** The bytes of request `number`, which is of route `route`. */
export type RequestBytes = (number: number, route: number) => Buffer;

type ValueOf = (name: string) => string | undefined;

type BodyPart = Template | Buffer;

/** A request as it is sent, with holes: all of its head but the length, and its body. */
interface RequestTemplate {
  readonly head: Template;
  readonly body: readonly BodyPart[];
  /** Methods that carry a body say 0 when it is empty. */
  readonly saysLength: boolean;
}

/** Headers that are ours: they decide framing and connection reuse. */
const OWN_HEADERS: ReadonlySet<string> = new Set(['connection', 'content-length', 'transfer-encoding']);

const LINE_BREAK = /[\r\n\0]/;

const refuseLineBreak = (request: RequestSpec, where: string): never => {
  throw new UsageError(
    'REQUEST_LINE_BREAK',
    `Request ${request.name}: ${where} contains a line break, which would end the HTTP header early`,
    'Remove the line break, or move the text into the body.',
  );
};

/** What may not stand in a request line (RFC 9112 §3); everything else is sent as the scenario has it. */
const NOT_IN_TARGET = /[^\x21-\x7e]/gu;

/** `text` as a request line can hold it. */
export const inTarget = (text: string): string => text.replace(NOT_IN_TARGET, encodeURIComponent);

const targetTemplate = (path: string): Template =>
  pathTemplate(path).map((part) =>
    typeof part === 'string' ? inTarget(part) : { ...part, encode: (value) => inTarget(part.encode(value)) },
  );

/** Names of headers do not depend on case. */
export const headerOf = (request: Pick<RequestSpec, 'headers'>, name: string): string | undefined =>
  Object.entries(request.headers).find(([own]) => own.toLowerCase() === name)?.[1];

const headTemplate = (request: RequestSpec, host: string): Template => [
  `${request.method} `,
  ...targetTemplate(request.path),
  ' HTTP/1.1\r\n',
  ...(headerOf(request, 'host') === undefined ? [`Host: ${host}\r\n`] : []),
  ...Object.entries(request.headers)
    .filter(([name]) => !OWN_HEADERS.has(name.toLowerCase()))
    .flatMap(([name, value]) => [`${name}: `, ...headerTemplate(value), '\r\n']),
  'Connection: keep-alive\r\n',
];

export const isText = (part: BodyPart): part is Template => !Buffer.isBuffer(part);

/** The request's body, its text still with holes. */
export const bodyParts = (request: Pick<RequestSpec, 'headers' | 'body'>): readonly BodyPart[] => {
  const type = headerOf(request, 'content-type');
  const pieces = typeof request.body === 'string' ? [request.body] : (request.body ?? []);
  return pieces.map((piece) =>
    typeof piece === 'string' ? bodyTemplate(piece, type) : Buffer.from(piece.base64, 'base64'),
  );
};

const templateOf = (request: RequestSpec, host: string): RequestTemplate => ({
  head: headTemplate(request, host),
  body: bodyParts(request),
  saysLength: ['POST', 'PUT', 'PATCH'].includes(request.method),
});

/** With the values that are the same for every request. */
const withFixed = ({ head, body, saysLength }: RequestTemplate, fixed: ValueOf): RequestTemplate => ({
  head: fillKnown(head, fixed),
  body: body.map((part) => (isText(part) ? fillKnown(part, fixed) : part)),
  saysLength,
});

/** Line by line, since a line break in a value looks like the one after it. */
const checkHeaders = (request: RequestSpec, fixed: ValueOf): void => {
  for (const [name, value] of Object.entries(request.headers)) {
    const texts = fillKnown(headerTemplate(value), fixed).map((part) => (typeof part === 'string' ? part : 'x'));
    const line = `${name}: ${texts.join('')}`;
    if (LINE_BREAK.test(line)) refuseLineBreak(request, JSON.stringify(line.slice(0, 100)));
  }
};

const lengthLine = (bytes: number, saysLength: boolean): string =>
  bytes > 0 || saysLength ? `Content-Length: ${bytes}\r\n` : '';

/** A body always has its length; text is written with the head in one go. */
const writeRequest = ({ head, body, saysLength }: RequestTemplate, valueOf: ValueOf): Buffer => {
  if (body.every(isText)) {
    let text = '';
    for (const part of body) text += fillAll(part, valueOf);
    return Buffer.from(`${fillAll(head, valueOf)}${lengthLine(Buffer.byteLength(text), saysLength)}\r\n${text}`);
  }
  const bytes = Buffer.concat(body.map((part) => (isText(part) ? Buffer.from(fillAll(part, valueOf)) : part)));
  const start = Buffer.from(`${fillAll(head, valueOf)}${lengthLine(bytes.length, saysLength)}\r\n`);
  return Buffer.concat([start, bytes]);
};

const nothing: ValueOf = () => undefined;

/** A request without placeholders: HTTP/1.1 with a kept connection. Throws {@link UsageError} `REQUEST_LINE_BREAK`. */
export const serializeRequest = (request: RequestSpec, host: string): Buffer => {
  const template = templateOf(request, host);
  checkHeaders(request, nothing);
  return writeRequest(template, nothing);
};

const holesIn = ({ head, body }: RequestTemplate): readonly Hole[] => [
  ...holesOf(head),
  ...body.filter(isText).flatMap(holesOf),
];

const DATA = 'data.';

/** Values that are the same for every request of a side. */
const fixedValueOf =
  (target: LoadTarget): ValueOf =>
  (name) =>
    Object.hasOwn(target.values, name) ? target.values[name] : name === 'port' ? String(target.port) : undefined;

const unknownPlaceholder = (request: RequestSpec, name: string, data: DataTable | null, target: LoadTarget): never => {
  const known = ['n', 'port', ...Object.keys(target.values), ...(data?.columns ?? []).map((column) => DATA + column)];
  throw new UsageError(
    'PLACEHOLDER_UNKNOWN',
    `Request ${request.name}: nothing is known as \${${name}}`,
    `Known are ${known.map((each) => `\${${each}}`).join(', ')}; write $\${ for a literal \${.`,
  );
};

/** Throws {@link UsageError} `PLACEHOLDER_UNKNOWN` when a request, all but its varying values filled, asks for more. */
const checkHoles = (request: RequestSpec, holes: readonly Hole[], data: DataTable | null, target: LoadTarget): void => {
  const columns = new Set(data === null || data.rows.length === 0 ? [] : data.columns);
  for (const { name } of holes) {
    const known = name === 'n' || (name.startsWith(DATA) && columns.has(name.slice(DATA.length)));
    if (!known) unknownPlaceholder(request, name, data, target);
  }
};

/** A row comes in the middle of a window; what could not be sent then is refused before. */
const checkHeaderColumns = (request: RequestSpec, { head }: RequestTemplate, data: DataTable | null): void => {
  if (data === null) return;
  for (const { name, encode } of holesOf(head)) {
    const column = data.columns.indexOf(name.slice(DATA.length));
    if (!name.startsWith(DATA) || column === -1) continue;
    const row = data.rows.findIndex((values) => LINE_BREAK.test(encode(values[column] ?? '')));
    if (row !== -1) refuseLineBreak(request, `\${${name}} in row ${row + 1} of ${data.file}`);
  }
};

const perRequest = (template: RequestTemplate, plan: LoadPlan, schedule: Schedule) => {
  const columns = new Map((plan.data?.columns ?? []).map((column, index) => [DATA + column, index]));
  return (number: number): Buffer => {
    const row = plan.data?.rows[schedule.rowOf(number)];
    return writeRequest(template, (name) => {
      const column = columns.get(name);
      return column === undefined ? String(number) : row?.[column];
    });
  };
};

/** Throws {@link UsageError} `PLACEHOLDER_UNKNOWN` or `REQUEST_LINE_BREAK`. */
export const compileRequests = (plan: LoadPlan, target: LoadTarget, schedule: Schedule): RequestBytes => {
  const fixed = fixedValueOf(target);
  const makers = plan.requests.map((request) => {
    const template = withFixed(templateOf(request, hostHeaderOf(target)), fixed);
    checkHoles(request, holesIn(template), plan.data, target);
    checkHeaders(request, fixed);
    checkHeaderColumns(request, template, plan.data);
    if (holesIn(template).length > 0) return perRequest(template, plan, schedule);
    const bytes = writeRequest(template, nothing);
    return () => bytes;
  });
  const empty = Buffer.alloc(0);
  return (number, route) => makers[route]?.(number) ?? empty;
};
