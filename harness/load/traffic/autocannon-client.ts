/**
 * The border to autocannon 9.0.0: the members of its client we replace or call, checked before use.
 *
 * We take its sockets, its parser and its TLS. Its request queue, clock, rate limiter and reconnecting are replaced,
 * because they lose count when a connection ends early, keep a half-parsed answer across connections and reconnect
 * without a pause. Nothing here falls back: an unknown autocannon is refused.
 */
import type { Socket } from 'node:net';
import autocannon from 'autocannon';
import { InvalidMeasurementError } from '../../errors.ts';
import { addressOf, type Endpoint, socketPathOf } from '../../model/index.ts';
import { loaderEngine } from './engine.ts';

/** The client's insides as of 9.0.0 (lib/httpClient.js). */
export interface EngineClient {
  conn?: Socket;
  pipelinedRequests: RequestQueue;
  readonly parser: EngineParser;
  readonly requestIterator: { currentRequest: { requestBuffer: Buffer }; nextRequest: () => unknown };
  _connect: () => void;
  _doRequest: () => void;
  readonly _destroyConnection: () => void;
  readonly destroy: () => void;
  on(event: 'response', listener: (status: number) => void): unknown;
  on(event: 'headers', listener: (head: { readonly shouldKeepAlive: boolean }) => void): unknown;
  on(event: 'connError', listener: (error: NodeJS.ErrnoException) => void): unknown;
}

/** http-parser-js; `reinitialize` is its constructor, which knows the keys of the listeners. */
export interface EngineParser {
  readonly reinitialize: ((type: string) => void) & { readonly kOnHeadersComplete: number };
  execute: (chunk: Buffer) => unknown;
  /** What `connection` headers said. */
  readonly connection: string;
  /** The listener returns whether the answer has no body, whatever its headers say. */
  [listener: number]: (head: ParsedHead) => unknown;
}

export interface ParsedHead {
  readonly statusCode: number;
  readonly versionMinor: number;
  shouldKeepAlive: boolean;
}

/** What the client calls on its queue (lib/pipelinedRequestsQueue.js). */
export interface RequestQueue {
  insertRequest(request: unknown): void;
  peek(): unknown;
  addByteCount(count: number): void;
  addBody(body: Buffer): void;
  setHeaders(headers: { readonly statusCode: number; readonly headers: readonly string[] }): void;
  terminateRequest(): unknown;
  clear(): void;
  size(): number;
  toArray(): readonly unknown[];
}

/** Path from the client to the member, and what it must be. */
export const MEMBERS: readonly (readonly [string, 'function' | 'object' | 'number' | 'string'])[] = [
  ['_connect', 'function'],
  ['_doRequest', 'function'],
  ['_destroyConnection', 'function'],
  ['destroy', 'function'],
  ['on', 'function'],
  ['parser', 'object'],
  ['parser.reinitialize', 'function'],
  ['parser.execute', 'function'],
  ['parser.reinitialize.kOnHeadersComplete', 'number'],
  ['parser.connection', 'string'],
  ['requestIterator', 'object'],
  ['requestIterator.currentRequest', 'object'],
  ['requestIterator.nextRequest', 'function'],
  ['pipelinedRequests', 'object'],
  ['pipelinedRequests.insertRequest', 'function'],
  ['pipelinedRequests.peek', 'function'],
  ['pipelinedRequests.addByteCount', 'function'],
  ['pipelinedRequests.addBody', 'function'],
  ['pipelinedRequests.setHeaders', 'function'],
  ['pipelinedRequests.terminateRequest', 'function'],
  ['pipelinedRequests.clear', 'function'],
];

const memberOf = (value: unknown, path: string): unknown =>
  path
    .split('.')
    .reduce<unknown>(
      (at, key) =>
        (typeof at === 'object' && at !== null) || typeof at === 'function'
          ? (at as Record<string, unknown>)[key]
          : undefined,
      value,
    );

/** `SEAM_BROKEN`: autocannon is not what this module was written for. */
export const seamError = (what: string): InvalidMeasurementError =>
  new InvalidMeasurementError(
    'SEAM_BROKEN',
    `${loaderEngine()}: ${what}; the load generator was written for 9.0.0`,
    'Install autocannon 9.0.0 exactly (npm i autocannon@9.0.0), and report this if it is already that version.',
  );

/** The client, with every member we rely on; throws `SEAM_BROKEN` naming the first missing one. */
export const requireClient = (client: unknown): EngineClient => {
  for (const [path, kind] of MEMBERS) {
    const member = memberOf(client, path);
    if (typeof member !== kind || member === null) throw seamError(`its client has no ${kind} ${path}`);
  }
  return client as EngineClient;
};

/** autocannon restarts its timers with each request; ours decide, so its own never fire (seconds; 2^31 ms is the limit). */
const NEVER_SECONDS = 1_000_000;

/** autocannon's own sampling, of which we use nothing. */
const SAMPLE_MS = 1000;

/** Over TCP it takes the name from the one option, over a unix socket from the other. */
const tlsName = ({ tls }: Endpoint) => {
  const servername = tls?.serverName ?? null;
  return servername === null ? {} : { servername, tlsOptions: { servername } };
};

/** Makes `count` clients; `setup` sees each before it connects. Throws what `setup` throws. */
export const openClients = (endpoint: Endpoint, count: number, setup: (client: unknown) => void): void => {
  let refused: Error | null = null;
  let made = 0;
  autocannon(
    {
      url: `${endpoint.tls === undefined ? 'http' : 'https'}://${endpoint.socket === undefined ? addressOf(endpoint) : 'localhost'}/`,
      ...(endpoint.socket !== undefined && { socketPath: socketPathOf(endpoint.socket) }),
      ...tlsName(endpoint),
      connections: count,
      pipelining: 1,
      duration: NEVER_SECONDS,
      timeout: NEVER_SECONDS,
      sampleInt: SAMPLE_MS,
      skipAggregateResult: true,
      setupClient: (client) => {
        made++;
        setup(client);
      },
    },
    (error) => {
      refused = error;
    },
  );
  if (refused !== null) throw refused;
  if (made !== count) throw seamError(`setupClient was called ${made} times for ${count} connections`);
};
