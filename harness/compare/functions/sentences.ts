/** The sentences that go with the rows: a diffuse change by its parts, a dependency that carries it. */
import { profileKind } from '../../metrics/index.ts';
import type { MetricUnit, ModuleChange } from '../../model/index.ts';
import {
  canonicalNames,
  functionSums,
  isIn,
  isStandard,
  isTruncated,
  packageOf,
  RUNTIME_CHARGED,
  valueColumn,
} from '../../profile/index.ts';
import { formatPercent, formatSignedQuantity } from '../../units/index.ts';
import type { KindTotals, ProfiledTotals } from './costs.ts';
import type { BucketDelta } from './diffuse.ts';
import type { Tested } from './tested.ts';

/** Parts below this share of the whole difference are not worth a word. */
const LEAST_SHARE = 0.1;
const MOST_PARTS = 3;
/** A dependency is named when it carries at least this much of the difference. */
const LEAST_CARRIED = 0.3;

/** `+17.7 µs`, `-3 objects`: the sign always. */
export const signed = (delta: number, unit: MetricUnit): string =>
  `${formatSignedQuantity(delta, unit)}${unit === 'count' ? ' objects' : ''}`;

/** Fewer cut stacks than this change no row that anybody would read. */
const MOST_CUT = 0.05;

const cutOn = ({ sources, profile: kind }: ProfiledTotals, side: 'base' | 'head'): number => {
  let all = 0;
  let cut = 0;
  for (const { profile, factor } of sources[side]) {
    const marks = isTruncated(profile);
    valueColumn(profile, profileKind(kind).valueType).forEach((value, sample) => {
      all += value * factor;
      cut += (marks[sample] ?? 0) * value * factor;
    });
  }
  return all > 0 ? cut / all : 0;
};

/** One sentence where many stacks are deeper than the profiler keeps, so that their callers are unknown; else null. */
export const describeCutStacks = (totals: ProfiledTotals): string | null => {
  const share = Math.max(cutOn(totals, 'base'), cutOn(totals, 'head'));
  if (share < MOST_CUT) return null;
  return `${formatPercent(share)} lies in stacks deeper than the profiler keeps: what called them is not known, and costs with callees miss it above the cut.`;
};

const totalDelta = ({ total }: KindTotals): number => total.head - total.base;

/** Less is the service's own restlessness: counted allocations repeat to a part in a thousand. */
const SAME_ALLOCATIONS = 0.001;

/** `it allocates +12 objects and +1.2 KiB more`: what the counters say of both, where they were read. */
const allocationsText = (allocated: readonly KindTotals[]): readonly string[] => {
  if (allocated.length === 0) return [];
  const parts = allocated
    .filter((kind) => Math.abs(totalDelta(kind)) > SAME_ALLOCATIONS * Math.max(kind.total.base, kind.total.head))
    .map((kind) => signed(totalDelta(kind), profileKind(kind.profile).unit));
  return [parts.length === 0 ? 'a request allocates as much as before' : `allocated per request: ${parts.join(', ')}`];
};

/**
 * One sentence about a change that no function carries alone; null when the total moved less than would fail.
 * `allocated`: the kinds that count allocations, for the difference behind garbage collection and allocating.
 */
export const describeDiffuse = (
  totals: KindTotals,
  tested: readonly Tested[],
  buckets: readonly BucketDelta[],
  practicalRatio: number,
  allocated: readonly KindTotals[],
): string | null => {
  const delta = totalDelta(totals);
  const mean = (totals.total.base + totals.total.head) / 2;
  if (mean === 0 || Math.abs(delta) / mean < practicalRatio) return null;
  const { unit } = profileKind(totals.profile);
  const isPart = (part: number): boolean => part * delta > 0 && Math.abs(part) >= LEAST_SHARE * Math.abs(delta);
  const parts = buckets
    .filter((bucket) => isPart(bucket.delta))
    .map((bucket) => `${bucket.label} ${signed(bucket.delta, unit)}`);
  const functions = tested
    .filter((each) => isPart(each.delta))
    .toSorted((a, b) => Math.abs(b.delta) - Math.abs(a.delta))
    .slice(0, MOST_PARTS)
    .map((each) => `${each.totals.name} ${signed(each.delta, unit)}`);
  const seen = [
    ...(parts.length > 0 ? [`in the runtime: ${parts.join(', ')}`] : []),
    ...(totals.profile === 'cpu' ? allocationsText(allocated) : []),
    ...(functions.length > 0 ? [`largest without being certain: ${functions.join(', ')}`] : []),
  ];
  const whole = `No single function stands out of ${signed(delta, unit)} per request`;
  return seen.length > 0 ? `${whole}; ${seen.join('; ')}.` : `${whole}.`;
};

/** Any name of the runtime: what it stands for is charged to the first caller that is no runtime. */
const CHARGED = 'runtime.standard';

/** Which changed module a function belongs to; Go's own library is paid for by its caller, as the runtime is. */
const payerOf = (name: string, modules: readonly string[], modulePath: string | null): string => {
  const path = packageOf(name);
  const module = modules.find((each) => isIn(each, path));
  if (module !== undefined) return module;
  return isStandard(path, modulePath) ? CHARGED : '-';
};

const costsByModule = (
  { sources, profile: kind }: ProfiledTotals,
  side: 'base' | 'head',
  modules: readonly string[],
  modulePath: string | null,
): ReadonlyMap<string, number> => {
  const costs = new Map<string, number>();
  for (const { profile, factor } of sources[side]) {
    const names = canonicalNames(profile).map((name) => payerOf(name, modules, modulePath));
    const sums = functionSums(profile, names);
    const own = sums.own(valueColumn(profile, profileKind(kind).valueType), RUNTIME_CHARGED);
    sums.names.forEach((name, i) => costs.set(name, (costs.get(name) ?? 0) + (own[i] ?? 0) * factor));
  }
  return costs;
};

/** One sentence per changed dependency whose code, with what it calls of Go's library, carries a part of the difference. */
export const describeDependencies = (
  totals: ProfiledTotals,
  changes: readonly ModuleChange[],
  modulePath: string | null,
): readonly string[] => {
  const delta = totalDelta(totals);
  if (delta === 0 || changes.length === 0) return [];
  const modules = changes.map(({ module }) => module).toSorted((a, b) => b.length - a.length);
  const [before, after] = (['base', 'head'] as const).map((side) => costsByModule(totals, side, modules, modulePath));
  return changes.flatMap(({ module, base, head }) => {
    const carried = ((after?.get(module) ?? 0) - (before?.get(module) ?? 0)) / delta;
    if (!(carried >= LEAST_CARRIED)) return [];
    return [`${module} ${base ?? 'new'} → ${head ?? 'removed'} carries ${formatPercent(carried)} of it.`];
  });
};
