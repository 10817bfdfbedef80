/** When no single function stands out: which parts of the runtime and which functions hold the difference. */
import { profileKind } from '../../metrics/index.ts';
import type { BySide } from '../../model/index.ts';
import { bothSides } from '../../model/index.ts';
import { canonicalNames, functionSums, type Profile, valueColumn } from '../../profile/index.ts';
import type { ProfiledTotals } from './costs.ts';

/** Parts of the runtime, by the functions that hold their own (flat) cost or stand for all below them (cum). */
const BUCKETS = [
  {
    label: 'garbage collection',
    cum: /^runtime\.(?:gcBgMarkWorker|gcAssistAlloc|bgsweep|bgscavenge|gcStart|gcMarkTermination)$/,
  },
  // From Go 1.27 on compiled code calls functions of its own for small objects: `mallocgcSmallNoScanSC2` and the like.
  { label: 'allocating', cum: /^runtime\.(?:mallocgc\w*|newobject|newarray|makeslice\w*|growslice\w*)$/ },
  { label: 'scheduling', cum: /^runtime\.(?:schedule|goready|ready|gopark|newproc|sysmon)$/ },
  {
    label: 'system calls',
    cum: /^(?:internal\/runtime\/syscall|runtime\/internal\/syscall|syscall)\.(?:Syscall6?|RawSyscall6?)$/,
  },
  {
    label: 'copying and clearing memory',
    cum: /^runtime\.(?:memmove|memclrNoHeapPointers|typedmemmove|duffcopy|duffzero)$/,
  },
] as const;

export interface BucketDelta {
  readonly label: string;
  readonly base: number;
  readonly head: number;
  /** Head less base, per request. */
  readonly delta: number;
}

/** A sample counts once per bucket: all of a bucket's functions get one name, and its cum is taken. */
const bucketCosts = (kind: ProfiledTotals, side: 'base' | 'head'): ReadonlyMap<string, number> => {
  const costs = new Map<string, number>();
  const add = (profile: Profile, factor: number): void => {
    const names = canonicalNames(profile).map((name) => BUCKETS.find(({ cum }) => cum.test(name))?.label ?? '-');
    const sums = functionSums(profile, names);
    const cum = sums.cum(valueColumn(profile, profileKind(kind.profile).valueType));
    sums.names.forEach((label, i) => costs.set(label, (costs.get(label) ?? 0) + (cum[i] ?? 0) * factor));
  };
  for (const { profile, factor } of kind.sources[side]) add(profile, factor);
  return costs;
};

/** What each part of the runtime costs more on head, largest difference first. Buckets overlap where one calls another. */
export const runtimeBuckets = (kind: ProfiledTotals): readonly BucketDelta[] => {
  const costs: BySide<ReadonlyMap<string, number>> = bothSides((side) => bucketCosts(kind, side));
  return BUCKETS.map(({ label }) => {
    const [base, head] = [costs.base.get(label) ?? 0, costs.head.get(label) ?? 0];
    return { label, base, head, delta: head - base };
  }).toSorted((a, b) => Math.abs(b.delta) - Math.abs(a.delta));
};
