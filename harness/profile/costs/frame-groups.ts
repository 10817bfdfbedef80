/**
 * Frames put together under one key (a function name, a line, a package): what flat and cum are summed by. The frames
 * of a location are its inlined lines, innermost first; a location without lines (C code, kernel) is one frame.
 */
import type { Profile } from '../columns/profile.ts';

export interface FrameGroups {
  /** Keys; a group is an index into them. */
  readonly keys: readonly string[];
  /** Groups of location `i`: `groups[start[i] … start[i + 1]]`, innermost first. */
  readonly start: Uint32Array;
  readonly groups: Uint32Array;
  /** A line of the profile per group, to look names and files up; −1 for a location without lines. */
  readonly exampleLine: Int32Array;
}

/** What pprof calls code it has no name for: the binary in brackets. */
const namelessFrame = (profile: Profile, location: number): string => {
  const mapping = profile.mappings[(profile.locations.mapping[location] ?? 0) - 1];
  const file = mapping?.file ?? '';
  return file === '' ? '<unknown>' : `[${file.slice(file.lastIndexOf('/') + 1)}]`;
};

/** Groups of equal keys become one; the first one's line is kept. Nearly always there are none, which a set tells soonest. */
const mergeEqual = (found: FrameGroups): FrameGroups => {
  const unique = new Set(found.keys);
  if (unique.size === found.keys.length) return found;
  const keys = [...unique];
  const numbers = new Map<string, number>();
  for (const key of keys) numbers.set(key, numbers.size);
  const numberOf = new Uint32Array(found.keys.length);
  const exampleLine = new Int32Array(keys.length);
  // Loops: with the arrays' own `from` and `map` 2,336 functions in 6,457 locations took 0.73 instead of 0.40 ms.
  for (let group = numberOf.length - 1; group >= 0; group--) {
    const number = numbers.get(found.keys[group] as string) as number;
    numberOf[group] = number;
    exampleLine[number] = found.exampleLine[group] as number;
  }
  const groups = new Uint32Array(found.groups.length);
  for (let i = 0; i < groups.length; i++) groups[i] = numberOf[found.groups[i] as number] as number;
  return { keys, start: found.start, groups, exampleLine };
};

/**
 * Groups by a key of the line's class, which is asked for once a class; `classOf` numbers the classes of all lines from 0
 * on, below `classCount`. Where the key is empty, the frame is called after its binary.
 */
const groupByClass = (
  profile: Profile,
  classOf: Uint32Array,
  classCount: number,
  keyOf: (index: number) => string,
): FrameGroups => {
  const { count, lineStart } = profile.locations;
  const keys: string[] = [];
  // Room at once: to grow by and by leaves twice as much garbage.
  keys.length = classCount;
  const exampleLine = new Int32Array(classCount + count);
  let groupCount = 0;
  const add = (key: string, line: number): number => {
    exampleLine[groupCount] = line;
    keys[groupCount] = key;
    return groupCount++;
  };
  /** Group of a class plus one; 0 is not known yet. */
  const known = new Uint32Array(classCount);
  const addClass = (location: number, line: number): number => {
    const index = classOf[line] as number;
    const key = keyOf(index);
    if (key === '') return add(namelessFrame(profile, location), line);
    const group = add(key, line);
    known[index] = group + 1;
    return group;
  };
  const start = new Uint32Array(count + 1);
  // A location without lines is a frame too.
  const groups = new Uint32Array(classOf.length + count);
  let used = 0;
  for (let location = 0; location < count; location++) {
    start[location] = used;
    const first = lineStart[location] as number;
    const end = lineStart[location + 1] as number;
    if (first === end) groups[used++] = add(namelessFrame(profile, location), -1);
    for (let line = first; line < end; line++) {
      const group = known[classOf[line] as number] as number;
      groups[used++] = group === 0 ? addClass(location, line) : group - 1;
    }
  }
  start[count] = used;
  keys.length = groupCount;
  return mergeEqual({ keys, start, groups, exampleLine: exampleLine.subarray(0, groupCount) });
};

/** Groups by a key of the line; `keyOfLine` gets an index into the location table's lines. */
export const groupByLine = (profile: Profile, keyOfLine: (line: number) => string): FrameGroups => {
  const { length } = profile.locations.lineFunction;
  return groupByClass(
    profile,
    Uint32Array.from({ length }, (_, line) => line),
    length,
    keyOfLine,
  );
};

/** Groups by the key of the function; `keyOf` gets an index into the function table, and only of those that have a line. */
export const groupByFunction = (profile: Profile, keyOf: (index: number) => string): FrameGroups =>
  groupByClass(profile, profile.locations.lineFunction, profile.functions.count, keyOf);
