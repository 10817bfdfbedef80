/** On which addresses a process group listens, from /proc; for the message when a service is not where we look. */
import { readdir, readFile, readlink } from 'node:fs/promises';

const readOrEmpty = async (path: string): Promise<string> => {
  try {
    return await readFile(path, 'utf8');
  } catch {
    // No /proc, or the process ended meanwhile: nothing to say then.
    return '';
  }
};

const listOrEmpty = async (path: string): Promise<readonly string[]> => {
  try {
    return await readdir(path);
  } catch {
    return [];
  }
};

/** Process group, the fifth field of /proc/PID/stat; the second may hold blanks and parentheses (proc(5)). */
const groupOf = async (pid: string): Promise<number> => {
  const stat = await readOrEmpty(`/proc/${pid}/stat`);
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]);
};

const socketInodes = async (pid: string): Promise<readonly string[]> => {
  const descriptors = await listOrEmpty(`/proc/${pid}/fd`);
  const links = await Promise.all(descriptors.map(async (name) => readlink(`/proc/${pid}/fd/${name}`).catch(() => '')));
  return links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []);
};

const LISTEN_STATE = '0A';

interface Listener {
  readonly address: string;
  readonly inode: string;
}

/** IPv4 addresses are one little-endian word, `0100007F` for 127.0.0.1; IPv6 ones are only told apart roughly. */
const readableAddress = (hex: string): string => {
  if (hex.length === 8) return [6, 4, 2, 0].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)).join('.');
  if (/^0+$/.test(hex)) return '[::]';
  return hex === '00000000000000000000000001000000' ? '[::1]' : '[IPv6]';
};

/** Rows of /proc/net/tcp and tcp6 in state LISTEN. */
export const parseListeners = (table: string): readonly Listener[] =>
  table
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === LISTEN_STATE)
    .map((fields) => {
      const [address = '', port = ''] = (fields[1] ?? '').split(':');
      return { address: `${readableAddress(address)}:${Number.parseInt(port, 16)}`, inode: fields[9] ?? '' };
    });

/** Rows of /proc/net/unix that accept connections (`__SO_ACCEPTCON`) and have a path (proc(5)). */
export const parseUnixListeners = (table: string): readonly Listener[] =>
  table
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [, flags, inode = '', address] = /^\S+ \S+ \S+ (\S+) \S+ \S+ +(\d+) (.+)$/.exec(line) ?? [];
      return address === undefined || (Number.parseInt(flags ?? '', 16) & 0x10000) === 0 ? [] : [{ address, inode }];
    });

const inodesOfGroup = async (pid: number): Promise<ReadonlySet<string>> => {
  const pids = (await listOrEmpty('/proc')).filter((name) => /^\d+$/.test(name));
  const groups = await Promise.all(pids.map(async (name) => ((await groupOf(name)) === pid ? [name] : [])));
  return new Set((await Promise.all(groups.flat().map(socketInodes))).flat());
};

const listenersIn = async (
  pid: number,
  tables: readonly string[],
  parse: (table: string) => readonly Listener[],
): Promise<readonly string[]> => {
  const inodes = await inodesOfGroup(pid);
  const listeners = (await Promise.all(tables.map(readOrEmpty))).flatMap(parse);
  return [...new Set(listeners.filter(({ inode }) => inodes.has(inode)).map(({ address }) => address))].toSorted();
};

/** Addresses on which the process group `pid` listens, e.g. `127.0.0.1:8080`; empty where /proc does not tell. */
export const listeningAddresses = async (pid: number): Promise<readonly string[]> =>
  listenersIn(pid, ['/proc/net/tcp', '/proc/net/tcp6'], parseListeners);

/** Paths of the unix sockets on which it listens. */
export const listeningSockets = async (pid: number): Promise<readonly string[]> =>
  listenersIn(pid, ['/proc/net/unix'], parseUnixListeners);
