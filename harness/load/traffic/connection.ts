/** One kept connection: at most one request in flight, its own clock, and an honest account of how each one ended. */
import { performance } from 'node:perf_hooks';
import { TLSSocket } from 'node:tls';
import type { Endpoint, Side } from '../../model/index.ts';
import { type Inspection, Inspector } from '../answers/inspector.ts';
import { openClients, type EngineClient, type RequestQueue, requireClient } from './autocannon-client.ts';
import type { RequestTimes } from './tally.ts';
import { type AnswerHead, AnswerEvidence, type Witness } from '../answers/witness.ts';

/** How a request ended without an answer. */
export type Break = 'lost' | 'timedOut';

/** Who decides what a connection does next. Called from the event loop, never re-entrantly from `send`. */
export interface Driver {
  answered(connection: Connection, status: number, nowMs: number): void;
  broken(connection: Connection, how: Break, nowMs: number): void;
  /** It is connected and has nothing in flight. */
  ready(connection: Connection): void;
  /** The target refused `attempts` connection attempts in a row. */
  refused(connection: Connection, attempts: number, error: NodeJS.ErrnoException): void;
}

/** A target that dies must not be stormed: autocannon alone makes 6,000 attempts a second. */
const RECONNECT_PAUSE_MS = 20;

const STATUS_FINAL = 200;

/** Reads what is answered, from request to end. */
export interface BodyReader {
  begin(): void;
  head?(head: AnswerHead): void;
  read(chunk: Buffer): void;
  end(route: number, status: number): void;
}

/** Of all methods sent, only HEAD begins with it. */
const LETTER_H = 72;

const NO_BYTES: Buffer = Buffer.alloc(0);

/** What the client gets back for an answer; it reads these fields and drops them. */
const newTerminated = () => ({ req: null, bytes: 0, body: '', duration: 0, headers: { statusCode: 0, headers: [] } });

/** Who wants to know more of the answers than their status. */
export interface AnswerReaders {
  readonly witness: Witness | null;
  readonly inspection: Inspection | null;
}

const NO_READERS: AnswerReaders = { witness: null, inspection: null };

export class Connection implements RequestTimes, RequestQueue {
  readonly side: Side;
  readonly index: number;
  driver: Driver;
  /** Set while somebody wants to know what the answers say. */
  reader: BodyReader | null = null;
  /** Reads answers, where the scenario asks for it. */
  readonly #inspector: Inspector | null;
  /** The last answer was not what it should be, for another reason than its status. */
  wrong = false;
  /** Keeps what the first failed requests met. */
  readonly #witness: Witness | null;
  /** The answer being read, when somebody will want to see why it is no good one. */
  #evidence: AnswerEvidence | null = null;
  /** Why the connection broke, where that is known. */
  #trouble: string | null = null;
  route = 0;
  /** Of the schedule, of the request in flight. */
  number = 0;
  plannedMs = Number.NaN;
  sentMs = 0;
  /** Connected and without a request in flight. */
  idle = false;
  /** Since when, on the clock of `performance`. */
  idleSinceMs = 0;
  busy = false;
  /** The answer being read ends the connection (`Connection: close` or HTTP/1.0). */
  closing = false;
  gone = false;
  /** Connection attempts in a row that came to nothing. */
  #failures = 0;
  /** Connections opened since the last answer. */
  #fruitless = 0;
  #connected = false;
  #opening = false;
  #status = 0;
  /** The parser knows of HEAD. */
  #heads = false;
  #retry: NodeJS.Timeout | undefined;
  readonly #client: EngineClient;
  readonly #request: { requestBuffer: Buffer } = { requestBuffer: NO_BYTES };
  readonly #terminated = newTerminated();
  /** The prototype's own, which ours call. */
  readonly #send: () => void;
  readonly #open: () => void;

  constructor(client: EngineClient, side: Side, index: number, driver: Driver, readers: AnswerReaders = NO_READERS) {
    this.#client = client;
    this.#witness = readers.witness;
    this.#inspector = readers.inspection === null ? null : new Inspector(readers.inspection);
    this.side = side;
    this.index = index;
    this.driver = driver;
    this.#send = client._doRequest.bind(client);
    this.#open = client._connect.bind(client);
    this.#install();
  }

  #install(): void {
    const client = this.#client;
    client.pipelinedRequests = this;
    client.requestIterator.currentRequest = this.#request;
    client.requestIterator.nextRequest = () => this.#request;
    client._connect = () => this.#connect();
    client._doRequest = () => this.#nextWanted();
    client.on('response', (status) => this.#answered(status));
    client.on('headers', (head) => {
      this.closing = !head.shouldKeepAlive;
    });
    client.on('connError', (error) => {
      this.#failed(error);
    });
    const { parser } = client;
    const execute = parser.execute.bind(parser);
    parser.execute = (chunk) => {
      const result = execute(chunk);
      if (result instanceof Error) this.#garbled(result);
      return result;
    };
  }

  /** The bytes of the request that was sent last. */
  get request(): Buffer {
    return this.#request.requestBuffer;
  }

  /** Call only when idle. */
  send(bytes: Buffer, route: number, plannedMs: number, number: number): void {
    this.route = route;
    this.number = number;
    this.plannedMs = plannedMs;
    this.idle = false;
    this.busy = true;
    this.closing = false;
    this.#request.requestBuffer = bytes;
    if (bytes[0] === LETTER_H) this.#expectHeads();
    this.reader?.begin();
    this.#inspector?.begin(number, route, bytes);
    this.sentMs = performance.now();
    this.#send();
  }

  /**
   * Answers to HEAD announce a body that never comes, and often no length, which otherwise means that the connection ends
   * with them. From the first one on, the parser is told.
   */
  #expectHeads(): void {
    if (this.#heads) return;
    this.#heads = true;
    const { parser } = this.#client;
    const key = parser.reinitialize.kOnHeadersComplete;
    const listener = parser[key];
    parser[key] = (head) => {
      const isHead = this.#request.requestBuffer[0] === LETTER_H && head.statusCode >= STATUS_FINAL;
      if (isHead) head.shouldKeepAlive = head.versionMinor > 0 && !parser.connection.includes('close');
      listener?.(head);
      return isHead;
    };
  }

  /** Gives up the request in flight and connects anew. */
  timeOut(nowMs: number): void {
    if (!this.busy) return;
    this.busy = false;
    this.#testify(
      'timedOut',
      this.#status === 0 ? 'no answer in time' : `no end of the answer in time (status ${this.#status})`,
    );
    this.driver.broken(this, 'timedOut', nowMs);
    this.#connect();
  }

  /**
   * Connects anew when it has been silent for longer. Services close silent connections by their own clock, and a
   * request sent at that very moment is lost without the service ever having seen it.
   */
  renewAfter(silentMs: number): void {
    if (!this.idle || performance.now() - this.idleSinceMs < silentMs) return;
    this.#fruitless = 0;
    this.#connect();
  }

  destroy(): void {
    this.gone = true;
    this.idle = false;
    clearTimeout(this.#retry);
    this.#client.destroy();
  }

  /** Called by autocannon at first, and whenever its connection ended or failed. */
  #connect(): void {
    if (this.gone) return;
    this.idle = false;
    this.#connected = false;
    if (this.busy) this.#endPending();
    if (this.#fruitless > 1) {
      clearTimeout(this.#retry);
      this.#retry = setTimeout(() => this.#reopen(), RECONNECT_PAUSE_MS);
    } else this.#reopen();
  }

  #endPending(): void {
    const nowMs = performance.now();
    this.busy = false;
    // An answer without a length lasts until the connection ends.
    if (this.closing) this.#tell(this.#status, nowMs);
    else {
      const trouble = this.#trouble ?? 'the service closed the connection';
      this.#testify(
        'lost',
        this.#status === 0 ? trouble : `${trouble} in the middle of its answer (status ${this.#status})`,
      );
      this.driver.broken(this, 'lost', nowMs);
    }
  }

  /** The failed request of which `how` tells the end. */
  #testify(kind: 'answered' | Break, how: string): void {
    const body = this.#evidence?.text() ?? null;
    this.#evidence = null;
    const { requestBuffer: request } = this.#request;
    this.#witness?.add({ kind, route: this.route, request, status: this.#status, how, body });
  }

  #inspect(inspector: Inspector, status: number): void {
    const problem = inspector.end(status);
    this.wrong = problem !== null;
    if (problem === null) return;
    const { requestBuffer: request } = this.#request;
    const how = `status ${status}, but ${problem}`;
    this.#witness?.add({ kind: 'answered', route: this.route, request, status, how, body: inspector.shown() });
  }

  /** What came is no HTTP/1.1; autocannon would go on waiting. */
  #garbled(error: Error): void {
    if (!this.busy) return;
    this.#trouble = `what it answered is not HTTP/1.1 (${error.message})`;
    this.closing = false;
    setImmediate(() => {
      if (this.busy && this.#trouble !== null) this.#connect();
    });
  }

  #reopen(): void {
    if (this.gone) return;
    const client = this.#client;
    if (client.conn !== undefined) client._destroyConnection();
    client.parser.reinitialize('RESPONSE');
    this.closing = false;
    this.#trouble = null;
    this.#fruitless++;
    this.#opening = true;
    this.#open();
    this.#opening = false;
    const socket = client.conn;
    socket?.setNoDelay(true);
    socket?.once(socket instanceof TLSSocket ? 'secureConnect' : 'connect', () => {
      this.#connected = true;
      this.#failures = 0;
      this.#becomeIdle();
    });
  }

  #failed(error: NodeJS.ErrnoException): void {
    if (this.#connected) {
      this.#trouble = `the connection broke (${error.code ?? error.message})`;
      return;
    }
    this.#failures++;
    this.driver.refused(this, this.#failures, error);
  }

  #becomeIdle(): void {
    this.idle = true;
    this.idleSinceMs = performance.now();
    this.driver.ready(this);
  }

  #answered(status: number): void {
    if (!this.busy) return;
    // 100 and 103 come before the answer; the parser takes them for answers of their own.
    if (status < STATUS_FINAL) {
      this.closing = false;
      return;
    }
    const nowMs = performance.now();
    this.busy = false;
    this.#fruitless = 0;
    this.#tell(status, nowMs);
  }

  #tell(status: number, nowMs: number): void {
    this.reader?.end(this.route, status);
    if (this.#inspector !== null) this.#inspect(this.#inspector, status);
    if (this.#evidence !== null) this.#testify('answered', this.#evidence.how());
    this.driver.answered(this, status, nowMs);
  }

  /** autocannon asks for the next request right after an answer, and while it connects. */
  #nextWanted(): void {
    if (this.#opening || this.busy || this.idle || this.gone) return;
    if (this.closing) this.#replaceSoon();
    else this.#becomeIdle();
  }

  /** A closing connection must not get another request. The parser is still at work here, so not at once. */
  #replaceSoon(): void {
    setImmediate(() => {
      if (this.closing) this.#connect();
    });
  }

  // The queue autocannon fills: of one request, without copies of bodies nobody reads.
  insertRequest(): void {
    this.#status = 0;
    this.#evidence = null;
  }

  peek(): unknown {
    return this.busy ? this.#terminated : undefined;
  }

  addByteCount(): void {
    // Bytes of answers are not measured.
  }

  /** Without a reader bodies are dropped: reading them would be the loader's cost. */
  addBody(body: Buffer): void {
    this.reader?.read(body);
    this.#evidence?.read(body);
    this.#inspector?.read(body);
  }

  setHeaders(head: AnswerHead): void {
    this.#status = head.statusCode;
    this.reader?.head?.(head);
    this.#inspector?.head(head);
    if (this.#witness?.wants(this.route, head.statusCode) === true) this.#evidence = new AnswerEvidence(head);
  }

  terminateRequest(): unknown {
    this.#terminated.headers.statusCode = this.#status;
    return this.#terminated;
  }

  clear(): void {
    // What was in flight has been counted in #connect or timeOut.
  }

  size(): number {
    return this.busy ? 1 : 0;
  }

  toArray(): readonly unknown[] {
    return [];
  }
}

/** Opens `count` connections, numbered from `firstIndex`. Throws `SEAM_BROKEN`. */
export const openConnections = (
  endpoint: Endpoint,
  side: Side,
  firstIndex: number,
  count: number,
  driver: Driver,
  readers: AnswerReaders = NO_READERS,
): readonly Connection[] => {
  const opened: Connection[] = [];
  openClients(endpoint, count, (client) => {
    opened.push(new Connection(requireClient(client), side, firstIndex + opened.length, driver, readers));
  });
  return opened;
};
