/**
 * Flat and cum as `go tool pprof` adds them up: int64 that wraps around. Numbers hold such sums exactly up to 2^53; beyond,
 * every value is taken in three parts of at most 24 bits, whose sums are exact whatever a file may hold, and the sums are
 * put together again.
 */
import { samplesLabelled } from './filter.ts';
import type { FrameGroups } from './frame-groups.ts';
import type { Profile } from '../columns/profile.ts';
import { type FlatCumSums, sumFlatCum, sumOf } from './sum-stacks.ts';
import { valueColumn, valueIndex } from '../columns/value-types.ts';

/** One value of the table as the file has it. */
export const exactValue = ({ values, wide }: Profile['samples'], at: number): bigint =>
  wide?.get(at) ?? BigInt(values[at] ?? 0);

const PART_BITS = 24n;
const PARTS = 3;

/** The values of a column in parts, the lowest first; only the highest part may be negative. */
const partsOf = (profile: Profile, valueType: string | undefined): readonly Float64Array[] => {
  const { samples, sampleTypes } = profile;
  const index = valueIndex(profile, valueType);
  const parts = Array.from({ length: PARTS }, () => new Float64Array(samples.count));
  for (let i = 0; i < samples.count; i++) {
    let rest = exactValue(samples, i * sampleTypes.length + index);
    for (const [place, part] of parts.entries()) {
      const isLast = place === PARTS - 1;
      part[i] = Number(isLast ? rest : BigInt.asUintN(Number(PART_BITS), rest));
      rest >>= PART_BITS;
    }
  }
  return parts;
};

/** The number nearest to the int64 that the parts add up to. */
const joined = (parts: readonly number[]): number =>
  Number(
    BigInt.asIntN(
      64,
      parts.reduceRight((sum, part) => (sum << PART_BITS) + BigInt(part), 0n),
    ),
  );

const joinedColumns = (columns: readonly Float64Array[]): Float64Array =>
  Float64Array.from(columns[0] ?? [], (_, row) => joined(columns.map((column) => column[row] ?? 0)));

/** Whether numbers add these up exactly, in any order. */
const isExact = (values: Float64Array): boolean => {
  let most = 0;
  for (const value of values) most += Math.abs(value);
  return most <= Number.MAX_SAFE_INTEGER;
};

export interface ExactSums extends FlatCumSums {
  /** Sum of all samples. */
  readonly total: number;
}

/** Flat and cum of every group, in the type given or the one pprof shows first. */
export const exactFlatCum = (profile: Profile, groups: FrameGroups, valueType?: string): ExactSums => {
  const values = valueColumn(profile, valueType);
  if (isExact(values)) return { total: sumOf(values), ...sumFlatCum(profile, groups, values) };
  const parts = partsOf(profile, valueType);
  const sums = parts.map((part) => sumFlatCum(profile, groups, part));
  return {
    total: joined(parts.map(sumOf)),
    flat: joinedColumns(sums.map(({ flat }) => flat)),
    cum: joinedColumns(sums.map(({ cum }) => cum)),
  };
};

/** The label that `go tool pprof -diff_base` puts on the samples of the base, and {@link diffProfile} with it. */
export const DIFF_BASE = { key: 'pprof::base', text: 'true' } as const;

/**
 * What `go tool pprof` takes shares of: all values without their signs, in a difference those of the base alone
 * (google/pprof, report.computeTotal).
 */
export const pprofTotal = (profile: Profile, valueType?: string): number => {
  const { samples, sampleTypes } = profile;
  const index = valueIndex(profile, valueType);
  const isBase = samplesLabelled(profile, DIFF_BASE.key, DIFF_BASE.text);
  let [all, base] = [0n, 0n];
  for (let i = 0; i < samples.count; i++) {
    const value = exactValue(samples, i * sampleTypes.length + index);
    const size = value < 0n ? -value : value;
    all += size;
    if (isBase[i] === 1) base += size;
  }
  const total = BigInt.asIntN(64, base);
  return Number(total > 0n ? total : BigInt.asIntN(64, all));
};
