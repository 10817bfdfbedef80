/** Processes of a service and their sockets, from Linux's /proc; empty where it does not tell. */
import { readdirSync, readFileSync } from 'node:fs';
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

interface Kin {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
}

/** Parent and group: the fourth and fifth field of /proc/PID/stat; the second may hold blanks and parentheses (proc(5)). */
const kinOf = (pid: string): readonly Kin[] => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [, parent, group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return [{ pid: Number(pid), parent: Number(parent), group: Number(group) }];
  } catch {
    return []; // it ended meanwhile
  }
};

/** Read without the thread pool: 130 processes take 2 ms of CPU so, and 12 to 15 through it, at four places of every launch. */
const allKin = (): readonly Kin[] => {
  try {
    return readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? kinOf(name) : []));
  } catch {
    return []; // no /proc
  }
};

/** `R`, `S`, … (proc(5)); null when it is gone. */
export const stateOf = async (pid: number): Promise<string | null> => {
  const stat = await readOrEmpty(`/proc/${pid}/stat`);
  return stat === '' ? null : (stat.slice(stat.lastIndexOf(')') + 2).split(' ')[0] ?? null);
};

/**
 * The process itself, all below it, and all of its group (what a parent that ended left behind is still there), each
 * with its parent.
 */
export const familyOf = (pid: number): ReadonlyMap<number, number> => {
  const all = allKin();
  const found = new Set([pid, ...all.filter(({ group }) => group === pid).map((each) => each.pid)]);
  for (let before = 0; before < found.size; ) {
    before = found.size;
    for (const { pid: child, parent } of all) if (found.has(parent)) found.add(child);
  }
  const parents = new Map(all.map((each) => [each.pid, each.parent]));
  return new Map([...found].map((each) => [each, parents.get(each) ?? 0]));
};

/** The program that a process runs; '' where it cannot be told. */
export const programOf = async (pid: number): Promise<string> => readlink(`/proc/${pid}/exe`).catch(() => '');

/** Inodes of all sockets that a process has open. */
const socketInodes = async (pid: number): Promise<ReadonlySet<string>> => {
  const descriptors = await listOrEmpty(`/proc/${pid}/fd`);
  const links = await Promise.all(descriptors.map(async (name) => readlink(`/proc/${pid}/fd/${name}`).catch(() => '')));
  return new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []));
};

/** A socket of a service's side: one that listens, or a connection to it. */
export interface SocketRow {
  /** `127.0.0.1:8080`, or the path of a unix socket. */
  readonly address: string;
  /** null for a unix socket. */
  readonly port: number | null;
  /** Of the other end of a connection over TCP. */
  readonly peerPort: number | null;
  readonly kind: 'listens' | 'connected' | 'other';
  /** `0` until the connection is accepted. */
  readonly inode: string;
}

/** IPv4 addresses are one little-endian word, `0100007F` for 127.0.0.1; IPv6 ones are only told apart roughly. */
const readableAddress = (hex: string): string => {
  if (hex.length === 8) return [6, 4, 2, 0].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)).join('.');
  if (/^0+$/.test(hex)) return '[::]';
  return hex === '00000000000000000000000001000000' ? '[::1]' : '[IPv6]';
};

/** As the kernel numbers them (net/tcp_states.h). */
const TCP_KINDS: Readonly<Record<string, SocketRow['kind']>> = { '0A': 'listens', '01': 'connected' };

/** Rows of /proc/net/tcp or tcp6. */
export const parseTcp = (table: string): readonly SocketRow[] =>
  table
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields.length > 9)
    .map((fields) => {
      const [host = '', port = ''] = (fields[1] ?? '').split(':');
      const [, peerPort = ''] = (fields[2] ?? '').split(':');
      return {
        address: `${readableAddress(host)}:${Number.parseInt(port, 16)}`,
        port: Number.parseInt(port, 16),
        peerPort: Number.parseInt(peerPort, 16),
        kind: TCP_KINDS[fields[3] ?? ''] ?? 'other',
        inode: fields[9] ?? '',
      };
    });

/** `__SO_ACCEPTCON` (proc(5)). */
const ACCEPTS = 0x10000;
const UNIX_CONNECTED = '03';

/** Rows of /proc/net/unix that have a path; of a connection it is the server's end that has it. */
export const parseUnix = (table: string): readonly SocketRow[] =>
  table
    .split('\n')
    .slice(1)
    .flatMap((line): readonly SocketRow[] => {
      const [, flags, state, inode = '', address] = /^\S+ \S+ \S+ (\S+) \S+ (\S+) +(\d+) (.+)$/.exec(line) ?? [];
      if (address === undefined) return [];
      const listens = (Number.parseInt(flags ?? '', 16) & ACCEPTS) !== 0;
      const kind = listens ? 'listens' : state === UNIX_CONNECTED ? 'connected' : 'other';
      return [{ address, port: null, peerPort: null, kind, inode }];
    });

const TABLES: Readonly<Record<string, (table: string) => readonly SocketRow[]>> = {
  tcp: parseTcp,
  tcp6: parseTcp,
  unix: parseUnix,
};

/** The sockets of the network that the process is in. */
export const socketRows = async (pid: number): Promise<readonly SocketRow[]> =>
  (
    await Promise.all(
      Object.entries(TABLES).map(async ([name, parse]) => parse(await readOrEmpty(`/proc/${pid}/net/${name}`))),
    )
  ).flat();

export interface OwnedSocket extends SocketRow {
  readonly owner: number;
}

/** The sockets of a service's processes, each as often as a process has it open. */
export const ownedSockets = async (pid: number): Promise<readonly OwnedSocket[]> => {
  const rows = await socketRows(pid);
  const pids = [...familyOf(pid).keys()];
  const inodes = await Promise.all(pids.map(socketInodes));
  return pids.flatMap((owner, at) =>
    rows.filter(({ inode }) => inodes[at]?.has(inode) === true).map((row) => ({ ...row, owner })),
  );
};
