/** Allocations per request, from the entries of the functions in which Go's allocator makes one object each. */
import { bothSides, type BySide, type MetricComparison } from '../../model/index.ts';
import { median } from '../../stats/index.ts';
import type { LaunchWork, ProfiledLaunch } from '../counts/work.ts';
import type { JudgedMetric } from '../verdict/gates.ts';
import { countRow, differenceOf } from './count-row.ts';

/**
 * Each object is made in one of these (Go 1.24 on, with and without functions of its own per size or size class). What
 * they hand over to while the collector marks (Go 1.27: `…SlowPath`) is the same object once more.
 */
const MAKERS = /^runtime\.mallocgc(?:Tiny|SmallNo[sS]can|SmallScan(?:No)?Header|Large)(?:(?:Size|SC)\d+)?$/;
/** Before 1.24 this made all of them; since then it calls the others. */
const ENTRY = 'runtime.mallocgc';

const inLaunch = ({ functions }: LaunchWork): number | null => {
  const makers = [...functions.values()].filter(({ name }) => MAKERS.test(name));
  if (makers.length === 0) return functions.get(ENTRY)?.calls ?? null;
  return makers.reduce((sum, { calls }) => sum + (calls ?? 0), 0);
};

/** Per request, launch by launch; null where the program's allocator is not Go's. */
export const mallocsByLaunch = (launches: BySide<readonly LaunchWork[]>): BySide<readonly number[]> | null => {
  const found = bothSides((side) => launches[side].map(inLaunch));
  const isGo = [...found.base, ...found.head].some((count) => count !== null);
  return isGo ? bothSides((side) => found[side].map((count) => count ?? 0)) : null;
};

export const medians = (mallocs: BySide<readonly number[]>): BySide<number> =>
  bothSides((side) => median(mallocs[side]));

/** Null where launches of one side differ by so much that a difference worth a verdict would not be certain. */
export const mallocsRow = (
  mallocs: BySide<readonly number[]>,
  launches: BySide<readonly Pick<ProfiledLaunch, 'launch'>[]>,
  judged: JudgedMetric,
): MetricComparison | null => {
  const { base } = medians(mallocs);
  const floor = Math.max(judged.practicalAbsolute, (judged.changedRatio ?? 0) * base);
  const found = differenceOf(mallocs, floor);
  const failing = Math.max(judged.practicalAbsolute, (judged.practicalRatio ?? 0) * base);
  return !found.isChanged && found.smallest > failing ? null : countRow(found, judged, launches, []);
};
