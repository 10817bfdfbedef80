/**
 * A window's edge: both sides' counters while no request is in flight, and the differences between two edges.
 */
import { setTimeout as delay } from 'node:timers/promises';
import {
  type BySide,
  bothSides,
  type CpuSource,
  inPlace,
  otherSide,
  type Side,
  type WindowCounters,
} from '../model/index.ts';
import type { Agent } from './agent.ts';
import { type AgentCounters, type ProcessUsage, present } from './agent-replies.ts';
import {
  cgroupCpuNs,
  PROC_ROOT,
  type ThreadTimes,
  threadTimes,
  threadTimesOf,
  type TreeTimes,
  treeTimes,
} from './proc.ts';

/** What a running side is measured by. */
export interface EdgeTarget {
  /** The process with the agent. */
  readonly pid: number;
  /** Where several processes take the requests: the others, whose agents `agent` asks, too. */
  readonly workers?: readonly number[];
  /** What was started, with all below it; what its other processes use is counted, too. `pid` when left out. */
  readonly rootPid?: number;
  readonly agent: Agent;
  readonly cpuSource: CpuSource;
  /** For `cgroup`: the folder with `cpu.stat` or `cpuacct.usage`. */
  readonly cgroupDir?: string;
  readonly procRoot?: string;
}

/** The kernel's counters, seen from outside. */
interface OutsideReading {
  readonly cpuNs?: number;
  readonly runDelayNs?: number;
  /** Only where the sum over threads is the source. */
  readonly threads?: ThreadTimes['threads'];
  /** The service's other processes, where the source counts one process alone. */
  readonly others?: TreeTimes;
}

/**
 * One side at one edge. The agent's own work lies between `before` and `after`, so that a window, which runs from one
 * edge's `after` to the next one's `before`, holds none of it.
 */
export interface SideEdge {
  readonly before: OutsideReading;
  readonly inside: AgentCounters;
  readonly after: OutsideReading;
}

export type Edge = BySide<SideEdge>;

/** One side's window, without what it owes; `doubt` says why its CPU comes from rusage and not from the source asked for. */
export interface SideWindow {
  readonly counters: WindowCounters;
  readonly doubt: string | null;
}

/** Lets what the last answer set off (writes, parking, idle workers) come to rest. */
const SETTLE_MS = 2;

/** schedstat and rusage count the same thing; more apart than this, and threads were lost on the way. */
const AGREE_RATIO = 0.05;
/** What background work may do during the settling times, which only one of the two sees. */
const AGREE_NS = 10e6;

/**
 * The best source of a process's CPU time here: its control group when it has one of its own, else schedstat, else the
 * agent's rusage. A kernel without scheduler statistics shows zeros, which is not a source.
 */
export const cpuSourceFor = (target: {
  readonly pid: number;
  readonly cgroupDir?: string;
  readonly procRoot?: string;
}): CpuSource => {
  if (target.cgroupDir !== undefined && (cgroupCpuNs(target.cgroupDir) ?? 0) > 0) return 'cgroup';
  return (threadTimes(target.pid, target.procRoot)?.cpuNs ?? 0) > 0 ? 'schedstat' : 'rusage';
};

/** CPU time of a process so far, from outside; `undefined` for `rusage`, which only the agent can read. */
export const processCpuNs = (
  pid: number,
  source: CpuSource,
  place: { readonly cgroupDir?: string; readonly procRoot?: string } = {},
): number | undefined => {
  if (source === 'schedstat') return threadTimes(pid, place.procRoot)?.cpuNs;
  return source === 'cgroup' && place.cgroupDir !== undefined ? cgroupCpuNs(place.cgroupDir) : undefined;
};

const readOutside = ({
  pid,
  workers = [],
  rootPid = pid,
  cpuSource,
  cgroupDir,
  procRoot = PROC_ROOT,
}: EdgeTarget): OutsideReading => {
  const times = threadTimesOf([pid, ...workers], procRoot);
  const cpuNs = cpuSource === 'cgroup' && cgroupDir !== undefined ? cgroupCpuNs(cgroupDir) : times?.cpuNs;
  return present<OutsideReading>({
    cpuNs: cpuSource === 'rusage' ? undefined : cpuNs,
    runDelayNs: times?.runDelayNs,
    threads: cpuSource === 'schedstat' ? times?.threads : undefined,
    others: cpuSource === 'schedstat' ? treeTimes(rootPid, [pid, ...workers], procRoot) : undefined,
  });
};

/** Both sides' counters; call it with no request in flight. `first` is read first: draw it anew for every edge. */
export const readEdge = async (targets: BySide<EdgeTarget>, first: Side): Promise<Edge> => {
  const readBothOutside = (): BySide<OutsideReading> => {
    const early = readOutside(targets[first]);
    return inPlace(first, early, readOutside(targets[otherSide(first)]));
  };
  await delay(SETTLE_MS);
  const before = readBothOutside();
  const early = await targets[first].agent.counters();
  const inside = inPlace(first, early, await targets[otherSide(first)].agent.counters());
  await delay(SETTLE_MS);
  const after = readBothOutside();
  return bothSides((side) => ({ before: before[side], inside: inside[side], after: after[side] }));
};

/** The same for one side alone, where the two cannot live at the same time. */
export const readSideEdge = async (target: EdgeTarget): Promise<SideEdge> => {
  await delay(SETTLE_MS);
  const before = readOutside(target);
  const inside = await target.agent.counters();
  await delay(SETTLE_MS);
  return { before, inside, after: readOutside(target) };
};

const cpuOf = (usage: ProcessUsage): number => usage.userNs + usage.systemNs;

/** `undefined` as soon as one of the two is. */
const difference = (start: number | undefined, end: number | undefined): number | undefined =>
  start === undefined || end === undefined ? undefined : end - start;

/** One side's counters between two edges, the agent's own cost left out. */
export const sideWindow = (start: SideEdge, end: SideEdge, ownCost: OwnCost = NO_COST): SideWindow => {
  const from = start.inside.end;
  const to = end.inside.begin;
  const kernelNs = difference(start.after.cpuNs, end.before.cpuNs);
  const rusageNs = from === undefined || to === undefined ? undefined : cpuOf(to) - cpuOf(from);
  const doubt = doubtOf(start, end, kernelNs, rusageNs);
  // Programs that the service ran and waited for: a control group counts them itself, the other sources do not.
  const childrenNs = difference(from?.childrenNs, to?.childrenNs) ?? 0;
  const otherNs = othersNs(start.after.others, end.before.others, childrenNs);
  const withChildren = (ns: number | undefined): number | undefined =>
    ns === undefined ? undefined : ns + childrenNs + otherNs;
  const kernelCpuNs = start.after.threads === undefined ? kernelNs : withChildren(kernelNs);
  const rusageCpuNs = withChildren(rusageNs);
  const counters = present<WindowCounters>({
    cpuNs: doubt === null ? (kernelCpuNs ?? rusageCpuNs) : rusageCpuNs,
    rusageCpuNs,
    gcOwedNs: difference(start.inside.gcOwedNs, end.inside.gcOwedNs),
    runDelayNs: difference(start.after.runDelayNs, end.before.runDelayNs),
    mallocs: end.inside.mallocs - start.inside.mallocs - ownCost.mallocs,
    allocBytes: end.inside.allocBytes - start.inside.allocBytes - ownCost.bytes,
    gcCycles: end.inside.gcCycles - start.inside.gcCycles,
    gcPauseNs: end.inside.gcPauseNs - start.inside.gcPauseNs,
    mutexWaitNs: difference(start.inside.mutexWaitNs, end.inside.mutexWaitNs),
    voluntarySwitches: difference(from?.voluntarySwitches, to?.voluntarySwitches),
    involuntarySwitches: difference(from?.involuntarySwitches, to?.involuntarySwitches),
    minorFaults: difference(from?.minorFaults, to?.minorFaults),
    majorFaults: difference(from?.majorFaults, to?.majorFaults),
    blockWaitNs: undefined,
    requestBlockNs: undefined,
    requestLockNs: undefined,
    goroutinesPeak: undefined,
  });
  return { counters, doubt };
};

/**
 * What the service's other processes used between two edges. One that ended and was waited for is in `childrenNs` with
 * all it ever used, of which what it had used before the window is taken off.
 */
const othersNs = (start: TreeTimes = NOBODY, end: TreeTimes = NOBODY, childrenNs: number): number => {
  let sum = 0;
  for (const [pid, threads] of end) {
    for (const [id, ns] of threads) {
      const before = start.get(pid)?.get(id) ?? 0;
      // Less than before: its id was given to a younger one.
      sum += ns >= before ? ns - before : ns;
    }
  }
  for (const [pid, threads] of start) {
    if (end.has(pid)) continue;
    const before = [...threads.values()].reduce((total, ns) => total + ns, 0);
    if (before <= childrenNs) sum -= before;
  }
  return sum;
};

/** What one reading adds to the counters, from the agent's hello. */
export interface OwnCost {
  readonly mallocs: number;
  readonly bytes: number;
}

const NOBODY: TreeTimes = new Map();
const NO_COST: OwnCost = { mallocs: 0, bytes: 0 };

/** Why the sum over threads cannot be used; only rusage still knows what ended threads have spent. */
const doubtOf = (
  start: SideEdge,
  end: SideEdge,
  outsideCpuNs: number | undefined,
  rusageCpuNs: number | undefined,
): string | null => {
  const [startThreads, endThreads] = [start.after.threads, end.before.threads];
  if (startThreads === undefined || endThreads === undefined) return null;
  if (outsideCpuNs === undefined || rusageCpuNs === undefined) return null;
  const ended = endedThreads(startThreads, endThreads);
  if (ended > 0) {
    return `${ended} thread${ended === 1 ? '' : 's'} of the service ended inside a window`;
  }
  const apart = Math.abs(rusageCpuNs - outsideCpuNs);
  if (apart <= AGREE_RATIO * rusageCpuNs + AGREE_NS) return null;
  const ms = (ns: number): string => (ns / 1e6).toFixed(1);
  return `the kernel's two counts of its CPU time differ (${ms(outsideCpuNs)} and ${ms(rusageCpuNs)} ms)`;
};

/** Gone, or their id given to a younger one. */
const endedThreads = (start: ReadonlyMap<string, number>, end: ReadonlyMap<string, number>): number =>
  [...start].filter(([id, ns]) => (end.get(id) ?? -1) < ns).length;

/**
 * Both sides' counters between two edges. When one side's CPU is in doubt, both are taken from rusage: a source on one
 * side only would be a bias.
 */
export const windowCounters = (
  start: Edge,
  end: Edge,
  ownCost?: BySide<OwnCost>,
): BySide<WindowCounters> & { readonly note: string | null } =>
  agreeOnCpu({
    base: sideWindow(start.base, end.base, ownCost?.base),
    head: sideWindow(start.head, end.head, ownCost?.head),
  });

/** Gives both sides the same account of CPU; for windows that were read one by one. */
export const agreeOnCpu = (windows: BySide<SideWindow>): BySide<WindowCounters> & { readonly note: string | null } => {
  const doubted = windows.base.doubt !== null ? 'base' : windows.head.doubt !== null ? 'head' : null;
  const [base, head] = [windows.base.counters, windows.head.counters];
  if (doubted === null) return { ...withOwed({ base, head }), note: null };
  return {
    ...withOwed({ base: withRusage(base), head: withRusage(head) }),
    note: `CPU time from the service's own rusage: on ${doubted}, ${windows[doubted].doubt}.`,
  };
};

/**
 * A collection is paid for at once, and due to all that was allocated since the one before. Which side happens to collect
 * just before a window ends is chance, and was the most of what windows of equal code differed by (docs/method.md). Both
 * sides are charged so or none.
 */
const withOwed = ({ base, head }: BySide<WindowCounters>): BySide<WindowCounters> => {
  if (base.gcOwedNs === undefined || head.gcOwedNs === undefined) {
    return { base: withoutOwed(base), head: withoutOwed(head) };
  }
  return { base: charged(base, base.gcOwedNs), head: charged(head, head.gcOwedNs) };
};

const withoutOwed = (counters: WindowCounters): WindowCounters =>
  Object.fromEntries(Object.entries(counters).filter(([name]) => name !== 'gcOwedNs'));

const charged = (counters: WindowCounters, owedNs: number): WindowCounters =>
  counters.cpuNs === undefined ? counters : { ...counters, cpuNs: counters.cpuNs + owedNs };

const withRusage = (counters: WindowCounters): WindowCounters =>
  counters.rusageCpuNs === undefined ? counters : { ...counters, cpuNs: counters.rusageCpuNs };
