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
  readonly exampleLine: Int32Array;
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

/** Groups by a key of the line; `keyOfLine` gets an index into the location table's lines. */
export const groupFrames = (profile: Profile, keyOfLine: (line: number) => string): FrameGroups => {
  const { locations } = profile;
  const interner = new Interner();
  const start = new Uint32Array(locations.count + 1);
  const groups: number[] = [];
  const exampleLine: number[] = [];
  const add = (key: string, line: number): void => {
    const group = interner.number(key);
    if (group === exampleLine.length) exampleLine.push(line);
    groups.push(group);
  };
  for (let location = 0; location < locations.count; location++) {
    start[location] = groups.length;
    const first = locations.lineStart[location] ?? 0;
    const end = locations.lineStart[location + 1] ?? 0;
    if (first === end) add(namelessFrame(profile, location), -1);
    for (let line = first; line < end; line++) add(keyOfLine(line) || namelessFrame(profile, location), line);
  }
  start[locations.count] = groups.length;
  return {
    keys: interner.keys,
    start,
    groups: new Uint32Array(groups),
    exampleLine: new Int32Array(exampleLine),
  };
};

/** Groups by the name `nameOf` gives each function of the table. */
export const groupByFunction = (profile: Profile, names: readonly string[]): FrameGroups =>
  groupFrames(profile, (line) => names[profile.locations.lineFunction[line] ?? 0] ?? '');
