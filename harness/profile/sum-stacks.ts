/** The kernel of every table: walks all stacks once and sums values by frame group. */
import type { FrameGroups } from './frame-groups.ts';
import type { Profile } from './profile.ts';

export interface GroupSums {
  /** Value of the samples whose leaf is in the group. */
  readonly flat: Float64Array;
  /** Value of the samples with the group anywhere in the stack; a recursive function counts once per sample. */
  readonly cum: Float64Array;
  /** Like flat, but a leaf in `charged` counts for the first frame above it that is not. */
  readonly own: Float64Array;
}

/** Who pays where every frame of a stack is charged to somebody else: the leaf itself, or the frame it began with. */
export type LastPayer = 'leaf' | 'root';

/** Leaf group of a sample and the group that pays for it; −1 and −1 for a sample without frames. */
interface Payers {
  readonly leaf: Int32Array;
  readonly owner: Int32Array;
}

const findPayers = (profile: Profile, groups: FrameGroups, charged: Uint8Array, last: LastPayer): Payers => {
  const { stackStart, stack, count } = profile.samples;
  const leaf = new Int32Array(count).fill(-1);
  const owner = new Int32Array(count).fill(-1);
  for (let sample = 0; sample < count; sample++) {
    const end = stackStart[sample + 1] as number;
    let root = -1;
    search: for (let at = stackStart[sample] as number; at < end; at++) {
      const location = stack[at] as number;
      const next = groups.start[location + 1] as number;
      for (let g = groups.start[location] as number; g < next; g++) {
        const group = groups.groups[g] as number;
        root = group;
        if (leaf[sample] === -1) leaf[sample] = group;
        if (charged[group] === 0) {
          owner[sample] = group;
          break search;
        }
      }
    }
    if (owner[sample] === -1) owner[sample] = last === 'leaf' ? (leaf[sample] as number) : root;
  }
  return { leaf, owner };
};

const longestStack = ({ samples }: Profile): number => {
  let longest = 0;
  for (let i = 0; i < samples.count; i++) {
    longest = Math.max(longest, (samples.stackStart[i + 1] ?? 0) - (samples.stackStart[i] ?? 0));
  }
  return longest;
};

/**
 * The hot loop: every frame of every sample, each group once per sample. Whether a location has inlined frames is as
 * good as random, and a branch on it costs more than the work, so those locations are set aside without branching
 * and walked afterwards (34 ms → 13 ms for 3 million frames).
 */
const sumCum = (profile: Profile, { keys, start, groups }: FrameGroups, values: Float64Array): Float64Array => {
  const cum = new Float64Array(keys.length);
  const seenIn = new Uint32Array(keys.length);
  const first = new Uint32Array(start.length - 1);
  const hasMore = new Uint8Array(start.length - 1);
  for (let location = 0; location < first.length; location++) {
    first[location] = groups[start[location] as number] as number;
    hasMore[location] = (start[location + 1] as number) - (start[location] as number) > 1 ? 1 : 0;
  }
  const aside = new Uint32Array(longestStack(profile) + 1);
  const { stackStart, stack, count } = profile.samples;
  for (let sample = 0; sample < count; sample++) {
    const value = values[sample] as number;
    if (value === 0) continue;
    const end = stackStart[sample + 1] as number;
    const stamp = sample + 1;
    let waiting = 0;
    for (let at = stackStart[sample] as number; at < end; at++) {
      const location = stack[at] as number;
      aside[waiting] = location;
      waiting += hasMore[location] as number;
      const group = first[location] as number;
      if (seenIn[group] === stamp) continue;
      seenIn[group] = stamp;
      cum[group] = (cum[group] as number) + value;
    }
    for (let i = 0; i < waiting; i++) {
      const location = aside[i] as number;
      const last = start[location + 1] as number;
      for (let g = (start[location] as number) + 1; g < last; g++) {
        const group = groups[g] as number;
        if (seenIn[group] === stamp) continue;
        seenIn[group] = stamp;
        cum[group] = (cum[group] as number) + value;
      }
    }
  }
  return cum;
};

/**
 * Sums `values` (one per sample). `charged[group] = 1` marks groups whose own cost is charged to their first caller
 * outside (runtime leaves); where a stack has no other frame, `lastPayer` says who keeps it.
 */
export const sumStacks = (
  profile: Profile,
  groups: FrameGroups,
  values: Float64Array,
  charged: Uint8Array,
  lastPayer: LastPayer = 'leaf',
): GroupSums => {
  const { leaf, owner } = findPayers(profile, groups, charged, lastPayer);
  const flat = new Float64Array(groups.keys.length);
  const own = new Float64Array(groups.keys.length);
  for (let sample = 0; sample < leaf.length; sample++) {
    const last = leaf[sample] as number;
    if (last < 0) continue;
    const value = values[sample] as number;
    flat[last] = (flat[last] as number) + value;
    const payer = owner[sample] as number;
    own[payer] = (own[payer] as number) + value;
  }
  return { flat, cum: sumCum(profile, groups, values), own };
};
