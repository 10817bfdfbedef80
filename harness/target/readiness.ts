/** Asks a starting service until it answers with a 2xx, and remembers what it said instead. */
import { request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { ReadyCheck } from '../model/index.ts';

/** What the last try met. */
export type ReadyAnswer =
  | { readonly kind: 'status'; readonly status: number }
  | { readonly kind: 'refused' }
  | { readonly kind: 'silent' }
  | { readonly kind: 'broken'; readonly what: string };

/** Half a window edge: a launch is not delayed by more than this, and the asking costs the service little. */
const POLL_MS = 8;

/** A service that accepts but does not answer a try in this time is asked again. */
const TRY_TIMEOUT_MS = 2000;

/** Each try has a connection of its own: a kept one would be half-open after a restart. null: cut short by the abort. */
const askOnce = async (
  port: number,
  ready: ReadyCheck,
  path: string,
  signal: AbortSignal,
): Promise<ReadyAnswer | null> =>
  new Promise((resolve) => {
    const asked = request({
      host: '127.0.0.1',
      port,
      method: ready.method,
      path,
      agent: false,
      headers: { connection: 'close' },
      timeout: TRY_TIMEOUT_MS,
      signal,
    });
    let connected = false;
    asked.once('socket', (socket) => socket.once('connect', () => (connected = true)));
    asked.once('response', (response) => {
      response.resume();
      resolve({ kind: 'status', status: response.statusCode ?? 0 });
      response.once('error', () => undefined);
    });
    asked.once('timeout', () => {
      resolve({ kind: 'silent' });
      asked.destroy();
    });
    // Stays attached: destroying a request reports an error once more.
    asked.on('error', (cause: NodeJS.ErrnoException) => {
      if (cause.code === 'ECONNREFUSED') resolve({ kind: 'refused' });
      else if (cause.name === 'AbortError') resolve(connected ? { kind: 'silent' } : null);
      else resolve({ kind: 'broken', what: cause.message });
    });
    asked.end();
  });

const isReady = (answer: ReadyAnswer): boolean =>
  answer.kind === 'status' && answer.status >= 200 && answer.status < 300;

/** Resolves to null when the service is ready, to its last answer when the signal aborts (deadline, exit, Ctrl-C). */
export const untilReady = async (
  port: number,
  ready: ReadyCheck,
  path: string,
  signal: AbortSignal,
): Promise<ReadyAnswer | null> => {
  let last: ReadyAnswer = { kind: 'silent' };
  while (!signal.aborted) {
    const answer = await askOnce(port, ready, path, signal);
    if (answer !== null && isReady(answer)) return null;
    // A try that the deadline cut short says less than an answer before it.
    const isCut = answer?.kind === 'silent' && signal.aborted && last.kind === 'status';
    if (answer !== null && !isCut) last = answer;
    await delay(POLL_MS, undefined, { signal }).catch(() => undefined);
  }
  return last;
};
