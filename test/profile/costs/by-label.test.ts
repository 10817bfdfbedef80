import { expect, test } from 'vitest';
import {
  byLabel,
  decodeProfile,
  encodeProfile,
  flatCum,
  labelCosts,
  labelOfFrame,
  mergeProfiles,
  withOnlyLabel,
} from '../../../harness/profile/index.ts';
import { profileOf } from '../../builders/profiles.ts';

/** Values that a name of a function could be read as. */
const VALUES = ['acme', 'main.run.func1', 'Map[go.shape.int]', 'ä/ö — 日本', '\u0000\n`|`', ''];

const labelled = mergeProfiles(
  VALUES.map((value, at) =>
    withOnlyLabel(
      profileOf([{ frames: ['main.main', 'main.work'], value: at + 1 }]),
      value === '' ? 'other' : 'tenant',
      value,
    ),
  ),
);

test('every value has the cost of its samples, whatever it looks like, and those without the label theirs', () => {
  const { names, flat } = flatCum(byLabel(labelled, 'tenant'), 'cpu');
  const costs = new Map(names.map((name, at) => [labelOfFrame(name), flat[at]]));
  expect(costs).toEqual(new Map(VALUES.map((value, at) => [value, at + 1])));
  expect(costs).toEqual(new Map(labelCosts(labelled, 'tenant', { valueType: 'cpu' })));
});

test('it is a profile that can be written and read', () => {
  const made = byLabel(labelled, 'tenant');
  const read = decodeProfile(encodeProfile(made), 'by label');
  expect(flatCum(read, 'cpu').total).toBe(flatCum(labelled, 'cpu').total);
  expect(flatCum(read, 'cpu').names.toSorted()).toEqual(flatCum(made, 'cpu').names.toSorted());
});
