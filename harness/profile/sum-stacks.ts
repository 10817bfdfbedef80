/** The kernel of every table: walks all stacks once and sums values by frame group. */
import type { FrameGroups } from './frame-groups.ts';
import type { Profile } from './profile.ts';

export interface GroupSums {
  /** Value of the samples whose leaf is in the group. */
  readonly flat: Float64Array;
  /** Value of the samples with the group anywhere in the stack; a recursive function counts once per sample. */
  readonly cum: Float64Array;
  /** Like flat, but a leaf in `isCharged` counts for the first frame above it that is not. */
  readonly own: Float64Array;
}

/**
 * Sums `values` (one per sample). `charged[group] = 1` marks groups whose own cost is charged to their first caller
 * outside (runtime leaves); where a stack has no other frame the leaf keeps it.
 */
export const sumStacks = (
  profile: Profile,
  groups: FrameGroups,
  values: Float64Array,
  charged: Uint8Array,
): GroupSums => {
  const size = groups.keys.length;
  const flat = new Float64Array(size);
  const cum = new Float64Array(size);
  const own = new Float64Array(size);
  const seenIn = new Uint32Array(size);
  const { stackStart, stack, count } = profile.samples;
  const { start: groupStart, groups: groupOf } = groups;
  for (let sample = 0; sample < count; sample++) {
    const value = values[sample] as number;
    if (value === 0) continue;
    const end = stackStart[sample + 1] as number;
    const stamp = sample + 1;
    let leaf = -1;
    let owner = -1;
    for (let at = stackStart[sample] as number; at < end; at++) {
      const location = stack[at] as number;
      const groupEnd = groupStart[location + 1] as number;
      for (let g = groupStart[location] as number; g < groupEnd; g++) {
        const group = groupOf[g] as number;
        if (owner < 0) {
          if (leaf < 0) leaf = group;
          if (charged[group] === 0) owner = group;
        }
        if (seenIn[group] !== stamp) {
          seenIn[group] = stamp;
          cum[group] = (cum[group] as number) + value;
        }
      }
    }
    if (leaf < 0) continue;
    flat[leaf] = (flat[leaf] as number) + value;
    const charge = owner < 0 ? leaf : owner;
    own[charge] = (own[charge] as number) + value;
  }
  return { flat, cum, own };
};
