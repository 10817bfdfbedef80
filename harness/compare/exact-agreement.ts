/**
 * What follows from the two answers together, instructions and CPU time. Each gate decides for itself: instructions
 * neither license a CPU alarm nor silence one; they explain it.
 */
import type { MetricComparison, MetricId } from '../model/index.ts';

type Direction = 'up' | 'down' | 'same' | 'unknown';

const directionOf = (row: MetricComparison | undefined): Direction => {
  if (row === undefined || row.effectRatio === null) return 'unknown';
  if (row.verdict === 'unchanged') return 'same';
  const isTold = row.verdict === 'regressed' || row.verdict === 'improved' || row.verdict === 'changed';
  if (!isTold) return 'unknown';
  return row.effectRatio > 0 ? 'up' : 'down';
};

/** Counters that tell what instructions cannot see, in words. */
const WITNESSES: readonly (readonly [MetricId, string])[] = [
  ['syscallsPerRequest', 'system calls'],
  ['allocBytesPerRequest', 'allocated bytes, and with them collection'],
  ['mallocsPerRequest', 'allocations, and with them collection'],
  ['gcCpuNsPerRequest', 'collection'],
  ['mutexWaitNsPerRequest', 'waiting for locks'],
];

const witnesses = (rows: readonly MetricComparison[], direction: 'up' | 'down'): readonly string[] =>
  WITNESSES.flatMap(([id, words]) =>
    directionOf(rows.find(({ metric }) => metric === id)) === direction ? [words] : [],
  );

const elsewhere = (rows: readonly MetricComparison[], direction: 'up' | 'down'): string => {
  const seen = witnesses(rows, direction);
  const moved = `CPU time went ${direction} while the same instructions were executed`;
  return seen.length > 0
    ? `${moved}; with it went ${seen.join(', ')}.`
    : `${moved}: memory and caches, the kernel, contention, or where the linker put the code.`;
};

/** One sentence, or null when one of the two was not judged. */
export const describeAgreement = (rows: readonly MetricComparison[], culprit: string | null): string | null => {
  const instructions = directionOf(rows.find(({ metric }) => metric === 'instructionsPerRequest'));
  const cpu = directionOf(rows.find(({ metric }) => metric === 'cpuNsPerRequest'));
  if (instructions === 'unknown' || cpu === 'unknown') return null;
  if (instructions === 'same') {
    return cpu === 'same' ? 'Neither instructions nor CPU time changed.' : elsewhere(rows, cpu);
  }
  const who = culprit === null ? '' : `, most in ${culprit}`;
  if (cpu === 'same') return `It executes ${moreOrLess(instructions)} instructions${who}, too few to show in CPU time.`;
  if (cpu === instructions)
    return `It executes ${moreOrLess(instructions)} instructions${who}, and CPU time went the same way.`;
  return `It executes ${moreOrLess(instructions)} instructions${who}, yet CPU time went ${cpu}: what it executes has become ${cpu === 'up' ? 'dearer' : 'cheaper'}.`;
};

const moreOrLess = (direction: 'up' | 'down'): string => (direction === 'up' ? 'more' : 'fewer');
