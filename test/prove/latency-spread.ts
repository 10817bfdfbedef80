/** Launches of the latency phase of identical code, as recorded by latency.ts: how far, and how long, the sides differ. */
import { LATE_LOADER_LAG_P99_US } from '../../harness/metrics/index.ts';
import { mean, standardDeviation } from '../../harness/stats/index.ts';
import type { RowLabels } from './campaign.ts';

/** Windows of a launch. */
export const HALF_SECONDS = 12;
export const PERCENTILES = ['p50Us', 'p90Us', 'p99Us'] as const;

export interface MeasuredWindow {
  readonly lagP99Us: number;
  /** {@link PERCENTILES} */
  readonly base: readonly number[];
  readonly head: readonly number[];
}

export interface LatencyRow extends Pick<RowLabels, 'service' | 'condition'> {
  readonly ratePerSecond: number;
  /** Whether the binaries of the next launch were linked on the loader's CPU meanwhile. */
  readonly isLinking: boolean;
  /** From the first request on; those that were discarded are left out. */
  readonly windows: readonly MeasuredWindow[];
}

/** What the latency phase warms up, and then measures: 1 s and 1.5 s. */
const WARM = 2;
const MEASURED = 3;

const isLate = ({ lagP99Us }: MeasuredWindow): boolean => lagP99Us >= LATE_LOADER_LAG_P99_US;

/** Windows of a launch as the latency phase would have them. */
export const measuredOf = ({ windows }: LatencyRow): readonly MeasuredWindow[] => windows.slice(WARM, WARM + MEASURED);

const logRatio =
  (percentile: number) =>
  ({ base, head }: MeasuredWindow): number =>
    Math.log((head[percentile] ?? 0) / (base[percentile] ?? 0));

const percent = (value: number): string => `${(100 * value).toFixed(1)} %`;

/** Standard deviations of ln(head ÷ base): between launches, and of the mean of a launch's windows within it. */
const partsOf = (
  rows: readonly LatencyRow[],
  percentile: number,
): { readonly between: number; readonly within: number } => {
  const launches = rows.map((row) => row.windows.slice(WARM).map(logRatio(percentile)));
  const inWindow = Math.sqrt(mean(launches.map((values) => standardDeviation(values) ** 2)));
  const ofMeans = standardDeviation(launches.map(mean));
  const inMean = inWindow / Math.sqrt(mean(launches.map(({ length }) => length)));
  return { between: Math.sqrt(Math.max(0, ofMeans ** 2 - inMean ** 2)), within: inWindow / Math.sqrt(MEASURED) };
};

/** How many launches, their median, the two parts of its spread, and the whole spread of the tail. */
export const spreadOf = (rows: readonly LatencyRow[]): readonly string[] => {
  const medians = rows.flatMap((row) => measuredOf(row).flatMap(({ base, head }) => [base[0] ?? 0, head[0] ?? 0]));
  const { between, within } = partsOf(rows, 0);
  const tails = [1, 2].map((percentile) =>
    percent(standardDeviation(rows.map((row) => mean(measuredOf(row).map(logRatio(percentile)))))),
  );
  return [String(rows.length), (mean(medians) / 1000).toFixed(2), percent(between), percent(within), ...tails];
};

const shareLate = (windows: readonly MeasuredWindow[]): string =>
  windows.length === 0 ? '–' : `${windows.filter(isLate).length} of ${windows.length}`;

/** In the first second and after it, while linking and else. */
export const lateShareOf = (rows: readonly LatencyRow[]): readonly string[] =>
  [true, false].flatMap((isLinking) => {
    const some = rows.filter((row) => row.isLinking === isLinking);
    return [
      some.flatMap(({ windows }) => windows.slice(0, WARM)),
      some.flatMap(({ windows }) => windows.slice(WARM)),
    ].map(shareLate);
  });
