import { describe, expect, it } from 'vitest';
import { decodeHistogram, mergeBuckets, quantile } from '../../../harness/report/page/hdr.ts';
import { histogramOf } from './page-input.ts';
import { seeded } from '../../builders/profiles.ts';

const latencies = (seed: number, count: number): readonly number[] => {
  const random = seeded(seed);
  return Array.from({ length: count }, () => Math.min(50_000_000, Math.round(50 + 400 * random() ** -1.2)));
};

describe('an HdrHistogram read in the browser', () => {
  it('holds as many values as were recorded, each within its bucket', async () => {
    for (const value of [1, 2, 1023, 1024, 2047, 2048, 2049, 4095, 4096, 100_000, 59_999_999]) {
      const [bucket, ...others] = await decodeHistogram(histogramOf([value]));
      expect(others).toEqual([]);
      expect(bucket![1]).toBe(1);
      expect(Math.abs(bucket![0] - value)).toBeLessThanOrEqual(value * 0.001);
    }
  });

  it('has the percentiles of the sorted values, to its three digits', async () => {
    const values = latencies(5, 20_000);
    const sorted = values.toSorted((left, right) => left - right);
    const buckets = await decodeHistogram(histogramOf(values));
    expect(buckets.reduce((sum, [, count]) => sum + count, 0)).toBe(values.length);
    for (const share of [0.5, 0.9, 0.99, 0.999])
      expect(quantile(buckets, share)! / sorted[share * values.length - 1]!).toBeCloseTo(1, 3);
  });

  it('adds up to the histogram of both', async () => {
    const [left, right] = [latencies(7, 3000), latencies(9, 2000)];
    const merged = mergeBuckets([await decodeHistogram(histogramOf(left)), await decodeHistogram(histogramOf(right))]);
    expect(merged).toEqual(await decodeHistogram(histogramOf([...left, ...right])));
  });

  it('is refused when it is none', async () => {
    await expect(decodeHistogram(btoa('not a histogram at all'))).rejects.toThrow('not an HdrHistogram');
  });
});
