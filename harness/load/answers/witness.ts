/** Keeps what the first failed requests of a side met, a few of each name, so that somebody can see why they failed. */
import type { FailedRequest, RequestSpec, Side } from '../../model/index.ts';
import { answerText, SHOWN_BYTES } from './answer-text.ts';
import { expectedStatus } from './expected.ts';

/** Kinds of failures kept per request name. */
const MOST_PER_ROUTE = 3;
const MOST_LINE = 200;
const MOST_LOCATION = 200;
const STATUS_FINAL = 200;

/** An answer's head as the parser gives it: names and values in turn. */
export interface AnswerHead {
  readonly statusCode: number;
  readonly headers: readonly string[];
}

export const headerIn = ({ headers }: AnswerHead, name: string): string | undefined => {
  for (let at = 0; at + 1 < headers.length; at += 2) if (headers[at]?.toLowerCase() === name) return headers[at + 1];
  return undefined;
};

/** The first line of a request as it was sent. */
export const requestLine = (request: Buffer): string => {
  const line = request.toString('latin1', 0, Math.min(request.length, 4096)).split('\r\n', 1)[0] ?? '';
  const text = line.replace(/ HTTP\/1\.1$/, '');
  return text.length > MOST_LINE ? `${text.slice(0, MOST_LINE)}…` : text;
};

/** The beginning of one answer, read as it arrives. */
export class AnswerEvidence {
  readonly head: AnswerHead;
  readonly #chunks: Buffer[] = [];
  #kept = 0;

  constructor(head: AnswerHead) {
    this.head = head;
  }

  /** `chunk` is a view of the socket's buffer: what is kept is copied. */
  read(chunk: Buffer): void {
    const room = SHOWN_BYTES - this.#kept;
    if (room <= 0) return;
    const part = Buffer.from(chunk.subarray(0, room));
    this.#kept += part.length;
    this.#chunks.push(part);
  }

  text(): string | null {
    return answerText(Buffer.concat(this.#chunks), headerIn(this.head, 'content-encoding'));
  }

  how(): string {
    const { statusCode } = this.head;
    const location = headerIn(this.head, 'location');
    return location === undefined
      ? `status ${statusCode}`
      : `status ${statusCode} to ${location.slice(0, MOST_LOCATION)}`;
  }
}

/** What is known of a request that failed. */
interface RequestFailure {
  readonly kind: FailedRequest['kind'];
  readonly route: number;
  readonly request: Buffer;
  readonly status: number;
  readonly how: string;
  readonly body: string | null;
}

export class Witness {
  readonly #side: Side;
  readonly #routes: readonly { readonly name: string; readonly expected: Uint8Array; readonly seen: Set<string> }[];
  #kept: FailedRequest[] = [];

  constructor(side: Side, requests: readonly RequestSpec[]) {
    this.#side = side;
    this.#routes = requests.map((request) => ({
      name: request.name,
      expected: expectedStatus(request),
      seen: new Set(),
    }));
  }

  /** Whether an answer of this status is to be read: it is not expected, and none like it was kept. */
  wants(route: number, status: number): boolean {
    const found = this.#routes[route];
    if (found === undefined || found.expected[status] === 1 || status < STATUS_FINAL) return false;
    return found.seen.size < MOST_PER_ROUTE && !found.seen.has(`answered ${status}`);
  }

  add({ kind, route, request, status, how, body }: RequestFailure): void {
    const found = this.#routes[route];
    // An expected status can only be wrong for its body.
    const key = `${kind} ${status}`;
    if (found === undefined || found.seen.has(key) || found.seen.size >= MOST_PER_ROUTE) return;
    found.seen.add(key);
    this.#kept.push({
      side: this.#side,
      route: found.name,
      kind,
      status: status === 0 ? null : status,
      request: requestLine(request),
      how,
      body,
    });
  }

  /** What was kept since it was last asked. */
  take(): readonly FailedRequest[] {
    const taken = this.#kept;
    this.#kept = [];
    return taken;
  }
}
