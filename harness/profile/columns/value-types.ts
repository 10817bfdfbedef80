import type { Profile, ValueType } from './profile.ts';
import { ProfileError, TYPE_HINT } from './profile-error.ts';

/** What the profile's samples measure, in the file's order. */
export const valueTypes = (profile: Profile): readonly ValueType[] => profile.sampleTypes;

/**
 * The column of `type`; without one the column `go tool pprof` shows first: the profile's default type, else the last.
 * `space` and `objects` answer to `inuse_space` and `inuse_objects` too, as old heap profiles name them.
 * Throws {@link ProfileError} naming the types there are.
 */
export const valueIndex = (profile: Profile, type?: string): number => {
  const names = profile.sampleTypes.map((each) => each.type);
  if (type === undefined) {
    const preferred = names.indexOf(profile.defaultSampleType);
    return preferred >= 0 ? preferred : names.length - 1;
  }
  const exact = names.indexOf(type);
  const found = exact >= 0 ? exact : names.indexOf(type.replace(/^inuse_/, ''));
  if (found >= 0) return found;
  throw new ProfileError(`${profile.name} has no sample type ${type}, only ${names.join(', ')}`, TYPE_HINT);
};

/** The column of values as one array, a copy. */
export const valueColumn = (profile: Profile, type?: string): Float64Array => {
  const index = valueIndex(profile, type);
  const width = profile.sampleTypes.length;
  const column = new Float64Array(profile.samples.count);
  for (let i = 0; i < column.length; i++) column[i] = profile.samples.values[i * width + index] ?? 0;
  return column;
};
