import { type ExactSums, exactFlatCum } from './exact-sums.ts';
import { groupByFunction } from './frame-groups.ts';
import { pprofNameOf } from '../columns/names.ts';
import type { Profile } from '../columns/profile.ts';
import { valueIndex } from '../columns/value-types.ts';

/** Flat and cum of every function of a profile, in columns. */
export interface FlatCum extends ExactSums {
  readonly type: string;
  readonly unit: string;
  readonly names: readonly string[];
}

/**
 * What `go tool pprof -top` shows with all nodes, by its names and from all samples of the file; who pays for whom is not
 * asked. Without a type the one pprof shows first.
 */
export const flatCum = (profile: Profile, valueType?: string): FlatCum => {
  const groups = groupByFunction(profile, pprofNameOf(profile));
  const { type, unit } = profile.sampleTypes[valueIndex(profile, valueType)] ?? { type: '', unit: '' };
  return {
    type,
    unit,
    names: groups.keys,
    ...exactFlatCum(profile, groups, valueType),
  };
};
