/** Allocations per request, from the entries of the functions in which Go's allocator makes one object each. */
import type { BySide } from '../../model/index.ts';
import { median } from '../../stats/index.ts';
import type { LaunchWork } from '../counts/work.ts';

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

const inSide = (launches: readonly LaunchWork[]): number | null => {
  const counts = launches.map(inLaunch).filter((count) => count !== null);
  return counts.length === 0 ? null : median(counts);
};

export const countedMallocs = (launches: BySide<readonly LaunchWork[]>): BySide<number> | null => {
  const [base, head] = [inSide(launches.base), inSide(launches.head)];
  return base === null && head === null ? null : { base: base ?? 0, head: head ?? 0 };
};
