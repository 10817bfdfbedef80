/**
 * Linux's `/proc`, read synchronously: an edge wants all readings of one instant, and one costs some 20 µs.
 * Where a file is absent or may not be read (macOS, gVisor, `hidepid`), the answer is `undefined`, never an error.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where proc(5) is mounted; tests point it elsewhere. */
export const PROC_ROOT = '/proc';

/** USER_HZ, the unit of `/proc/stat` and `/proc/PID/stat` (proc(5)), is 100 on every architecture Go runs on. */
const NS_PER_TICK = 1e7;

const read = (...path: readonly string[]): string | undefined => {
  try {
    return readFileSync(join(...path), 'latin1');
  } catch {
    // Absent, forbidden, or its process has just ended: all mean that it cannot be known here.
    return undefined;
  }
};

const list = (...path: readonly string[]): readonly string[] | undefined => {
  try {
    return readdirSync(join(...path));
  } catch {
    return undefined; // as above
  }
};

/** CPU time and run-queue delay of a process, summed over the threads that are alive. */
export interface ThreadTimes {
  readonly cpuNs: number;
  /** Runnable, but waiting for a CPU. */
  readonly runDelayNs: number;
  /** Thread id → its CPU time. A thread that ends takes its time out of the sum. */
  readonly threads: ReadonlyMap<string, number>;
}

/** Sums `schedstat` over the threads in `/proc/PID/task`; nanoseconds, exact while the threads sleep. */
export const threadTimes = (pid: number, procRoot = PROC_ROOT): ThreadTimes | undefined => {
  const ids = list(procRoot, String(pid), 'task');
  if (ids === undefined) return undefined;
  const threads = new Map<string, number>();
  let runDelayNs = 0;
  for (const id of ids) {
    const [cpu, delay] = (read(procRoot, String(pid), 'task', id, 'schedstat') ?? '').split(' ');
    if (cpu === undefined || delay === undefined) continue; // ended since the listing
    threads.set(id, Number(cpu));
    runDelayNs += Number(delay);
  }
  if (threads.size === 0) return undefined;
  return { cpuNs: [...threads.values()].reduce((sum, ns) => sum + ns, 0), runDelayNs, threads };
};

/** Of several processes together; `undefined` as soon as one of them cannot be read. Thread ids are the machine's. */
export const threadTimesOf = (pids: readonly number[], procRoot = PROC_ROOT): ThreadTimes | undefined => {
  const all = pids.map((pid) => threadTimes(pid, procRoot)).filter((times) => times !== undefined);
  if (all.length < pids.length) return undefined;
  return {
    cpuNs: all.reduce((sum, { cpuNs }) => sum + cpuNs, 0),
    runDelayNs: all.reduce((sum, { runDelayNs }) => sum + runDelayNs, 0),
    threads: new Map(all.flatMap(({ threads }) => [...threads])),
  };
};

/** Thread id → CPU time of every process at or below `root`, but not of `but`. */
export type TreeTimes = ReadonlyMap<number, ReadonlyMap<string, number>>;

export const treeTimes = (root: number, but: readonly number[], procRoot = PROC_ROOT): TreeTimes => {
  const found = new Map<number, ReadonlyMap<string, number>>();
  const seen = new Set<number>();
  const walk = (pid: number): void => {
    seen.add(pid);
    if (!but.includes(pid)) found.set(pid, threadTimes(pid, procRoot)?.threads ?? new Map<string, number>());
    for (const child of childrenOf(pid, procRoot)) if (!seen.has(child)) walk(child);
  };
  walk(root);
  return found;
};

/** CPU time of a control group, children included: `cpu.stat` (v2, µs) or `cpuacct.usage` (v1, ns). */
export const cgroupCpuNs = (cgroupDir: string): number | undefined => {
  const usec = /^usage_usec (\d+)$/m.exec(read(cgroupDir, 'cpu.stat') ?? '')?.[1];
  if (usec !== undefined) return Number(usec) * 1000;
  const ns = /^\d+$/.exec((read(cgroupDir, 'cpuacct.usage') ?? '').trim())?.[0];
  return ns === undefined ? undefined : Number(ns);
};

/** Highest resident memory the process ever had. */
export const peakRssBytes = (pid: number, procRoot = PROC_ROOT): number | undefined => {
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(read(procRoot, String(pid), 'status') ?? '')?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
};

/** On which CPUs its threads may run, as the kernel lists them (`0`, `0-1,4`); each list once. */
export const allowedCpuLists = (pid: number, procRoot = PROC_ROOT): readonly string[] | undefined => {
  const ids = list(procRoot, String(pid), 'task');
  const lists = (ids ?? []).flatMap(
    (id) => /^Cpus_allowed_list:\s*(\S+)/m.exec(read(procRoot, String(pid), 'task', id, 'status') ?? '')?.[1] ?? [],
  );
  return lists.length === 0 ? undefined : [...new Set(lists)];
};

/** All CPUs of the machine together, since boot, in nanoseconds of 10 ms resolution. */
export interface HostUsage {
  readonly totalNs: number;
  readonly busyNs: number;
  /** Taken by the hypervisor for others. */
  readonly stealNs: number;
}

/** First line of `/proc/stat`. Waiting for I/O counts as idle, guests are part of user time. */
export const hostUsage = (procRoot = PROC_ROOT): HostUsage | undefined => {
  const numbers = /^cpu +([\d ]+)$/m
    .exec(read(procRoot, 'stat') ?? '')?.[1]
    ?.split(' ')
    .map(Number);
  const [user, nice, system, idle, iowait, irq, softirq, steal] = numbers ?? [];
  if (
    user === undefined ||
    nice === undefined ||
    system === undefined ||
    idle === undefined ||
    iowait === undefined ||
    irq === undefined ||
    softirq === undefined ||
    steal === undefined
  ) {
    return undefined;
  }
  const busy = user + nice + system + irq + softirq;
  return {
    totalNs: (busy + idle + iowait + steal) * NS_PER_TICK,
    busyNs: busy * NS_PER_TICK,
    stealNs: steal * NS_PER_TICK,
  };
};

/**
 * CPU time of these processes, of all they started, and of what they started and have waited for: in nanoseconds of
 * 10 ms resolution. `undefined` where none of them can be read.
 */
export const usedByUs = (pids: readonly number[], procRoot = PROC_ROOT): number | undefined => {
  const seen = new Set<number>();
  const ticks = pids.map((pid) => treeTicks(pid, seen, procRoot));
  const known = ticks.filter((count) => count !== undefined);
  return known.length === 0 ? undefined : known.reduce((sum, count) => sum + count, 0) * NS_PER_TICK;
};

const treeTicks = (pid: number, seen: Set<number>, procRoot: string): number | undefined => {
  if (seen.has(pid)) return 0;
  seen.add(pid);
  const own = processTicks(pid, procRoot);
  if (own === undefined) return undefined;
  return childrenOf(pid, procRoot).reduce((sum, child) => sum + (treeTicks(child, seen, procRoot) ?? 0), own);
};

/** utime + stime + cutime + cstime of `/proc/PID/stat`: fields 14 to 17, counted behind the name, which may hold anything. */
const processTicks = (pid: number, procRoot: string): number | undefined => {
  const stat = read(procRoot, String(pid), 'stat');
  if (stat === undefined) return undefined;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = fields.slice(11, 15).map(Number);
  return ticks.length === 4 && ticks.every(Number.isFinite) ? ticks.reduce((sum, tick) => sum + tick, 0) : undefined;
};

const childrenOf = (pid: number, procRoot: string): readonly number[] =>
  (list(procRoot, String(pid), 'task') ?? []).flatMap((id) =>
    (read(procRoot, String(pid), 'task', id, 'children') ?? '')
      .split(' ')
      .filter((word) => word.trim() !== '')
      .map(Number),
  );
