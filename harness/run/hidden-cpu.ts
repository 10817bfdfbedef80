/** Whether what Go's own CPU profile shows no further than the call, C and the kernel, has a part in what became slower. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BySide, bothSides, type Launch, type Side } from '../model/index.ts';
import { decodeProfile, type Profile, ProfileError, valueColumn } from '../profile/index.ts';

/** Where Go's profiler stands while C or the kernel runs. */
const CALLS =
  /^(?:(?:internal\/runtime\/syscall(?:\/\w+)?|runtime\/internal\/syscall|syscall|golang\.org\/x\/sys\/unix)\.|runtime\.(?:cgocall|asmcgocall|_ExternalCode|_VDSO|vdsoCall|futex|epollwait|epollctl|usleep|madvise|mmap|munmap|sysMmap|write1|read|pipe2)\b)/;

/** Of the growth of CPU, for it to be worth a look. */
const LEAST_PART = 0.25;
/** Of an estimate that samples of a few launches give; counts of samples vary more than chance alone makes them. */
const SURE = { standardErrors: 2, dispersion: 1.5 } as const;

/** Of one profile: samples in all, and those in C or the kernel. */
export interface HiddenSamples {
  readonly all: number;
  readonly hidden: number;
}

export const hiddenSamples = (profile: Profile): HiddenSamples => {
  const { samples, locations, functions, strings } = profile;
  const counts = valueColumn(profile, 'samples');
  let [all, hidden] = [0, 0];
  counts.forEach((count, i) => {
    all += count;
    const leaf = samples.stack[samples.stackStart[i] ?? 0] ?? 0;
    const fn = locations.lineFunction[locations.lineStart[leaf] ?? 0] ?? 0;
    if (CALLS.test(strings[functions.name[fn] ?? 0] ?? '')) hidden += count;
  });
  return { all, hidden };
};

interface SideCpu extends HiddenSamples {
  readonly nsPerRequest: number;
}

/** One that cannot be read counts for nothing; the report says so when it is wanted. */
const readOrNull = (file: string): Profile | null => {
  try {
    return decodeProfile(readFileSync(file), file);
  } catch (error) {
    if (error instanceof ProfileError || (error instanceof Error && 'code' in error)) return null;
    throw error;
  }
};

const sideCpu = (launches: readonly Launch[], side: Side, outDir: string): SideCpu => {
  let [all, hidden, ns, requests] = [0, 0, 0, 0];
  for (const { sides } of launches) {
    const { profiles, profiled } = sides[side];
    const profile = profiles.cpu === undefined ? null : readOrNull(join(outDir, profiles.cpu.file));
    if (profile === null || profiled.cpuNs === undefined) continue;
    const counted = hiddenSamples(profile);
    all += counted.all;
    hidden += counted.hidden;
    ns += profiled.cpuNs;
    requests += profiled.requests;
  }
  return { all, hidden, nsPerRequest: ns / Math.max(1, requests) };
};

const isHiddenGrowth = ({ base, head }: BySide<SideCpu>): boolean => {
  const grown = head.nsPerRequest - base.nsPerRequest;
  if (Math.min(base.all, head.all) === 0 || grown <= 0) return false;
  const ofSide = ({ all, hidden, nsPerRequest }: SideCpu) => {
    const share = hidden / all;
    return {
      ns: share * nsPerRequest,
      variance: (nsPerRequest ** 2 * SURE.dispersion * share * (1 - share)) / all,
    };
  };
  const [before, after] = [ofSide(base), ofSide(head)];
  const hidden = after.ns - before.ns;
  return hidden >= LEAST_PART * grown && hidden > SURE.standardErrors * Math.sqrt(before.variance + after.variance);
};

/** By the samples of judged launches, which are there anyway. */
export const hasHiddenGrowth = (launches: readonly Launch[], outDir: string): boolean => {
  const judged = launches.filter(({ stage }) => stage === 'judged');
  return isHiddenGrowth(bothSides((side) => sideCpu(judged, side, outDir)));
};
