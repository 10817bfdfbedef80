/** The same by exact counts (functions/package-costs.ts). Counts know no callers: a package is what its own functions execute. */
import { type BySide, bothSides, type GroupCost } from '../../model/index.ts';
import { median } from '../../stats/index.ts';
import { isApart, range } from '../counts/spread.ts';
import type { LaunchWork } from '../counts/work.ts';
import { byDelta } from '../functions/package-costs.ts';
import { keyOf, labelOf, type Part, partOf } from '../functions/package-groups.ts';

/** A difference smaller than this many times what launches of one side differ by is no change. */
const SURE_TIMES = 3;
/** Parts below this share of all work on both sides are not listed, unless they changed for certain. */
const LEAST_SHARE = 0.005;
const LEAST_IMPACT = 0.0001;

interface CountedSums {
  readonly part: Part;
  readonly names: Set<string>;
  readonly instructions: BySide<number[]>;
}

/** Collections and scheduling follow the clock more than the requests. */
const isCounted = (group: string): boolean => group !== 'gc' && group !== 'scheduler';

const sumParts = (launches: BySide<readonly LaunchWork[]>, modulePath: string | null): readonly CountedSums[] => {
  const parts = new Map<string, CountedSums>();
  for (const side of ['base', 'head'] as const) {
    launches[side].forEach(({ functions }, launch) => {
      for (const { name, group, instructions } of functions.values()) {
        if (!isCounted(group)) continue;
        const part = partOf(name, modulePath);
        const found = parts.get(keyOf(part)) ?? {
          part,
          names: new Set<string>(),
          instructions: bothSides((each) => Array.from({ length: launches[each].length }, () => 0)),
        };
        parts.set(keyOf(part), found);
        found.names.add(name);
        found.instructions[side][launch] = (found.instructions[side][launch] ?? 0) + instructions;
      }
    });
  }
  return [...parts.values()];
};

export const exactPackages = (
  launches: BySide<readonly LaunchWork[]>,
  modulePath: string | null,
): readonly GroupCost[] => {
  const total = median(launches.base.map(({ work }) => work));
  return sumParts(launches, modulePath)
    .map(({ part, names, instructions }): GroupCost => {
      const { base, head } = bothSides((side) => median(instructions[side]));
      const delta = head - base;
      const noise = Math.max(range(instructions.base), range(instructions.head));
      return {
        profile: 'instructions',
        of: part.of,
        package: labelOf(part, [...names]),
        unit: 'instructions',
        basePerRequest: base,
        headPerRequest: head,
        deltaPerRequest: delta,
        impactRatio: delta / total,
        isCertain:
          isApart(instructions) && Math.abs(delta) > SURE_TIMES * noise && Math.abs(delta) >= LEAST_IMPACT * total,
      };
    })
    .filter((cost) => cost.isCertain || Math.max(cost.basePerRequest, cost.headPerRequest) >= LEAST_SHARE * total)
    .toSorted(byDelta);
};
