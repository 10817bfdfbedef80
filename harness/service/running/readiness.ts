/** Asks a starting service until it answers with a 2xx, or takes a connection, and remembers what it did instead. */
import { connect } from 'node:net';
import { request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { connectOptions, type Endpoint, hostHeaderOf, type ReadyCheck, socketPathOf } from '../../model/index.ts';

/** What the last try met. */
export type ReadyAnswer =
  | { readonly kind: 'status'; readonly status: number; readonly location: string | null }
  | { readonly kind: 'connected' }
  | { readonly kind: 'refused' }
  | { readonly kind: 'silent' }
  | { readonly kind: 'broken'; readonly what: string };

/** Half a window edge: a launch is not delayed by more than this, and the asking costs the service little. */
const POLL_MS = 8;

/** A service that accepts but does not answer a try in this time is asked again. */
const TRY_TIMEOUT_MS = 2000;

/** Each try has a connection of its own: a kept one would be half-open after a restart. null: cut short by the abort. */
const askOnce = async (endpoint: Endpoint, ready: ReadyCheck, signal: AbortSignal): Promise<ReadyAnswer | null> =>
  new Promise((resolve) => {
    const request = endpoint.tls === undefined ? plainRequest : tlsRequest;
    const asked = request({
      ...connectOptions(endpoint),
      method: ready.method,
      path: ready.path,
      agent: false,
      headers: { host: hostHeaderOf(endpoint), connection: 'close' },
      timeout: TRY_TIMEOUT_MS,
      signal,
    });
    let connected = false;
    asked.once('socket', (socket) => socket.once('connect', () => (connected = true)));
    asked.once('response', (response) => {
      response.resume();
      resolve({ kind: 'status', status: response.statusCode ?? 0, location: response.headers.location ?? null });
      response.once('error', () => undefined);
    });
    asked.once('timeout', () => {
      resolve({ kind: 'silent' });
      asked.destroy();
    });
    // Stays attached: destroying a request reports an error once more.
    asked.on('error', (cause: NodeJS.ErrnoException) => {
      if (cause.code === 'ECONNREFUSED' || cause.code === 'ENOENT') resolve({ kind: 'refused' });
      else if (cause.name === 'AbortError') resolve(connected ? { kind: 'silent' } : null);
      else resolve({ kind: 'broken', what: cause.message });
    });
    asked.end();
  });

/** A connection that is closed at once. */
const connectOnce = async ({ host, port, socket: path }: Endpoint, signal: AbortSignal): Promise<ReadyAnswer | null> =>
  new Promise((resolve) => {
    const socket = connect(path === undefined ? { host, port } : { path: socketPathOf(path) });
    const end = (answer: ReadyAnswer | null) => (): void => {
      resolve(answer);
      socket.destroy();
      signal.removeEventListener('abort', abort);
    };
    const abort = end(null);
    signal.addEventListener('abort', abort);
    socket.setTimeout(TRY_TIMEOUT_MS, end({ kind: 'silent' }));
    socket.once('connect', end({ kind: 'connected' }));
    // Stays attached: a destroyed socket may report an error once more.
    socket.on('error', (cause: NodeJS.ErrnoException) => {
      const isRefused = cause.code === 'ECONNREFUSED' || cause.code === 'ENOENT';
      end(isRefused ? { kind: 'refused' } : { kind: 'broken', what: cause.message })();
    });
  });

const isReady = (answer: ReadyAnswer): boolean =>
  answer.kind === 'connected' || (answer.kind === 'status' && answer.status >= 200 && answer.status < 300);

/** Resolves to null when the service is ready, to its last answer when the signal aborts (deadline, exit, Ctrl-C). */
export const untilReady = async (
  endpoint: Endpoint,
  ready: ReadyCheck,
  signal: AbortSignal,
): Promise<ReadyAnswer | null> => {
  let last: ReadyAnswer = { kind: 'silent' };
  while (!signal.aborted) {
    const answer = await (ready.connects === true ? connectOnce(endpoint, signal) : askOnce(endpoint, ready, signal));
    if (answer !== null && isReady(answer)) return null;
    // A try that the deadline cut short says less than an answer before it.
    const isCut = answer?.kind === 'silent' && signal.aborted && (last.kind === 'status' || last.kind === 'broken');
    if (answer !== null && !isCut) last = answer;
    await delay(POLL_MS, undefined, { signal }).catch(() => undefined);
  }
  return last;
};

/** Whether a TLS handshake succeeds, for the message when plain HTTP was not understood. */
export const speaksTls = async (endpoint: Endpoint): Promise<boolean> =>
  new Promise((resolve) => {
    const { socket: path, host, port } = endpoint;
    const tried = connectTls({
      ...(path === undefined ? { host, port } : { path: socketPathOf(path) }),
      rejectUnauthorized: false,
    });
    const end = (spoke: boolean) => (): void => {
      resolve(spoke);
      tried.destroy();
    };
    tried.setTimeout(TRY_TIMEOUT_MS, end(false));
    tried.once('secureConnect', end(true));
    // Stays attached: a destroyed socket may report an error once more.
    tried.on('error', end(false));
  });
