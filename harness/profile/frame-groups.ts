/**
 * Frames put together under one key (a function name, a line, a package): what flat and cum are summed by. The frames
 * of a location are its inlined lines, innermost first; a location without lines (C code, kernel) is one frame.
 */
import type { Profile } from './profile.ts';

export interface FrameGroups {
  /** Keys; a group is an index into them. */
  readonly keys: readonly string[];
  /** Groups of location `i`: `groups[start[i] … start[i + 1]]`, innermost first. */
  readonly start: Uint32Array;
  readonly groups: Uint32Array;
  /** A line of the profile per group, to look names and files up; −1 for a location without lines. */
  readonly exampleLine: readonly number[];
}

/** Gives every key one number. */
export class Interner {
  readonly keys: string[] = [];
  readonly #numbers = new Map<string, number>();

  number(key: string): number {
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const next = this.keys.length;
    this.#numbers.set(key, next);
    this.keys.push(key);
    return next;
  }
}

/** What pprof calls code it has no name for: the binary in brackets. */
const namelessFrame = (profile: Profile, location: number): string => {
  const mapping = profile.mappings[(profile.locations.mapping[location] ?? 0) - 1];
  const file = mapping?.file ?? '';
  return file === '' ? '<unknown>' : `[${file.slice(file.lastIndexOf('/') + 1)}]`;
};

/** Code without a name, to be called after its binary. */
const NAMELESS = -1;

/** Lays the groups of all locations out; `groupOfLine` gets an index into the location table's lines. */
const layOut = (profile: Profile, interner: Interner, groupOfLine: (line: number) => number): FrameGroups => {
  const { count, lineStart, lineFunction } = profile.locations;
  const start = new Uint32Array(count + 1);
  // A location without lines is a frame too.
  const groups = new Uint32Array(lineFunction.length + count);
  const exampleLine: number[] = [];
  let used = 0;
  const add = (location: number, found: number, line: number): void => {
    const group = found === NAMELESS ? interner.number(namelessFrame(profile, location)) : found;
    if (group === exampleLine.length) exampleLine.push(line);
    groups[used++] = group;
  };
  for (let location = 0; location < count; location++) {
    start[location] = used;
    const first = lineStart[location] as number;
    const end = lineStart[location + 1] as number;
    if (first === end) add(location, NAMELESS, -1);
    for (let line = first; line < end; line++) add(location, groupOfLine(line), line);
  }
  start[count] = used;
  return { keys: interner.keys, start, groups: groups.subarray(0, used), exampleLine };
};

/** Groups by a key of the line. */
export const groupByLine = (profile: Profile, keyOfLine: (line: number) => string): FrameGroups => {
  const interner = new Interner();
  return layOut(profile, interner, (line) => {
    const key = keyOfLine(line);
    return key === '' ? NAMELESS : interner.number(key);
  });
};

/** Groups by the key that `keyOf` gives the functions of the table which have lines; it is asked once for each. */
export const groupByFunction = (profile: Profile, keyOf: (index: number) => string): FrameGroups => {
  const { lineFunction } = profile.locations;
  const interner = new Interner();
  /** Group of a function plus two: 0 is not known yet, 1 {@link NAMELESS}. */
  const known = new Uint32Array(profile.functions.count);
  return layOut(profile, interner, (line) => {
    const index = lineFunction[line] as number;
    const found = known[index] as number;
    if (found !== 0) return found - 2;
    const key = keyOf(index);
    const group = key === '' ? NAMELESS : interner.number(key);
    known[index] = group + 2;
    return group;
  });
};
