/**
 * Who makes the garbage collector work more. Its work lies in stacks of its own, below no function of the service, so
 * a change of it is divided among the functions by how their allocated bytes changed: inferred, never measured.
 */
import { sum } from '../../stats/index.ts';
import type { KindTotals } from './costs.ts';
import type { BucketDelta } from './diffuse.ts';
import type { Tested } from './tested.ts';
import { signed } from './sentences.ts';

/** A smaller part of a request's CPU is not worth a sentence. */
const LEAST_RATIO = 0.005;
/** Both the collector's change and a function's bytes are certain from here on (99 %). */
const SURE_Z = 2.576;
/** Overdispersion of sample counts, as measured in real services. */
const ASSUMED_DISPERSION = 1.5;
const MOST_FUNCTIONS = 3;
const LEAST_SHARE = 0.1;

/** Samples behind a cost, by its share of all. */
const samplesOf = (cpu: KindTotals, side: 'base' | 'head', cost: number): number =>
  cpu.total[side] > 0 ? (cost / cpu.total[side]) * cpu.samples[side] : 0;

/** Change of the collector's CPU per request where it is certain; else 0. */
const gcDelta = (cpu: KindTotals, buckets: readonly BucketDelta[]): number => {
  const gc = buckets.find(({ label }) => label === 'garbage collection');
  if (gc === undefined) return 0;
  const events = samplesOf(cpu, 'base', gc.base) + samplesOf(cpu, 'head', gc.head);
  const perEvent = events > 0 ? (gc.base + gc.head) / events : 0;
  const standardError = Math.sqrt(ASSUMED_DISPERSION * events) * perEvent;
  const mean = (cpu.total.base + cpu.total.head) / 2;
  const isWorthIt = Math.abs(gc.delta) >= LEAST_RATIO * mean && Math.abs(gc.delta) > SURE_Z * standardError;
  return isWorthIt ? gc.delta : 0;
};

const isSure = ({ delta, standardError }: Tested): boolean =>
  standardError > 0 ? Math.abs(delta) > SURE_Z * standardError : delta !== 0;

/**
 * One sentence that divides the collector's change over the functions whose allocated bytes changed alike; null when
 * either is not certain. `moved`: functions whose allocations only changed place.
 */
export const describeGcSplit = (
  cpu: KindTotals,
  buckets: readonly BucketDelta[],
  allocated: readonly Tested[],
  moved: ReadonlyMap<string, string>,
): string | null => {
  const delta = gcDelta(cpu, buckets);
  const alike = allocated.filter(
    (each) => isSure(each) && each.delta * delta > 0 && !moved.has(each.totals.name) && each.totals.name !== '',
  );
  const bytes = sum(alike.map((each) => each.delta));
  if (delta === 0 || bytes === 0) return null;
  const parts = alike
    .map((each) => ({ name: each.totals.name, share: each.delta / bytes }))
    .filter(({ share }) => share >= LEAST_SHARE)
    .toSorted((a, b) => b.share - a.share || (a.name < b.name ? -1 : 1))
    .slice(0, MOST_FUNCTIONS)
    .map(({ name, share }) => `${name} ${signed(share * delta, 'ns')}`);
  if (parts.length === 0) return null;
  return `Garbage collection ${signed(delta, 'ns')} per request; inferred from the bytes allocated: ${parts.join(', ')}.`;
};
