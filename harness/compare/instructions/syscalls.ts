/** System calls per request that follow the requests and not the clock, as a row of the comparison. */
import type { BySide, CountedCalls, MetricComparison, MetricVerdict } from '../../model/index.ts';
import { median } from '../../stats/index.ts';
import { isApart, range } from '../counts/spread.ts';
import type { ProfiledLaunch } from '../counts/work.ts';
import type { JudgedMetric } from '../verdict/gates.ts';
import { rowHead } from '../verdict/metric-row.ts';
import { formatQuantity } from '../../units/index.ts';

/**
 * Work that a program asks the kernel for. Left out is what goes with waiting and scheduling and so with the wall clock:
 * read (1.3 to 2.5 per request of the same work), futex, epoll_*, nanosleep, clock_gettime, accept4, madvise, mmap.
 */
const COUNTED: ReadonlySet<string> = new Set(
  `write pwrite64 writev pwritev sendto sendmsg sendmmsg sendfile pread64 preadv copy_file_range open openat connect
   socket bind listen fsync fdatasync truncate ftruncate stat fstat lstat newfstatat getdents64 lseek flock rename
   renameat renameat2 unlink unlinkat mkdir mkdirat clone3 execve wait4 getrandom`.split(/\s+/),
);

type Counted = readonly Pick<ProfiledLaunch, 'launch'>[];

/** Per request and launch, all counted calls together or one by name. */
const perRequest = (launches: Counted, isCounted: (name: string) => boolean): readonly number[] =>
  launches.map(({ launch }) => {
    const calls = Object.entries(launch.syscalls).filter(([name]) => isCounted(name));
    return calls.reduce((sum, [, count]) => sum + count, 0) / launch.requests;
  });

interface Difference {
  readonly base: number;
  readonly head: number;
  readonly isChanged: boolean;
  readonly interval: readonly [number, number];
}

/** Certain when larger than three times what launches of one side differ by, than the unit's floor, and without overlap. */
const compare = ({ base, head }: BySide<readonly number[]>, floor: number): Difference => {
  const delta = median(head) - median(base);
  const noise = Math.max(range(base), range(head));
  return {
    base: median(base),
    head: median(head),
    isChanged: isApart({ base, head }) && Math.abs(delta) >= Math.max(floor, 3 * noise),
    interval: [Math.min(...head) - Math.max(...base), Math.max(...head) - Math.min(...base)],
  };
};

const rounded = (value: number): string => formatQuantity(value, 'count');

/** Counted calls by name, the most frequent first. */
export const callsByName = (launches: BySide<Counted>, floor: number): readonly CountedCalls[] => {
  const names = [...launches.base, ...launches.head].flatMap(({ launch }) => Object.keys(launch.syscalls));
  return [...new Set(names)]
    .filter((name) => COUNTED.has(name))
    .map((name) => {
      const one = (each: string): boolean => each === name;
      const sides = { base: perRequest(launches.base, one), head: perRequest(launches.head, one) };
      const { base, head, isChanged } = compare(sides, floor);
      return { name, base, head, isChanged };
    })
    .toSorted((a, b) => Math.max(b.base, b.head) - Math.max(a.base, a.head));
};

const changedCalls = (calls: readonly CountedCalls[]): readonly string[] =>
  calls
    .filter(({ isChanged }) => isChanged)
    .map(({ name, base, head }) => `${name} ${rounded(base)} → ${rounded(head)}`);

const verdictOf = ({ base, head, isChanged }: Difference, { practicalRatio }: JudgedMetric): MetricVerdict => {
  if (!isChanged) return 'unchanged';
  const ratio = base === 0 ? Infinity : Math.abs(head / base - 1);
  if (ratio < (practicalRatio ?? 0)) return 'changed';
  return head > base ? 'regressed' : 'improved';
};

/** Calls that came or went by name are told in the row's warnings, also where the sum hides them. */
export const callsRow = (launches: BySide<Counted>, judged: JudgedMetric): MetricComparison => {
  const isCounted = (name: string): boolean => COUNTED.has(name);
  const all = { base: perRequest(launches.base, isCounted), head: perRequest(launches.head, isCounted) };
  const found = compare(all, judged.practicalAbsolute);
  const byName = changedCalls(callsByName(launches, judged.practicalAbsolute));
  return {
    ...rowHead(judged),
    base: found.base,
    head: found.head,
    effectRatio: found.base === 0 ? null : found.head / found.base - 1,
    ciRatio: found.base === 0 ? null : [found.interval[0] / found.base, found.interval[1] / found.base],
    effectAbsolute: found.base === 0 ? found.head : null,
    ciAbsolute: found.base === 0 ? found.interval : null,
    ciLevel: 1,
    pValue: null,
    qValue: null,
    practicalRatio: found.base === 0 ? null : judged.practicalRatio,
    practicalAbsolute: found.base === 0 ? judged.practicalAbsolute : null,
    smallestDetectableRatio: null,
    verdict: verdictOf(found, judged),
    reason: null,
    decidedBy: {
      stage: 'exact',
      unit: 'launch',
      n: Math.min(launches.base.length, launches.head.length),
      linkSeeds: new Set([...launches.base, ...launches.head].map(({ launch }) => launch.linkSeed)).size,
    },
    unitsNeeded: null,
    warnings: byName.length === 0 ? [] : [`System calls per request: ${byName.join(', ')}.`],
  };
};
