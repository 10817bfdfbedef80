/**
 * Which process of a service takes the requests. Usually the one that was started; but a wrapper script, a prefork server
 * (fasthttp, Fiber), or what replaces itself without losing a connection (overseer, tableflip) leaves that to a child, and
 * then only the child's counters say what a request costs. From Linux's /proc; elsewhere nobody can tell.
 */
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { InvalidMeasurementError } from '../../errors.ts';
import type { Endpoint, Side } from '../../model/index.ts';
import { ownedSockets, type SocketRow, socketRows, stateOf } from './sockets.ts';

/** A running service, to look for the process that takes its requests. */
export interface Served {
  readonly side: Side;
  /** What was started. */
  readonly pid: number;
  readonly endpoint: Endpoint;
}

/** Several processes behind one SO_REUSEPORT port: all of 16 connections go to one of two in one case of 32,768. */
const PROBES = 16;
/** An idle server accepts within a millisecond; this covers a machine that is starved for a while. */
const ACCEPT_MS = 2000;
const POLL_MS = 5;

const isAt = ({ port, socket }: Endpoint, row: SocketRow): boolean =>
  socket === undefined ? row.port === port : row.address === socket;

const ownersOf = async (
  { pid, endpoint }: Served,
  kind: SocketRow['kind'],
  fits: (row: SocketRow) => boolean = () => true,
): Promise<readonly number[]> => {
  const sockets = (await ownedSockets(pid)).filter((row) => row.kind === kind && isAt(endpoint, row) && fits(row));
  return [...new Set(sockets.map(({ owner }) => owner))];
};

const opened = async ({ host, port, socket: path }: Endpoint): Promise<Socket | null> =>
  new Promise((resolve) => {
    const socket = connect(path === undefined ? { host, port } : { path });
    socket.unref();
    socket.once('connect', () => resolve(socket));
    // Stays attached: a server may reset a connection that asks nothing.
    socket.on('error', () => resolve(null));
  });

/** Connects several times, and sees whose descriptors the accepted connections are. */
const probe = async (served: Served): Promise<readonly number[]> => {
  const { pid, endpoint } = served;
  const sockets = (await Promise.all(Array.from({ length: PROBES }, async () => opened(endpoint)))).filter(
    (socket) => socket !== null,
  );
  try {
    const ports = new Set(sockets.flatMap(({ localPort }) => localPort ?? []));
    // Connections to unix sockets cannot be told apart; there are no others yet.
    const isOurs = ({ peerPort }: SocketRow): boolean => peerPort === null || ports.has(peerPort);
    const untilMs = performance.now() + ACCEPT_MS;
    for (;;) {
      const rows = (await socketRows(pid)).filter((row) => isAt(endpoint, row) && isOurs(row));
      const isWaiting = rows.some(({ inode }) => inode === '0');
      if (!isWaiting || performance.now() >= untilMs) return await ownersOf(served, 'connected', isOurs);
      await delay(POLL_MS);
    }
  } finally {
    for (const socket of sockets) socket.destroy();
  }
};

const several = (side: Side, pids: readonly number[]): InvalidMeasurementError =>
  new InvalidMeasurementError(
    'SEVERAL_SERVE',
    `${side}: ${pids.length} processes of the service take requests (${pids.join(', ')}); godyno counts what one process does`,
    'Let it run as one process for the measurement: switch prefork off, or set the number of its workers to 1.',
  );

/**
 * The process that accepts, of the one that was started and all below it; null where it cannot be told. Throws
 * SEVERAL_SERVE (exit 3) when the requests are divided among several.
 */
export const servingProcess = async (served: Served): Promise<number | null> => {
  const holders = await ownersOf(served, 'listens');
  if (holders.length <= 1) return holders[0] ?? null;
  const found = await probe(served);
  if (found.length > 1) throw several(served.side, found);
  return found[0] ?? null;
};

/** Whether the process is there and no zombie; true where it cannot be told. */
export const stillRuns = async (pid: number): Promise<boolean> => {
  if (process.platform !== 'linux') return true;
  const state = await stateOf(pid);
  return state !== null && state !== 'Z' && state !== 'X';
};

/** Throws SEVERAL_SERVE when another process of the service has accepted a connection meanwhile: a second child may be late. */
export const requireOneServes = async (served: Served, serving: number): Promise<void> => {
  const others = (await ownersOf(served, 'connected')).filter((each) => each !== serving);
  if (others.length > 0) throw several(served.side, [serving, ...others]);
};
