/**
 * Two versions of Go: their own functions have other names and are cut otherwise, so what they cost is summed by package
 * instead. Of samples, which know their callers, a package is what calls into it cost; `slices.Grow` within
 * `encoding/json` is `encoding/json`'s.
 */
import { profileKind } from '../../metrics/index.ts';
import { bothSides, type BySide, type GroupCost } from '../../model/index.ts';
import {
  canonicalNames,
  type FrameRole,
  functionSums,
  liveCounts,
  sampleCounts,
  valueColumn,
} from '../../profile/index.ts';
import type { FunctionTotals, KindTotals, ProfiledTotals, SideCost } from './costs.ts';
import { testFunctions } from './tested.ts';
import { keyOf, labelOf, type Part, partOf } from './package-groups.ts';

/** A part changed where it costs this much more or less itself. */
const LEAST_OWN_RATIO = 0.02;

interface Sums {
  readonly part: Part;
  readonly names: Set<string>;
  readonly own: BySide<{ total: number }>;
  readonly counts: BySide<number[]>;
}

const roleOf =
  (modulePath: string | null) =>
  (name: string): FrameRole => {
    const { of } = partOf(name, modulePath);
    if (of === 'runtime') return 'through';
    return of === 'go' ? 'library' : 'payer';
  };

const emptySums = (part: Part, launches: BySide<number>): Sums => ({
  part,
  names: new Set(),
  own: bothSides(() => ({ total: 0 })),
  counts: bothSides((side) => Array.from({ length: launches[side] }, () => 0)),
});

const sumParts = (kind: ProfiledTotals, modulePath: string | null): readonly Sums[] => {
  const parts = new Map<string, Sums>();
  const launches = bothSides((side) => kind.sources[side].length);
  for (const side of ['base', 'head'] as const) {
    kind.sources[side].forEach(({ profile, factor }, launch) => {
      const sums = functionSums(profile, canonicalNames(profile));
      const role = roleOf(modulePath);
      const costs = sums.entries(valueColumn(profile, profileKind(kind.profile).valueType), role);
      const events = sums.entries(
        (profileKind(kind.profile).events === 'held' ? liveCounts : sampleCounts)(profile),
        role,
      );
      sums.names.forEach((name, i) => {
        if (costs[i] === 0 && events[i] === 0) return;
        const part = partOf(name, modulePath);
        const found = parts.get(keyOf(part)) ?? emptySums(part, launches);
        parts.set(keyOf(part), found);
        found.names.add(name);
        found.own[side].total += (costs[i] ?? 0) * factor;
        found.counts[side][launch] = (found.counts[side][launch] ?? 0) + (events[i] ?? 0);
      });
    });
  }
  return [...parts.values()];
};

const NO_REASONS: ReadonlyMap<string, number> = new Map();

/** A part as if it were one function, for the test that functions pass. */
const asFunction = ({ part, own, counts }: Sums): FunctionTotals => {
  const sideOf = (side: 'base' | 'head'): SideCost => ({
    own: own[side].total,
    withLibraries: 0,
    cum: own[side].total,
    ownCounts: counts[side],
    cumCounts: counts[side],
    ownReasons: NO_REASONS,
    cumReasons: NO_REASONS,
  });
  return { name: keyOf(part), file: '', line: 0, sides: bothSides(sideOf), lines: { base: null, head: null } };
};

export const byDelta = (left: GroupCost, right: GroupCost): number =>
  Math.abs(right.deltaPerRequest) - Math.abs(left.deltaPerRequest);

/** Parts below this share of all on both sides are not listed, unless they changed for certain. */
const LEAST_SHARE = 0.005;

const isListed = ({ total }: KindTotals, cost: GroupCost): boolean =>
  cost.isCertain || Math.max(cost.basePerRequest, cost.headPerRequest) >= LEAST_SHARE * total.base;

/** The parts of the program with what they cost, the largest difference first. */
export const packageCostsOf = (
  kind: ProfiledTotals,
  modulePath: string | null,
  practicalRatio: number,
): readonly GroupCost[] => {
  const sums = sumParts(kind, modulePath);
  const floors = { practicalRatio, leastOwnRatio: LEAST_OWN_RATIO };
  const tested = testFunctions({ ...kind, functions: sums.map(asFunction) }, floors, new Set());
  return sums
    .map(({ part, names }, i): GroupCost => {
      const found = tested[i];
      const { base, head } = bothSides((side) => found?.totals.sides[side].own ?? 0);
      return {
        profile: kind.profile,
        of: part.of,
        package: labelOf(part, [...names]),
        unit: profileKind(kind.profile).unit,
        basePerRequest: base,
        headPerRequest: head,
        deltaPerRequest: head - base,
        impactRatio: kind.total.base > 0 ? (head - base) / kind.total.base : 0,
        isCertain: found?.isNamed ?? false,
      };
    })
    .filter((cost) => isListed(kind, cost))
    .toSorted(byDelta);
};
