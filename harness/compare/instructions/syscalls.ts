/** System calls per request that follow the requests and not the clock, as a row of the comparison. */
import type { BySide, CountedCalls, MetricComparison } from '../../model/index.ts';
import { formatQuantity } from '../../units/index.ts';
import type { ProfiledLaunch } from '../counts/work.ts';
import type { JudgedMetric } from '../verdict/gates.ts';
import { countRow, differenceOf } from './count-row.ts';

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

const rounded = (value: number): string => formatQuantity(value, 'count');

/** Counted calls by name, the most frequent first. */
export const callsByName = (launches: BySide<Counted>, floor: number): readonly CountedCalls[] => {
  const names = [...launches.base, ...launches.head].flatMap(({ launch }) => Object.keys(launch.syscalls));
  return [...new Set(names)]
    .filter((name) => COUNTED.has(name))
    .map((name) => {
      const one = (each: string): boolean => each === name;
      const sides = { base: perRequest(launches.base, one), head: perRequest(launches.head, one) };
      const { base, head, isChanged } = differenceOf(sides, floor);
      return { name, base, head, isChanged };
    })
    .toSorted((a, b) => Math.max(b.base, b.head) - Math.max(a.base, a.head));
};

const changedCalls = (calls: readonly CountedCalls[]): readonly string[] =>
  calls
    .filter(({ isChanged }) => isChanged)
    .map(({ name, base, head }) => `${name} ${rounded(base)} → ${rounded(head)}`);

/** Calls that came or went by name are told in the row's warnings, also where the sum hides them. */
export const callsRow = (launches: BySide<Counted>, judged: JudgedMetric): MetricComparison => {
  const isCounted = (name: string): boolean => COUNTED.has(name);
  const all = { base: perRequest(launches.base, isCounted), head: perRequest(launches.head, isCounted) };
  const byName = changedCalls(callsByName(launches, judged.practicalAbsolute));
  const warnings = byName.length === 0 ? [] : [`System calls per request: ${byName.join(', ')}.`];
  return countRow(differenceOf(all, judged.practicalAbsolute), judged, launches, warnings);
};
