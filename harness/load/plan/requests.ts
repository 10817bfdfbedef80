/** Requests as bytes: everything that can be written once is written once, the rest per request. */
import { UsageError } from '../../errors.ts';
import { type DataTable, hostHeaderOf, type RequestSpec } from '../../model/index.ts';
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
import { keepsCookies, type User } from './users.ts';

/** The bytes of request `number`, which is of route `route`. */
export type RequestBytes = (number: number, route: number) => Buffer;

type ValueOf = (name: string) => string | undefined;

type BodyPart = Template | Buffer;

/** A request as it is sent, with holes: its request line, its head but cookies and length, and its body. */
interface RequestTemplate {
  readonly method: string;
  readonly target: Template;
  readonly head: Template;
  readonly body: readonly BodyPart[];
  /** Methods that carry a body say 0 when it is empty. */
  readonly saysLength: boolean;
}

/** Headers that are ours: they decide framing and connection reuse. */
const OWN_HEADERS: ReadonlySet<string> = new Set(['connection', 'content-length', 'transfer-encoding']);

/** What would end a header early. */
export const LINE_BREAK = /[\r\n\0]/;

export const refuseLineBreak = (request: Pick<RequestSpec, 'name'>, where: string): never => {
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
  method: request.method,
  target: targetTemplate(request.path),
  head: headTemplate(request, host),
  body: bodyParts(request),
  saysLength: ['POST', 'PUT', 'PATCH'].includes(request.method),
});

/** With the values that are the same for every request. */
const withFixed = (template: RequestTemplate, fixed: ValueOf): RequestTemplate => ({
  ...template,
  target: fillKnown(template.target, fixed),
  head: fillKnown(template.head, fixed),
  body: template.body.map((part) => (isText(part) ? fillKnown(part, fixed) : part)),
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

/** The `Cookie` header of a request for `target`, its line end included, or ''. */
type CookieLine = (target: string) => string;

/** A body always has its length; text is written with the head in one go. */
const writeRequest = (
  { method, target, head, body, saysLength }: RequestTemplate,
  valueOf: ValueOf,
  cookieLine: CookieLine | null,
): Buffer => {
  const path = fillAll(target, valueOf);
  const start = `${method} ${path} HTTP/1.1\r\n${cookieLine === null ? '' : cookieLine(path)}${fillAll(head, valueOf)}`;
  if (body.every(isText)) {
    let text = '';
    for (const part of body) text += fillAll(part, valueOf);
    return Buffer.from(`${start}${lengthLine(Buffer.byteLength(text), saysLength)}\r\n${text}`);
  }
  const bytes = Buffer.concat(body.map((part) => (isText(part) ? Buffer.from(fillAll(part, valueOf)) : part)));
  return Buffer.concat([Buffer.from(`${start}${lengthLine(bytes.length, saysLength)}\r\n`), bytes]);
};

const nothing: ValueOf = () => undefined;

/** A request without placeholders: HTTP/1.1 with a kept connection. Throws {@link UsageError} `REQUEST_LINE_BREAK`. */
export const serializeRequest = (request: RequestSpec, host: string): Buffer => {
  const template = templateOf(request, host);
  checkHeaders(request, nothing);
  return writeRequest(template, nothing, null);
};

const holesIn = ({ target, head, body }: RequestTemplate): readonly Hole[] => [
  ...holesOf(target),
  ...holesOf(head),
  ...body.filter(isText).flatMap(holesOf),
];

const DATA = 'data.';

/** Values that are the same for every request of a side. */
const commonValueOf =
  (target: LoadTarget): ValueOf =>
  (name) =>
    Object.hasOwn(target.values, name) ? target.values[name] : name === 'port' ? String(target.port) : undefined;

/** Values that are the same for every request of a user: those that no answer changes. */
const userValueOf =
  ({ values, number }: User, changing: ReadonlySet<string>): ValueOf =>
  (name) => {
    if (changing.has(name)) return undefined;
    return Object.hasOwn(values, name) ? values[name] : name === 'user' ? String(number) : undefined;
  };

const unknownPlaceholder = (request: RequestSpec, name: string, known: readonly string[]): never => {
  throw new UsageError(
    'PLACEHOLDER_UNKNOWN',
    `Request ${request.name}: nothing is known as \${${name}}`,
    `Known are ${known.map((each) => `\${${each}}`).join(', ')}; write $\${ for a literal \${.`,
  );
};

/** Throws {@link UsageError} `PLACEHOLDER_UNKNOWN` when a request asks for what nobody gives. */
const checkHoles = (request: RequestSpec, { data }: LoadPlan, target: LoadTarget, user: User): void => {
  const columns = data === null || data.rows.length === 0 ? [] : data.columns.map((column) => DATA + column);
  const known = ['n', 'port', 'user', ...Object.keys(target.values), ...Object.keys(user.values), ...columns];
  const unknown = holesIn(templateOf(request, '')).find(({ name }) => !known.includes(name));
  if (unknown !== undefined) unknownPlaceholder(request, unknown.name, known);
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

/** Per request: `n`, cells of the row that comes with it, and what answers change. */
const valuesOfRequest = (plan: LoadPlan, schedule: Schedule, user: User): ((number: number) => ValueOf) => {
  const columns = new Map((plan.data?.columns ?? []).map((column, index) => [DATA + column, index]));
  return (number) => {
    const row = plan.data?.rows[schedule.rowOf(number)];
    return (name) => {
      const column = columns.get(name);
      if (column !== undefined) return row?.[column];
      return Object.hasOwn(user.values, name) ? user.values[name] : String(number);
    };
  };
};

/** null: the request goes without cookies. */
const cookieLineOf = (request: RequestSpec, plan: LoadPlan, { jar }: User, isKept: boolean): CookieLine | null => {
  const own = headerOf(request, 'cookie') !== undefined;
  if (own || request.cookies === false || plan.cookies === 'off') return null;
  if (!isKept && jar.all().length === 0) return null;
  return (target) => {
    const cookies = jar.headerFor(target, Date.now());
    return cookies === '' ? '' : `Cookie: ${cookies}\r\n`;
  };
};

/** A value that comes in the middle of a window cannot be refused before. */
const onOneLine = (template: RequestTemplate, changing: ReadonlySet<string>): RequestTemplate => ({
  ...template,
  head: template.head.map((part) =>
    typeof part === 'string' || !changing.has(part.name)
      ? part
      : { ...part, encode: (value) => part.encode(value).replaceAll(/[\r\n\0]/g, ' ') },
  ),
});

type Maker = (number: number) => Buffer;

/** The same bytes for as long as the user's cookies stay as they are. */
const untilCookiesChange = ({ jar }: User, write: () => Buffer): Maker => {
  let bytes = write();
  let { version } = jar;
  return () => {
    jar.expire(Date.now());
    if (jar.version !== version) {
      ({ version } = jar);
      bytes = write();
    }
    return bytes;
  };
};

/** Names that answers under load change. */
const changingNames = (plan: LoadPlan): ReadonlySet<string> =>
  new Set(plan.requests.flatMap(({ capture = {} }) => Object.keys(capture)));

/** Throws {@link UsageError} `PLACEHOLDER_UNKNOWN` or `REQUEST_LINE_BREAK`. */
export const compileRequests = (
  plan: LoadPlan,
  target: LoadTarget,
  schedule: Schedule,
  users: readonly User[],
): RequestBytes => {
  const changing = changingNames(plan);
  const common = commonValueOf(target);
  const isKept = keepsCookies(plan, users);
  const forUser = (request: RequestSpec, user: User): Maker => {
    const own = userValueOf(user, changing);
    const fixed: ValueOf = (name) => own(name) ?? common(name);
    checkHoles(request, plan, target, user);
    checkHeaders(request, fixed);
    const template = withFixed(onOneLine(templateOf(request, hostHeaderOf(target)), changing), fixed);
    checkHeaderColumns(request, template, plan.data);
    const cookieLine = cookieLineOf(request, plan, user, isKept);
    if (holesIn(template).length === 0) {
      const write = (): Buffer => writeRequest(template, nothing, cookieLine);
      if (cookieLine !== null && isKept) return untilCookiesChange(user, write);
      const bytes = write();
      return () => bytes;
    }
    const valueOf = valuesOfRequest(plan, schedule, user);
    return (number) => writeRequest(template, valueOf(number), cookieLine);
  };
  const makers = plan.requests.map((request): Maker => {
    const all = users.map((user) => forUser(request, user));
    const [only, ...others] = all;
    if (only !== undefined && others.length === 0) return only;
    return (number) => all[number % all.length]?.(number) ?? NO_BYTES;
  });
  return (number, route) => makers[route]?.(number) ?? NO_BYTES;
};

const NO_BYTES = Buffer.alloc(0);
