/** What each function executed, launch by launch of both sides. */
import { bothSides, type BySide } from '../../model/index.ts';
import { isRuntime } from '../../profile/index.ts';
import { median } from '../../stats/index.ts';
import { range } from './spread.ts';
import type { FunctionWork, LaunchWork } from './work.ts';

/** All allocator functions together: more allocations spread over a dozen of them. */
export const ALLOCATOR = 'allocator';

export interface Values {
  readonly instructions: BySide<readonly number[]>;
  readonly calls: BySide<number | null>;
  readonly example: BySide<FunctionWork | undefined>;
}

/** Collection and scheduling are not the functions' doing; allocation is listed as one. */
const listedName = ({ name, group }: FunctionWork): string | null => {
  if (group === 'gc' || group === 'scheduler') return null;
  return group === 'allocator' && isRuntime(name) ? ALLOCATOR : name;
};

const medianOrNull = (values: readonly (number | null)[]): number | null => {
  const known = values.flatMap((value) => value ?? []);
  return known.length === 0 ? null : median(known);
};

/** Per listed name: instructions of every launch, calls, and an example to tell file and lines by. */
export const collect = (launches: BySide<readonly LaunchWork[]>): ReadonlyMap<string, Values> => {
  const names = new Set<string>();
  const tables = bothSides((side) =>
    launches[side].map(({ functions }) => {
      const sums = new Map<string, { instructions: number; calls: number | null; example: FunctionWork }>();
      for (const work of functions.values()) {
        const name = listedName(work);
        if (name === null) continue;
        names.add(name);
        const known = sums.get(name);
        const calls = name === ALLOCATOR ? null : work.calls;
        sums.set(name, { instructions: (known?.instructions ?? 0) + work.instructions, calls, example: work });
      }
      return sums;
    }),
  );
  return new Map(
    [...names].map((name) => [
      name,
      {
        instructions: bothSides((side) => tables[side].map((sums) => sums.get(name)?.instructions ?? 0)),
        calls: bothSides((side) => medianOrNull(tables[side].map((sums) => sums.get(name)?.calls ?? null))),
        example: bothSides((side) => tables[side].map((sums) => sums.get(name)).find((each) => each)?.example),
      },
    ]),
  );
};

export const noiseOf = ({ instructions: { base, head } }: Values): number => Math.max(range(base), range(head));

/** The function that differs most between launches of one side: the first suspect when counts do not repeat. */
export const noisiestFunction = (launches: BySide<readonly LaunchWork[]>): string | null => {
  const noisy = [...collect(launches)].toSorted(([, a], [, b]) => noiseOf(b) - noiseOf(a));
  return noisy[0]?.[0] ?? null;
};
