import { expect, test } from 'vitest';
import { isNamedForSure } from '../../../harness/compare/functions/sure-name.ts';
import type { Tested } from '../../../harness/compare/functions/tested.ts';

type Named = Parameters<typeof isNamedForSure>[0];

/** One function with its own part of a change from 100 to 105, in the middle of 90 % intervals `± error`. */
const namedWith = ({ delta = 5, error = 1, qValue = 1e-5 as number | null, as = 'own' as 'own' | 'callees' }): Named =>
  ({
    blame: { name: 'main.encode', for: as },
    tested: [
      { totals: { name: 'main.decode' }, delta: 0.1, standardError: 1, qValue: 0.9 },
      { totals: { name: 'main.encode' }, delta, standardError: error / 1.645, qValue },
    ] as Tested[],
    totals: { total: { base: 100, head: 105 } },
  }) as Named;

test('A name is sure when it is certain, and half of the whole change is surely its own.', () => {
  expect(isNamedForSure(namedWith({}))).toBe(true);
  expect(isNamedForSure(namedWith({ delta: 3, error: 0.4 }))).toBe(true);
  expect(isNamedForSure(namedWith({ delta: 3, error: 0.6 }))).toBe(false);
  expect(isNamedForSure(namedWith({ qValue: 0.004 }))).toBe(false);
  expect(isNamedForSure(namedWith({ qValue: null }))).toBe(false);
});

test('Nobody is sure where nobody is named, or only for what callees spend.', () => {
  expect(isNamedForSure({ ...namedWith({}), blame: null })).toBe(false);
  expect(isNamedForSure(namedWith({ as: 'callees' }))).toBe(false);
});
