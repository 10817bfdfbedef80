import type { Profile } from '../columns/profile.ts';

/** Most frames that Go's runtime keeps: CPU 64; heap, mutex, block, goroutine 32, from Go 1.23 on 128. */
const DEPTH_LIMITS = [32, 64, 128] as const;

const frameCounts = ({ samples, locations }: Profile): Uint32Array => {
  const { stackStart, stack, count } = samples;
  const { lineStart } = locations;
  const depth = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    let frames = 0;
    for (let at = stackStart[i] ?? 0; at < (stackStart[i + 1] ?? 0); at++) {
      const location = stack[at] ?? 0;
      frames += Math.max(1, (lineStart[location + 1] ?? 0) - (lineStart[location] ?? 0));
    }
    depth[i] = frames;
  }
  return depth;
};

/** Function of the outermost frame; −1 where it has no name. */
const rootFunction = ({ samples, locations }: Profile, sample: number): number => {
  const last = (samples.stackStart[sample + 1] ?? 0) - 1;
  const location = samples.stack[last] ?? 0;
  const end = locations.lineStart[location + 1] ?? 0;
  return end > (locations.lineStart[location] ?? 0) ? (locations.lineFunction[end - 1] ?? -1) : -1;
};

/**
 * Marks the samples whose stack lost its root: those as deep as the profiler keeps, where that is the deepest seen and
 * no shorter stack begins at the same function (a goroutine's first function begins shorter ones too).
 */
export const isTruncated = (profile: Profile): Uint8Array => {
  const depth = frameCounts(profile);
  const deepest = depth.reduce((most, frames) => Math.max(most, frames), 0);
  const marks = new Uint8Array(depth.length);
  if (!DEPTH_LIMITS.some((limit) => limit === deepest)) return marks;
  const roots = new Set<number>();
  depth.forEach((frames, sample) => {
    if (frames > 0 && frames < deepest) roots.add(rootFunction(profile, sample));
  });
  depth.forEach((frames, sample) => {
    if (frames === deepest && !roots.has(rootFunction(profile, sample))) marks[sample] = 1;
  });
  return marks;
};
