/** Where a service listens; for the message when it is not where we look. */
import { ownedSockets } from './sockets.ts';

const addressesOf = async (pid: number, isUnix: boolean): Promise<readonly string[]> => {
  const listening = (await ownedSockets(pid)).filter(
    ({ kind, port }) => kind === 'listens' && (port === null) === isUnix,
  );
  return [...new Set(listening.map(({ address }) => address))].toSorted();
};

/** Addresses on which the processes of `pid` listen, e.g. `127.0.0.1:8080`; empty where /proc does not tell. */
export const listeningAddresses = async (pid: number): Promise<readonly string[]> => addressesOf(pid, false);

/** Paths of the unix sockets on which they listen. */
export const listeningSockets = async (pid: number): Promise<readonly string[]> => addressesOf(pid, true);
