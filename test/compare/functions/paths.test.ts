import { describe, expect, test } from 'vitest';
import type { ProfiledTotals } from '../../../harness/compare/functions/costs.ts';
import { buildPaths, callersOf, calleesOf, pathAlongDelta } from '../../../harness/compare/functions/paths.ts';
import { canonicalNames } from '../../../harness/profile/index.ts';
import { type Costs, profileOf } from './fixture.ts';

const paths = (base: Costs, head: Costs) => {
  const side = (costs: Costs) => [{ profile: profileOf(costs), factor: 1 }];
  // Of all totals only these two are asked for.
  const totals = { profile: 'cpu', sources: { base: side(base), head: side(head) } } as unknown as ProfiledTotals;
  return buildPaths(totals, { base: canonicalNames, head: canonicalNames });
};

const BASE: Costs = { 'main.main;main.list;json.Marshal': 90, 'main.main;main.show;json.Marshal': 10 };

describe('the path that is shown of a function', () => {
  test('is the one along which it grew, not the one that costs most', () => {
    const grown = paths(BASE, { ...BASE, 'main.main;main.show;json.Marshal': 25 });
    expect(pathAlongDelta(grown, 'json.Marshal', 1)).toEqual(['main.main', 'main.show', 'json.Marshal']);
  });

  test('is the one along which it shrank, where it did', () => {
    const shrunk = paths(BASE, { ...BASE, 'main.main;main.show;json.Marshal': 2 });
    expect(pathAlongDelta(shrunk, 'json.Marshal', -1)).toEqual(['main.main', 'main.show', 'json.Marshal']);
  });

  test('is one that only head has, where a new caller made it grow', () => {
    const added = paths(BASE, { ...BASE, 'main.main;main.export;json.Marshal': 5 });
    expect(pathAlongDelta(added, 'json.Marshal', 1)).toEqual(['main.main', 'main.export', 'json.Marshal']);
  });

  test('is the costliest where none differs, and none for a function outside all stacks', () => {
    expect(pathAlongDelta(paths(BASE, BASE), 'json.Marshal', 1)).toEqual(['main.main', 'main.list', 'json.Marshal']);
    expect(pathAlongDelta(paths(BASE, BASE), 'main.gone', 1)).toEqual([]);
  });
});

test('callers and callees are those of either side, without the function itself', () => {
  const head = { 'main.main;main.show;json.Marshal;json.Marshal;json.write': 10 };
  const both = paths(BASE, head);
  expect([...callersOf(both, 'json.Marshal')].toSorted()).toEqual(['main.list', 'main.show']);
  expect([...calleesOf(both, 'json.Marshal')]).toEqual(['json.write']);
});
