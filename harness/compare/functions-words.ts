/** The sentences that go with the rows: a diffuse change by its parts, a dependency that carries it. */
import type { ModuleChange } from '../model/index.ts';
import { packageOf } from '../profile/index.ts';
import { sum } from '../stats/index.ts';
import type { KindTotals } from './functions-costs.ts';
import { runtimeBuckets } from './functions-diffuse.ts';
import { type ProfiledKind, VALUES_OF } from './functions-input.ts';
import type { Tested } from './functions-test.ts';

/** Parts below this share of the whole difference are not worth a word. */
const LEAST_SHARE = 0.1;
const MOST_PARTS = 3;
/** A dependency is named when it carries at least this much of the difference. */
const LEAST_CARRIED = 0.3;

const STEPS: Readonly<Record<string, readonly (readonly [number, string])[]>> = {
  ns: [
    [1e6, 'ms'],
    [1e3, 'µs'],
    [1, 'ns'],
  ],
  B: [
    [1024 * 1024, 'MiB'],
    [1024, 'KiB'],
    [1, 'B'],
  ],
};

/** `+17.7 µs`, `−3 objects`: three digits, the sign always. */
const signed = (delta: number, unit: string): string => {
  const size = Math.abs(delta);
  const [scale, name] = STEPS[unit]?.find(([step]) => size >= step) ?? [1, unit === 'count' ? 'objects' : unit];
  return `${delta < 0 ? '−' : '+'}${Number((size / scale).toPrecision(3))} ${name}`;
};

const totalDelta = ({ total }: KindTotals): number => total.head - total.base;

/** One sentence about a change that no function carries alone; null when the total moved less than would fail. */
export const describeDiffuse = (totals: KindTotals, tested: readonly Tested[], kind: ProfiledKind): string | null => {
  const delta = totalDelta(totals);
  const mean = (totals.total.base + totals.total.head) / 2;
  if (mean === 0 || Math.abs(delta) / mean < kind.practicalRatio) return null;
  const { unit } = VALUES_OF[kind.profile];
  const isPart = (part: number): boolean => part * delta > 0 && Math.abs(part) >= LEAST_SHARE * Math.abs(delta);
  const parts = runtimeBuckets(totals)
    .filter((bucket) => isPart(bucket.delta))
    .map((bucket) => `${bucket.label} ${signed(bucket.delta, unit)}`);
  const functions = tested
    .filter((each) => isPart(each.delta))
    .toSorted((a, b) => Math.abs(b.delta) - Math.abs(a.delta))
    .slice(0, MOST_PARTS)
    .map((each) => `${each.totals.name} ${signed(each.delta, unit)}`);
  const seen = [
    ...(parts.length > 0 ? [`in the runtime: ${parts.join(', ')}`] : []),
    ...(functions.length > 0 ? [`largest without being certain: ${functions.join(', ')}`] : []),
  ];
  const whole = `No single function stands out of ${signed(delta, unit)} per request`;
  return seen.length > 0 ? `${whole}; ${seen.join('; ')}.` : `${whole}.`;
};

const isIn = (module: string, name: string): boolean => {
  const path = packageOf(name);
  return path === module || path.startsWith(`${module}/`);
};

/** One sentence per changed dependency whose own functions carry a good part of the difference. */
export const describeDependencies = (
  totals: KindTotals,
  tested: readonly Tested[],
  changes: readonly ModuleChange[],
): readonly string[] => {
  const delta = totalDelta(totals);
  if (delta === 0) return [];
  return changes.flatMap(({ module, base, head }) => {
    const carried = sum(tested.filter(({ totals: { name } }) => isIn(module, name)).map((each) => each.delta)) / delta;
    if (!(carried >= LEAST_CARRIED)) return [];
    return [`${module} ${base ?? 'new'} → ${head ?? 'removed'} carries ${Math.round(carried * 100)} % of it.`];
  });
};
