/** The kernels of every table: each walks all stacks once and sums `values`, one per sample, by frame group. */
import type { FrameGroups } from './frame-groups.ts';
import type { Profile } from '../columns/profile.ts';

/** Whose own cost a caller pays for. */
export interface Charging {
  readonly isCharged: (key: string) => boolean;
  /** Who pays where every frame of a stack is charged to somebody else: the leaf itself, or the frame it began with. */
  readonly lastPayer: 'leaf' | 'root';
}

/** All values; a loop, for the array's own `reduce` makes an object of every number. */
export const sumOf = (values: Float64Array): number => {
  let total = 0;
  for (let sample = 0; sample < values.length; sample++) total += values[sample] as number;
  return total;
};

/** Like flat, but a leaf that is charged to others counts for the first frame above it that is not. */
export const sumOwn = (
  { samples }: Profile,
  { keys, start, groups }: FrameGroups,
  values: Float64Array,
  { isCharged, lastPayer }: Charging,
): Float64Array => {
  const own = new Float64Array(keys.length);
  const charged = Uint8Array.from(keys, (key) => (isCharged(key) ? 1 : 0));
  const { stackStart, stack, count } = samples;
  for (let sample = 0; sample < count; sample++) {
    const end = stackStart[sample + 1] as number;
    let payer = -1;
    let leaf = -1;
    search: for (let at = stackStart[sample] as number; at < end; at++) {
      const location = stack[at] as number;
      const next = start[location + 1] as number;
      for (let g = start[location] as number; g < next; g++) {
        payer = groups[g] as number;
        if (leaf < 0) leaf = payer;
        if (charged[payer] === 0) break search;
      }
    }
    if (leaf < 0) continue;
    if (lastPayer === 'leaf' && charged[payer] === 1) payer = leaf;
    own[payer] = (own[payer] as number) + (values[sample] as number);
  }
  return own;
};

/** Frames that are looked through, that lead into somebody's library, or that pay. */
export type FrameRole = 'through' | 'library' | 'payer';

/**
 * What calls into libraries cost: a sample counts for the library frame that the nearest payer above the leaf called, for
 * the payer itself where there is none between, and where nobody pays for the library frame that it began with.
 */
export const sumEntries = (
  { samples }: Profile,
  { keys, start, groups }: FrameGroups,
  values: Float64Array,
  roleOf: (key: string) => FrameRole,
): Float64Array => {
  const sums = new Float64Array(keys.length);
  const roles = keys.map(roleOf);
  const { stackStart, stack, count } = samples;
  for (let sample = 0; sample < count; sample++) {
    const end = stackStart[sample + 1] as number;
    let entry = -1;
    let leaf = -1;
    search: for (let at = stackStart[sample] as number; at < end; at++) {
      const location = stack[at] as number;
      const next = start[location + 1] as number;
      for (let g = start[location] as number; g < next; g++) {
        const group = groups[g] as number;
        if (leaf < 0) leaf = group;
        if (roles[group] === 'library') entry = group;
        if (roles[group] !== 'payer') continue;
        if (entry < 0) entry = group;
        break search;
      }
    }
    const payer = entry < 0 ? leaf : entry;
    if (payer >= 0) sums[payer] = (sums[payer] as number) + (values[sample] as number);
  }
  return sums;
};

const longestStack = ({ samples }: Profile): number => {
  let longest = 0;
  for (let i = 0; i < samples.count; i++) {
    longest = Math.max(longest, (samples.stackStart[i + 1] ?? 0) - (samples.stackStart[i] ?? 0));
  }
  return longest;
};

/**
 * Of every location, twice its first group, plus one where more follow: twice, for that is where the group's row begins
 * in {@link sumFlatCum}.
 */
const firstRows = ({ start, groups }: FrameGroups): Int32Array => {
  const rows = new Int32Array(start.length - 1);
  for (let location = 0; location < rows.length; location++) {
    const first = start[location] as number;
    rows[location] = 2 * (groups[first] as number) + ((start[location + 1] as number) - first > 1 ? 1 : 0);
  }
  return rows;
};

export interface FlatCumSums {
  /** Value of the samples whose leaf is in the group. */
  readonly flat: Float64Array;
  /** Value of the samples with the group anywhere in the stack; a recursive function counts once per sample. */
  readonly cum: Float64Array;
}

/**
 * The hot loop: every frame of every sample. A group's row is the last sample that had it, and its cum: in two arrays
 * they take two cache lines (3 million frames of 4,000 functions: 24 instead of 14 ms). Whether a location has inlined
 * frames is as good as random, and a branch on it costs more than the work, so those locations are set aside without
 * branching and walked afterwards (23 instead of 14 ms).
 */
export const sumFlatCum = (profile: Profile, frameGroups: FrameGroups, values: Float64Array): FlatCumSums => {
  const { keys, start, groups } = frameGroups;
  const flat = new Float64Array(keys.length);
  const rows = new Float64Array(2 * keys.length);
  const first = firstRows(frameGroups);
  const aside = new Uint32Array(longestStack(profile) + 1);
  const { stackStart, stack, count } = profile.samples;
  for (let sample = 0; sample < count; sample++) {
    const value = values[sample] as number;
    const leaf = stackStart[sample] as number;
    const end = stackStart[sample + 1] as number;
    if (value === 0 || leaf === end) continue;
    const leafGroup = (first[stack[leaf] as number] as number) >>> 1;
    flat[leafGroup] = (flat[leafGroup] as number) + value;
    const stamp = sample + 1;
    let waiting = 0;
    for (let at = leaf; at < end; at++) {
      const location = stack[at] as number;
      const rowAndMore = first[location] as number;
      aside[waiting] = location;
      waiting += rowAndMore & 1;
      const row = rowAndMore & ~1;
      if (rows[row] === stamp) continue;
      rows[row] = stamp;
      rows[row + 1] = (rows[row + 1] as number) + value;
    }
    for (let i = 0; i < waiting; i++) {
      const location = aside[i] as number;
      const last = start[location + 1] as number;
      for (let g = (start[location] as number) + 1; g < last; g++) {
        const row = 2 * (groups[g] as number);
        if (rows[row] === stamp) continue;
        rows[row] = stamp;
        rows[row + 1] = (rows[row + 1] as number) + value;
      }
    }
  }
  const cum = new Float64Array(keys.length);
  for (let group = 0; group < cum.length; group++) cum[group] = rows[2 * group + 1] as number;
  return { flat, cum };
};
