import type { Profile } from './profile.ts';

/** Most frames the runtime keeps: CPU 64; heap, mutex, block, goroutine 32, from Go 1.23 on 128 (profiles.md §1.1). */
const DEPTH_LIMITS = [32, 64, 128] as const;

/**
 * Marks the samples whose stack lost its root: those as deep as the profiler keeps, when that is the deepest seen. A
 * stack that happens to be exactly as deep is marked too, which costs its caller's row a sample and never invents one.
 */
export const isTruncated = (profile: Profile): Uint8Array => {
  const { stackStart, stack, count } = profile.samples;
  const { lineStart } = profile.locations;
  const depth = new Uint32Array(count);
  let deepest = 0;
  for (let i = 0; i < count; i++) {
    let frames = 0;
    for (let at = stackStart[i] ?? 0; at < (stackStart[i + 1] ?? 0); at++) {
      const location = stack[at] ?? 0;
      frames += Math.max(1, (lineStart[location + 1] ?? 0) - (lineStart[location] ?? 0));
    }
    depth[i] = frames;
    deepest = Math.max(deepest, frames);
  }
  const limit = DEPTH_LIMITS.find((each) => each === deepest);
  return Uint8Array.from(depth, (frames) => (frames === limit ? 1 : 0));
};
