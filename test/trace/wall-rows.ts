/** A wall profile in rows that tests can look at. */
import type { WallProfile } from '../../harness/trace/index.ts';

export interface WallRow {
  readonly state: string;
  /** Leaf first. */
  readonly frames: readonly string[];
  readonly ns: number;
}

export const rowsOf = ({ profile }: WallProfile): readonly WallRow[] => {
  const { samples, labels, locations, functions, strings } = profile;
  const nameOf = (location: number): string =>
    strings[functions.name[locations.lineFunction[locations.lineStart[location]!]!]!]!;
  return Array.from({ length: samples.count }, (_, i) => ({
    state: strings[labels.text[i]!]!,
    frames: [...samples.stack.subarray(samples.stackStart[i], samples.stackStart[i + 1])].map(nameOf),
    ns: samples.values[2 * i + 1]!,
  }));
};

/** Nanoseconds of the rows with this function in their stack, in all states or in one. */
export const nsIn = (rows: readonly WallRow[], name: string, state?: string): number =>
  rows
    .filter((row) => row.frames.includes(name) && (state === undefined || row.state === state))
    .reduce((sum, { ns }) => sum + ns, 0);

export const nsOfAll = (rows: readonly WallRow[]): number => rows.reduce((sum, { ns }) => sum + ns, 0);
