/** The requests sent once after readiness, which may capture values for the load. Sent by the harness itself. */
import { request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { GodynoError, InterruptedError, TargetStartError, UsageError } from '../errors.ts';
import { addressOf, connectOptions, type Endpoint, hostHeaderOf, type PrepareRequest } from '../model/index.ts';
import { fillAll, headerTemplate, holesOf, pathTemplate, type Template } from './encoding.ts';
import { JsonNumber, parseExactJson, parseJsonPath, readJsonPath } from './json-path.ts';
import { bodyParts, inTarget, isText } from './requests.ts';

export interface Preparation {
  readonly endpoint: Endpoint;
  readonly requests: readonly PrepareRequest[];
  /** Known placeholders (`tmp`, …); `port` and `n`, the repetition counted from 0, are known without. */
  readonly values: Readonly<Record<string, string>>;
  /** Per request. */
  readonly timeoutSeconds: number;
  readonly signal: AbortSignal;
}

/** Enough of an answer to see what the service complains about. */
const SHOWN_BYTES = 500;

/** A captured value comes from a small JSON answer; more is a download, not a preparation. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;

interface PrepareAnswer {
  readonly status: number;
  readonly body: Buffer;
}

const placeOf = ({ endpoint }: Preparation, request: PrepareRequest): string =>
  `Prepare request ${request.name} (${request.method} ${request.path} to ${addressOf(endpoint)})`;

type Values = Readonly<Record<string, string>>;

const fill = (template: Template, request: PrepareRequest, values: Values): string => {
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

const bodyOf = (request: PrepareRequest, values: Values): Buffer | undefined =>
  request.body === null
    ? undefined
    : Buffer.concat(bodyParts(request).map((part) => (isText(part) ? Buffer.from(fill(part, request, values)) : part)));

/** Node takes header values as Latin-1; the load sends them as UTF-8. */
const headersOf = (request: PrepareRequest, values: Values): Record<string, string> =>
  Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [
      name,
      Buffer.from(fill(headerTemplate(value), request, values)).toString('latin1'),
    ]),
  );

/** A connection of its own, closed after the answer: a kept one would be an extra goroutine in the target for a while. */
const exchange = async (preparation: Preparation, request: PrepareRequest, values: Values): Promise<PrepareAnswer> => {
  const body = bodyOf(request, values);
  const deadline = AbortSignal.timeout(preparation.timeoutSeconds * 1000);
  const headers: Record<string, string> = { host: hostHeaderOf(preparation.endpoint), ...headersOf(request, values) };
  if (body !== undefined) headers['content-length'] = String(body.length);
  return new Promise((resolve, reject) => {
    const { endpoint } = preparation;
    const send = endpoint.tls === undefined ? plainRequest : tlsRequest;
    const sent = send(
      {
        ...connectOptions(endpoint),
        method: request.method,
        path: inTarget(fill(pathTemplate(request.path), request, values)),
        headers,
        agent: false,
        signal: AbortSignal.any([preparation.signal, deadline]),
      },
      (answer) => {
        const chunks: Buffer[] = [];
        let bytes = 0;
        answer.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
          if (bytes <= MAX_ANSWER_BYTES) chunks.push(chunk);
        });
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks) }));
        answer.on('error', reject);
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
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

const checkStatus = (preparation: Preparation, request: PrepareRequest, { status, body }: PrepareAnswer): void => {
  const ranges = request.expect.status;
  if (ranges.some(({ from, to }) => status >= from && status <= to)) return;
  const expected = ranges.map(({ from, to }) => (from === to ? String(from) : `${from}-${to}`)).join(', ');
  throw new TargetStartError(
    'PREPARE_STATUS',
    `${placeOf(preparation, request)} was answered with status ${status}, expected ${expected}. ` +
      `The answer begins: ${body.subarray(0, SHOWN_BYTES).toString('utf8')}`,
    'Check the request under load.prepare, or set its expect.status.',
  );
};

const captureError = (
  preparation: Preparation,
  request: PrepareRequest,
  what: string,
  body: Buffer,
): TargetStartError =>
  new TargetStartError(
    'PREPARE_CAPTURE',
    `${placeOf(preparation, request)}: ${what}. The answer begins: ${body.subarray(0, SHOWN_BYTES).toString('utf8')}`,
    'Check the paths under capture against what the service answers.',
  );

const parseBody = (preparation: Preparation, request: PrepareRequest, body: Buffer): unknown => {
  try {
    return parseExactJson(body.toString('utf8'));
  } catch {
    throw captureError(preparation, request, 'the answer is not JSON, so nothing can be captured from it', body);
  }
};

const captureValues = (
  preparation: Preparation,
  request: PrepareRequest,
  body: Buffer,
): Readonly<Record<string, string>> => {
  const paths = Object.entries(request.capture);
  if (paths.length === 0) return {};
  const answer = parseBody(preparation, request, body);
  return Object.fromEntries(
    paths.map(([name, path]) => {
      const value = readJsonPath(answer, path);
      if (value instanceof JsonNumber) return [name, value.written];
      if (typeof value === 'string' || typeof value === 'boolean') return [name, String(value)];
      const found = value === undefined ? 'nothing' : 'no single value';
      throw captureError(preparation, request, `there is ${found} at ${path} to capture as ${name}`, body);
    }),
  );
};

/**
 * Sends the requests one after the other, each `repeat` times, and returns what they captured (the last one wins).
 * Throws {@link TargetStartError} `PREPARE_FAILED`, `PREPARE_STATUS`, `PREPARE_CAPTURE`; {@link UsageError}
 * `PLACEHOLDER_UNKNOWN`, `JSON_PATH_INVALID`; the abort's reason.
 */
export const sendPrepare = async (preparation: Preparation): Promise<Readonly<Record<string, string>>> => {
  const captured: Record<string, string> = {};
  for (const path of preparation.requests.flatMap(({ capture }) => Object.values(capture))) parseJsonPath(path);
  for (const request of preparation.requests) {
    for (let repetition = 0; repetition < request.repeat; repetition++) {
      const values = {
        ...preparation.values,
        port: String(preparation.endpoint.port),
        n: String(repetition),
        ...captured,
      };
      try {
        const answer = await exchange(preparation, request, values);
        checkStatus(preparation, request, answer);
        Object.assign(captured, captureValues(preparation, request, answer.body));
      } catch (cause) {
        throw failedError(preparation, request, cause);
      }
    }
  }
  return captured;
};
