/** Latencies in HdrHistograms of 1 µs to 60 s with three digits; sole user of hdr-histogram-js's recording side. */
import { build, encodeIntoCompressedBase64, type Histogram } from 'hdr-histogram-js';
import type { LatencySummary } from '../../model/index.ts';

const HIGHEST_US = 60_000_000;

export type LatencyHistogram = Histogram;

export const createHistogram = (): LatencyHistogram =>
  build({
    bitBucketSize: 32,
    autoResize: false,
    lowestDiscernibleValue: 1,
    highestTrackableValue: HIGHEST_US,
    numberOfSignificantValueDigits: 3,
    useWebAssembly: false,
  });

/** Records a span of the monotonic clock; longer than a minute counts as a minute. */
export const recordSpan = (histogram: LatencyHistogram, fromMs: number, toMs: number): void => {
  const us = Math.round((toMs - fromMs) * 1000);
  histogram.recordValue(us < 0 ? 0 : us > HIGHEST_US ? HIGHEST_US : us);
};

/** null when nothing was recorded. */
export const summarize = (histogram: LatencyHistogram): LatencySummary | null =>
  histogram.totalCount === 0
    ? null
    : {
        count: histogram.totalCount,
        meanUs: histogram.mean,
        p50Us: histogram.getValueAtPercentile(50),
        p90Us: histogram.getValueAtPercentile(90),
        p99Us: histogram.getValueAtPercentile(99),
        maxUs: histogram.maxValue,
        histogram: encodeIntoCompressedBase64(histogram),
      };

export const mergeHistograms = (histograms: readonly LatencyHistogram[]): LatencyHistogram => {
  const merged = createHistogram();
  for (const histogram of histograms) if (histogram.totalCount > 0) merged.add(histogram);
  return merged;
};
