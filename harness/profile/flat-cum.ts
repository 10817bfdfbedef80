import { groupByFunction } from './frame-groups.ts';
import { pprofNameOf } from './names.ts';
import type { Profile } from './profile.ts';
import { type FlatCumSums, sumFlatCum, sumOf } from './sum-stacks.ts';
import { valueColumn, valueIndex } from './value-types.ts';

/** Flat and cum of every function of a profile, in columns. */
export interface FlatCum extends FlatCumSums {
  readonly type: string;
  readonly unit: string;
  /** Sum of all samples. */
  readonly total: number;
  readonly names: readonly string[];
}

/**
 * What `go tool pprof -top` shows with all nodes, by its names and from all samples of the file; who pays for whom is not
 * asked. Without a type the one pprof shows first.
 */
export const flatCum = (profile: Profile, valueType?: string): FlatCum => {
  const values = valueColumn(profile, valueType);
  const groups = groupByFunction(profile, pprofNameOf(profile));
  const { type, unit } = profile.sampleTypes[valueIndex(profile, valueType)] ?? { type: '', unit: '' };
  return {
    type,
    unit,
    total: sumOf(values),
    names: groups.keys,
    ...sumFlatCum(profile, groups, values),
  };
};
