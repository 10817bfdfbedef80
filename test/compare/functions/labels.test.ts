import { expect, test } from 'vitest';
import { compareLabel } from '../../../harness/compare/index.ts';
import type { LabelComparison } from '../../../harness/model/index.ts';
import { mergeProfiles, type Profile, withOnlyLabel } from '../../../harness/profile/index.ts';
import { randomFrom } from '../../../harness/stats/index.ts';
import { profileOf } from '../../builders/profiles.ts';
import { poisson } from './fixture.ts';

const TENANTS = { alpha: 400, beta: 250, gamma: 150, delta: 100 };

/** One launch of CPU samples, all in one function; `times` more of them for tenant delta. */
const launchOf = (random: () => number, times: number): Profile => {
  const parts = Object.entries({ ...TENANTS, '': 100 }).map(([tenant, samples]) => {
    const value = poisson(random, samples * (tenant === 'delta' ? times : 1));
    const made = profileOf([{ frames: ['main.main', 'main.compute'], value }]);
    const sampled: Profile = {
      ...made,
      sampleTypes: [
        { type: 'samples', unit: 'count' },
        { type: 'cpu', unit: 'nanoseconds' },
      ],
      samples: { ...made.samples, values: Float64Array.from([value, value * 1e7]) },
    };
    return withOnlyLabel(sampled, tenant === '' ? 'other' : 'tenant', tenant);
  });
  return mergeProfiles(parts);
};

const compared = (times: number, label = 'tenant', seed = 1): readonly LabelComparison[] => {
  const random = randomFrom(seed);
  const side = (more: number) => ({
    profile: launchOf(random, more),
    requests: 1000,
    exactTotalPerRequest: 200_000 * (1 + 0.1 * (more - 1)),
  });
  const launches = Array.from({ length: 6 }, () => ({ base: side(1), head: side(times) }));
  return compareLabel({ profile: 'cpu', practicalRatio: 0.01, launches }, label);
};

test('one tenant that costs more is told from the others, with what it takes of a request', () => {
  const rows = compared(1.5);
  expect(rows.map(({ value }) => value)).toEqual(['alpha', 'beta', 'gamma', 'delta', '']);
  expect(rows.filter(({ verdict }) => verdict !== 'notJudged')).toMatchObject([
    { value: 'delta', verdict: 'regressed' },
  ]);
  const delta = rows.find(({ value }) => value === 'delta')!;
  expect(delta.effectRatio).toBeGreaterThan(0.35);
  expect(delta.ciRatio![0]).toBeLessThan(0.5);
  expect(delta.ciRatio![1]).toBeGreaterThan(0.5);
  const total = rows.reduce((sum, row) => sum + row.basePerRequest, 0);
  expect(total).toBeCloseTo(200_000, 3);
});

test('where nobody costs more nobody is told, and a label that no sample has has no rows', () => {
  const told = Array.from({ length: 20 }, (_, seed) => compared(1, 'tenant', seed + 1)).flatMap((rows) =>
    rows.filter(({ verdict }) => verdict !== 'notJudged'),
  );
  expect(told).toEqual([]);
  expect(compared(1.5, 'endpoint')).toEqual([]);
});
