/** What the diff says about source lines: which are touched, and where an untouched line of base is in head. */
import type { FileDiff } from '../../model/index.ts';

type LineRanges = readonly (readonly [number, number])[];

/** Lines of `ranges` at or above `line`. */
const linesUpTo = (ranges: LineRanges, line: number): number =>
  ranges.reduce((count, [from, to]) => count + Math.max(0, Math.min(to, line) - from + 1), 0);

const contains = (ranges: LineRanges, line: number): boolean => ranges.some(([from, to]) => from <= line && line <= to);

/** Whether any changed line lies in `from` … `to`. */
export const touches = (ranges: LineRanges, from: number, to: number): boolean =>
  ranges.some(([first, last]) => first <= to && from <= last);

/**
 * Line of head that holds base's untouched `line`: untouched lines keep their order, so it is head's untouched line of
 * the same rank. Null when the change removed or altered the line.
 */
export const headLineOf = (diff: FileDiff, line: number): number | null => {
  if (contains(diff.baseLines, line)) return null;
  const rank = line - linesUpTo(diff.baseLines, line);
  const ranges = diff.headLines.toSorted(([a], [b]) => a - b);
  let at = rank;
  for (const [from, to] of ranges) if (from <= at) at += to - from + 1;
  return at;
};

/** Which file of the diff a file named in a profile is; undefined when the change does not touch it. */
export const diffOf = (
  diffs: readonly FileDiff[],
  file: string,
  modulePath: string | null,
  side: 'base' | 'head',
): FileDiff | undefined =>
  diffs.find((diff) => {
    const path = side === 'base' ? (diff.renamedFrom ?? diff.file) : diff.file;
    if (modulePath !== null && file.startsWith(`${modulePath}/`)) return file === `${modulePath}/${path}`;
    return file === path || (file.endsWith(`/${path}`) && !file.includes('@'));
  });
