/** Files that the processes of a service write to, from Linux's /proc; none where it does not tell. */
import { readdir, readFile, readlink, stat } from 'node:fs/promises';
import { familyOf } from './sockets.ts';

/** As open(2) numbers them on every Linux that Go runs on, in the octal digits of /proc/PID/fdinfo (proc(5)). */
const WRITES = 0o3;
const APPENDS = 0o2000;

/** Descriptors of what is no file, and files that are nobody's data. */
const isData = (path: string): boolean =>
  path.startsWith('/') && !/^\/(?:dev|proc|sys)\//.test(path) && !path.endsWith(' (deleted)');

/** Whoever only appends writes a log: that is shared without harm. */
const isWritten = async (pid: number, descriptor: string): Promise<boolean> => {
  const info = await readFile(`/proc/${pid}/fdinfo/${descriptor}`, 'utf8').catch(() => '');
  const flags = Number.parseInt(/^flags:\s*([0-7]+)$/m.exec(info)?.[1] ?? '0', 8);
  return (flags & WRITES) !== 0 && (flags & APPENDS) === 0;
};

/** Files by device and number, so that a folder of its own under a common name is no common one; each with its path. */
type OpenFiles = ReadonlyMap<string, string>;

const writtenBy = async (pid: number): Promise<OpenFiles> => {
  const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => []);
  const found = new Map<string, string>();
  for (const descriptor of descriptors) {
    const path = await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => '');
    if (!isData(path) || !(await isWritten(pid, descriptor))) continue;
    const file = await stat(`/proc/${pid}/fd/${descriptor}`).catch(() => null);
    if (file !== null) found.set(`${file.dev} ${file.ino}`, path);
  }
  return found;
};

/** Open for writing, and not only at their end, in the process or one below it; what we have open ourselves is not its own. */
export const writtenFiles = async (pid: number): Promise<OpenFiles> => {
  const pids = [...familyOf(pid).keys()];
  const ours = await writtenBy(process.pid);
  const theirs = await Promise.all(pids.map(writtenBy));
  return new Map(theirs.flatMap((files) => [...files]).filter(([key]) => !ours.has(key)));
};
