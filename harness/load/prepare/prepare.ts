/**
 * The requests sent after readiness, before the load: once for each user, who keeps what it captured and its cookies.
 * Sent by the harness itself.
 */
import { GodynoError, InterruptedError, TargetStartError, UsageError } from '../../errors.ts';
import { addressOf, type DataTable, type Endpoint, hostHeaderOf, type PrepareRequest } from '../../model/index.ts';
import { bodyProblem } from '../answers/body-check.ts';
import { captureFrom } from '../answers/capture.ts';
import { CookieJar } from '../plan/cookies.ts';
import { fillAll, headerTemplate, holesOf, pathTemplate, type Template } from '../plan/encoding.ts';
import { exchange, type Exchanged, type Outgoing } from './exchange.ts';
import { parseJsonPath } from '../answers/json-path.ts';
import type { LoadUser } from '../plan/messages.ts';
import { redirected } from './redirect.ts';
import { bodyParts, headerOf, inTarget, isText, LINE_BREAK, refuseLineBreak } from '../plan/requests.ts';

export interface Preparation {
  readonly endpoint: Endpoint;
  readonly requests: readonly PrepareRequest[];
  /** Known placeholders (`tmp`, …); `port`, `user` and `n`, the repetition counted from 0, are known without. */
  readonly values: Readonly<Record<string, string>>;
  /** Each user takes the rows from its own number on, one for each repetition. */
  readonly data?: DataTable | null;
  /** Left out: 1. */
  readonly users?: number;
  /** `off`: cookies are neither kept nor sent. */
  readonly cookies?: 'all' | 'prepare' | 'off';
  /** Per request. */
  readonly timeoutSeconds: number;
  /** Hears of each request that was sent, good or bad, before an error is thrown for it. */
  readonly onSent?: (sent: PreparedRequest) => void;
  readonly signal: AbortSignal;
}

/** One request that was sent, and what came of it. */
export interface PreparedRequest {
  readonly request: PrepareRequest;
  /** What was wrong with the answer, with its beginning; null: it was as expected, with all that is captured. */
  readonly problem: string | null;
  /** null: no answer. */
  readonly status: number | null;
  readonly bytes: number | null;
  /** Names of the cookies that the answer set, on the way of a redirect, too. */
  readonly cookies: readonly string[];
  readonly ms: number;
}

type CapturedValues = Readonly<Record<string, string>>;

/** A user while it is being prepared. */
interface Preparing {
  readonly number: number;
  readonly values: Record<string, string>;
  readonly jar: CookieJar | null;
}

const placeOf = ({ endpoint }: Preparation, request: PrepareRequest): string =>
  `Prepare request ${request.name} (${request.method} ${request.path} to ${addressOf(endpoint)})`;

const fill = (template: Template, request: PrepareRequest, values: CapturedValues): string => {
  for (const { name } of holesOf(template)) {
    if (Object.hasOwn(values, name)) continue;
    throw new UsageError(
      'PLACEHOLDER_UNKNOWN',
      `Prepare request ${request.name}: nothing is known as \${${name}}`,
      `Known here are ${Object.keys(values)
        .map((each) => `\${${each}}`)
        .join(', ')}; a captured value is known from the next request on.`,
    );
  }
  return fillAll(template, (name) => values[name]);
};

const outgoing = ({ endpoint }: Preparation, request: PrepareRequest, values: CapturedValues): Outgoing => {
  const filled = Object.entries(request.headers).map(([name, value]): [string, string] => [
    name,
    fill(headerTemplate(value), request, values),
  ]);
  for (const [name, value] of filled) if (LINE_BREAK.test(value)) refuseLineBreak(request, `header ${name}`);
  const parts = bodyParts(request).map((part) => (isText(part) ? Buffer.from(fill(part, request, values)) : part));
  return {
    method: request.method,
    path: inTarget(fill(pathTemplate(request.path), request, values)),
    headers: { host: hostHeaderOf(endpoint), ...Object.fromEntries(filled) },
    body: request.body === null ? undefined : Buffer.concat(parts),
  };
};

/** A `Cookie` header of the scenario's own stays alone. */
const withCookies = (sent: Outgoing, request: PrepareRequest, { jar }: Preparing): Outgoing => {
  if (jar === null || request.cookies === false || headerOf(request, 'cookie') !== undefined) return sent;
  const cookie = jar.headerFor(sent.path, Date.now());
  return cookie === '' ? sent : { ...sent, headers: { ...sent.headers, cookie } };
};

const cookieName = (cookie: string): string => (cookie.split('=')[0] ?? '').trim();

const send = async (
  preparation: Preparation,
  request: PrepareRequest,
  user: Preparing,
  values: CapturedValues,
  cookies: Set<string>,
): Promise<Exchanged> => {
  const { endpoint, signal, timeoutSeconds } = preparation;
  const untilThen = AbortSignal.any([signal, AbortSignal.timeout(timeoutSeconds * 1000)]);
  let next: Outgoing | null = outgoing(preparation, request, values);
  for (let hop = 0; ; hop++) {
    const answer = await exchange(endpoint, withCookies(next, request, user), untilThen);
    user.jar?.store(answer.setCookies, next.path, Date.now());
    for (const cookie of answer.setCookies) cookies.add(cookieName(cookie));
    next = request.followRedirects === true ? redirected(endpoint, next, answer, hop) : null;
    if (next === null) return answer;
  }
};

const failedError = (preparation: Preparation, request: PrepareRequest, cause: unknown): GodynoError => {
  const { signal, timeoutSeconds } = preparation;
  if (signal.aborted) return signal.reason instanceof GodynoError ? signal.reason : new InterruptedError();
  if (cause instanceof GodynoError) return cause;
  const timedOut = cause instanceof Error && (cause.name === 'AbortError' || cause.name === 'TimeoutError');
  const what = timedOut ? `had no answer within ${timeoutSeconds} s` : `failed: ${String(cause)}`;
  return new TargetStartError(
    'PREPARE_FAILED',
    `${placeOf(preparation, request)} ${what}`,
    "Check the request under load.prepare, and the service's log.",
    { cause },
  );
};

const checkStatus = (preparation: Preparation, request: PrepareRequest, answer: Exchanged): void => {
  const { status, shown } = answer;
  const ranges = request.expect.status;
  if (ranges.some(({ from, to }) => status >= from && status <= to)) return;
  const expected = ranges.map(({ from, to }) => (from === to ? String(from) : `${from}-${to}`)).join(', ');
  const location = status >= 300 && status < 400 ? answer.header('location') : undefined;
  throw new TargetStartError(
    'PREPARE_STATUS',
    `${placeOf(preparation, request)} was answered with status ${status}${location === undefined ? '' : ` to ${location}`}, expected ${expected}. ` +
      `The answer begins: ${shown}`,
    location === undefined
      ? 'Check the request under load.prepare, or set its expect.status.'
      : `Redirects are not followed unless asked: set followRedirects: true, or expect: { status: ${status} }.`,
  );
};

const checkBody = (preparation: Preparation, request: PrepareRequest, answer: Exchanged): void => {
  const { body } = request.expect;
  const problem = body === undefined ? null : bodyProblem(answer.text(), body);
  if (problem === null) return;
  throw new TargetStartError(
    'PREPARE_BODY',
    `${placeOf(preparation, request)}: ${problem}. The answer begins: ${answer.shown}`,
    'Check expect.body of the request under load.prepare against what the service answers.',
  );
};

const captureValues = (preparation: Preparation, request: PrepareRequest, answer: Exchanged): CapturedValues =>
  Object.fromEntries(
    Object.entries(request.capture).map(([name, capture]) => {
      const found = captureFrom(capture, answer);
      if ('value' in found) return [name, found.value];
      throw new TargetStartError(
        'PREPARE_CAPTURE',
        `${placeOf(preparation, request)}: ${found.problem} to capture as ${name}. The answer begins: ${answer.shown}`,
        'Check what stands under capture against what the service answers.',
      );
    }),
  );

const rowValues = (data: DataTable | null, number: number): CapturedValues => {
  const row = data?.rows[number % Math.max(1, data.rows.length)] ?? [];
  return Object.fromEntries((data?.columns ?? []).map((column, index) => [`data.${column}`, row[index] ?? '']));
};

/** Sends it once, and returns what was captured. */
const sendOnce = async (
  preparation: Preparation,
  request: PrepareRequest,
  user: Preparing,
  values: CapturedValues,
): Promise<CapturedValues> => {
  const startedMs = performance.now();
  const cookies = new Set<string>();
  let answer: Exchanged | null = null;
  let problem: string | null = null;
  try {
    answer = await send(preparation, request, user, values, cookies);
    checkStatus(preparation, request, answer);
    checkBody(preparation, request, answer);
    return captureValues(preparation, request, answer);
  } catch (cause) {
    const error = failedError(preparation, request, cause);
    problem = error.message
      .replace(placeOf(preparation, request), '')
      .replace(/^[: ]+/, '')
      .trimEnd();
    throw error;
  } finally {
    const { status = null, bytes = null } = answer ?? {};
    preparation.onSent?.({ request, problem, status, bytes, cookies: [...cookies], ms: performance.now() - startedMs });
  }
};

const sendOne = async (preparation: Preparation, request: PrepareRequest, user: Preparing): Promise<CapturedValues> => {
  for (let repetition = 0; repetition < request.repeat; repetition++) {
    const values = {
      ...rowValues(preparation.data ?? null, user.number + repetition),
      user: String(user.number),
      ...preparation.values,
      port: String(preparation.endpoint.port),
      n: String(repetition),
      ...user.values,
    };
    Object.assign(user.values, await sendOnce(preparation, request, user, values));
  }
  return user.values;
};

const checkPaths = (requests: readonly PrepareRequest[]): void => {
  for (const capture of requests.flatMap((request) => Object.values(request.capture))) {
    if (typeof capture === 'string') parseJsonPath(capture);
    else if ('json' in capture) parseJsonPath(capture.json);
  }
};

/**
 * Sends the requests one after the other, each `repeat` times, user by user, and returns what each of them captured (the
 * last one wins) and its cookies. Throws {@link TargetStartError} `PREPARE_FAILED`, `PREPARE_STATUS`, `PREPARE_CAPTURE`;
 * {@link UsageError} `PLACEHOLDER_UNKNOWN`, `JSON_PATH_INVALID`; the abort's reason.
 */
export const sendPrepare = async (preparation: Preparation): Promise<readonly LoadUser[]> => {
  checkPaths(preparation.requests);
  const users: LoadUser[] = [];
  const common: Record<string, string> = {};
  for (let number = 0; number < (preparation.users ?? 1); number++) {
    const jar = preparation.cookies === 'off' ? null : new CookieJar();
    const user: Preparing = { number, values: { ...common }, jar };
    for (const request of preparation.requests) {
      if (request.once !== true) await sendOne(preparation, request, user);
      else if (number === 0) {
        const { capture } = request;
        const values = await sendOne(preparation, request, user);
        for (const name of Object.keys(capture)) common[name] = values[name] ?? '';
      }
    }
    users.push({ values: user.values, cookies: jar?.all() ?? [] });
  }
  return users;
};
