/**
 * Which processes of a service take the requests. Usually the one that was started; but a wrapper script, a prefork server
 * (fasthttp, Fiber), or what replaces itself without losing a connection (overseer, tableflip) leaves that to a child or
 * several, and then only their counters say what a request costs. From Linux's /proc; elsewhere nobody can tell.
 */
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { InvalidMeasurementError } from '../../errors.ts';
import type { Endpoint, Side } from '../../model/index.ts';
import { familyOf, type OwnedSocket, ownedSockets, programOf, type SocketRow, socketRows, stateOf } from './sockets.ts';

/** A running service, to look for the process that takes its requests. */
export interface Served {
  readonly side: Side;
  /** What was started. */
  readonly pid: number;
  readonly endpoint: Endpoint;
}

/** Enough for whoever accepts at all to have accepted one, as a rule. */
const PROBES = 16;
/** An idle server accepts within a millisecond; this covers a machine that is starved for a while. */
const ACCEPT_MS = 2000;
const POLL_MS = 5;

const isAt = ({ port, socket }: Endpoint, row: SocketRow): boolean =>
  socket === undefined ? row.port === port : row.address === socket;

const socketsOf = async (
  { pid, endpoint }: Served,
  kind: SocketRow['kind'],
  fits: (row: SocketRow) => boolean = () => true,
): Promise<readonly OwnedSocket[]> =>
  (await ownedSockets(pid)).filter((row) => row.kind === kind && isAt(endpoint, row) && fits(row));

const ownersAmong = (sockets: readonly OwnedSocket[]): readonly number[] => [
  ...new Set(sockets.map(({ owner }) => owner).toSorted((a, b) => a - b)),
];

const ownersOf = async (...asked: Parameters<typeof socketsOf>): Promise<readonly number[]> =>
  ownersAmong(await socketsOf(...asked));

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

/** No socket is shared: each process has one of its own (SO_REUSEPORT), and the kernel deals connections out among them. */
const haveTheirOwn = (sockets: readonly OwnedSocket[]): boolean => {
  const places = new Set(sockets.map(({ inode, owner }) => `${inode} ${owner}`));
  return new Set(sockets.map(({ inode }) => inode)).size === places.size;
};

/** A worker that starts beside the others listens within this time. */
const LATE_MS = 500;

/** Parents of these, and their parents. */
const above = (family: ReadonlyMap<number, number>, pids: readonly number[]): ReadonlySet<number> => {
  const found = new Set<number>();
  for (const pid of pids) {
    for (let at = family.get(pid); at !== undefined && !found.has(at); at = family.get(at)) found.add(at);
  }
  return found;
};

/** Those of `pids` that run the same program as one of `like`. */
const alike = async (pids: readonly number[], like: readonly number[]): Promise<readonly number[]> => {
  if (pids.length === 0) return [];
  const programs = new Set(await Promise.all(like.map(programOf)));
  const theirs = await Promise.all(pids.map(programOf));
  return pids.filter((_, index) => theirs[index] !== '' && programs.has(theirs[index] ?? ''));
};

/** Like one that listens, and neither one of these nor above them: it may be about to listen, too. */
const lateWorkers = async (pid: number, holders: readonly number[]): Promise<number> => {
  const family = familyOf(pid);
  const masters = above(family, holders);
  const others = [...family.keys()].filter((each) => !holders.includes(each) && !masters.has(each));
  return (await alike(others, holders)).length;
};

const untilAllListen = async (served: Served): Promise<readonly OwnedSocket[]> => {
  const untilMs = performance.now() + LATE_MS;
  for (;;) {
    const sockets = await socketsOf(served, 'listens');
    const holders = ownersAmong(sockets);
    if (holders.length === 0 || performance.now() >= untilMs) return sockets;
    if ((await lateWorkers(served.pid, holders)) === 0) return sockets;
    await delay(POLL_MS);
  }
};

/**
 * Of a socket that several hold: who accepts from it, with the workers beside them, which have not had their turn yet. A
 * master above its workers holds it as a rule, and accepts nothing.
 */
const sharing = async (served: Served, holders: readonly number[]): Promise<readonly number[]> => {
  const found = await probe(served);
  const masters = above(familyOf(served.pid), holders);
  const workers = await alike(
    holders.filter((each) => !masters.has(each)),
    found,
  );
  return workers.length < 2 ? found : [...new Set([...found, ...workers])].toSorted((a, b) => a - b);
};

/** The processes that accept, of the one that was started and all below it, usually one; none where it cannot be told. */
export const servingProcesses = async (served: Served): Promise<readonly number[]> => {
  const sockets = await untilAllListen(served);
  const holders = ownersAmong(sockets);
  return holders.length <= 1 || haveTheirOwn(sockets) ? holders : sharing(served, holders);
};

/** Whether the process is there and no zombie; true where it cannot be told. */
export const stillRuns = async (pid: number): Promise<boolean> => {
  if (process.platform !== 'linux') return true;
  const state = await stateOf(pid);
  return state !== null && state !== 'Z' && state !== 'X';
};

/** Throws SEVERAL_SERVE when another process of the service has accepted a connection meanwhile: a further child may be late. */
export const requireOnlyThese = async (served: Served, serving: readonly number[]): Promise<void> => {
  const others = (await ownersOf(served, 'connected')).filter((each) => !serving.includes(each));
  if (others.length === 0) return;
  throw new InvalidMeasurementError(
    'SEVERAL_SERVE',
    `${served.side}: a further process of the service (${others.join(', ')}) has taken requests since ${serving.join(', ')} began to; what it did was not counted`,
    'Let all its workers listen before target.ready answers, or let it run as one process for the measurement (no prefork, one worker).',
  );
};
