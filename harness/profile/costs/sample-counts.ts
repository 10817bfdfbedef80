/** How many events a sample stands for as they were observed, before the runtime scaled them up: what noise goes by. */
import type { Profile } from '../columns/profile.ts';
import { valueIndex } from '../columns/value-types.ts';

/** Numeric label of heap samples: size of one object, in bytes. */
const SIZE_LABEL = 'bytes';

const objectSize = (profile: Profile, sample: number): number => {
  const { samples, labels, strings } = profile;
  for (let label = samples.labelStart[sample] ?? 0; label < (samples.labelStart[sample + 1] ?? 0); label++) {
    if (strings[labels.key[label] ?? 0] === SIZE_LABEL) return Number(labels.number[label] ?? 0n);
  }
  return 0;
};

/**
 * Heap samples were divided by 1 − e^(−size/rate) and cut to whole objects; this takes the division back
 * (runtime/pprof, scaleHeapSample), so a count is up to one sample too low, and right on average in a difference.
 */
const heapCounts = (profile: Profile, column: number): Float64Array => {
  const { samples } = profile;
  const period = Number(profile.period);
  const width = profile.sampleTypes.length;
  const counts = new Float64Array(samples.count);
  for (let i = 0; i < counts.length; i++) {
    const objects = samples.values[i * width + column] ?? 0;
    const size = objectSize(profile, i);
    counts[i] = size > 0 && period > 1 ? objects * -Math.expm1(-size / period) : objects;
  }
  return counts;
};

/** Observed allocations behind what a heap profile says is still held. */
export const liveCounts = (profile: Profile): Float64Array => heapCounts(profile, valueIndex(profile, 'inuse_objects'));

/**
 * Observed events per sample. CPU: profiling ticks; heap: sampled allocations (alloc_objects, or where a profile has
 * only those, inuse_objects); mutex and block: contentions as the runtime scaled them, so an upper bound; goroutines: all.
 */
export const sampleCounts = (profile: Profile): Float64Array => {
  const types = profile.sampleTypes.map(({ type }) => type);
  const allocations = types.indexOf('alloc_objects');
  if (allocations >= 0) return heapCounts(profile, allocations);
  const width = types.length;
  const column = Math.max(
    0,
    types.findIndex((type) => type === 'samples' || type === 'contentions'),
  );
  return Float64Array.from(
    { length: profile.samples.count },
    (_, i) => profile.samples.values[i * width + column] ?? 0,
  );
};
