import { expect, test } from 'vitest';
import type { FileDiff, FunctionComparison } from '../../harness/model/index.ts';
import { annotationsOf, MOST_ANNOTATIONS } from '../../harness/publish/index.ts';
import { comparisonOf, row, scenarioOf } from '../builders/comparisons.ts';

const diffOf = (file: string, ...headLines: (readonly [number, number])[]): FileDiff => ({
  file,
  status: 'modified',
  renamedFrom: null,
  headLines,
  baseLines: [],
});
const placesOf = (rows: readonly FunctionComparison[], diff: readonly FileDiff[], module = '') =>
  annotationsOf(comparisonOf([scenarioOf('demo', 'regressed', { functions: rows })]), diff, module).map(
    ({ file, line }) => `${file}:${line}`,
  );

test('a remark stands on the first changed line that is not above its function', () => {
  const diff = [diffOf('handlers.go', [3, 5], [50, 60])];
  expect(placesOf([row('main.encode', { line: 42 })], diff)).toEqual(['handlers.go:50']);
  expect(placesOf([row('main.encode', { line: 55 })], diff)).toEqual(['handlers.go:55']);
});

test('nothing is said of lines that the change does not touch', () => {
  const diff = [diffOf('handlers.go', [3, 5])];
  expect(placesOf([row('main.encode', { line: 42 })], diff)).toEqual([]);
  expect(placesOf([row('main.encode', { file: 'other.go' })], diff)).toEqual([]);
  expect(placesOf([row('main.encode', { changedInDiff: false, line: 4 })], diff)).toEqual([]);
  expect(placesOf([row('main.encode', { kind: 'improved', line: 4 })], diff)).toEqual([]);
});

test('files are named from the repository’s root', () => {
  const diff = [diffOf('handlers.go', [42, 42])];
  expect(placesOf([row('main.encode')], diff, 'services/shop/')).toEqual(['services/shop/handlers.go:42']);
  expect(placesOf([row('main.encode')], diff, '.')).toEqual(['handlers.go:42']);
});

test(`at most ${MOST_ANNOTATIONS}, the largest first, one per line`, () => {
  const rows = Array.from({ length: 9 }, (_, index) =>
    row(`main.f${index}`, { line: 10 * index, impactRatio: index / 100 }),
  );
  const twice = [...rows, row('main.f8', { profile: 'alloc_space', line: 80, impactRatio: 0.5 })];
  expect(placesOf(twice, [diffOf('handlers.go', [0, 100])])).toEqual(
    [80, 70, 60, 50, 40].map((line) => `handlers.go:${line}`),
  );
});

test('a scenario that has not regressed puts nothing into the diff', () => {
  const comparison = comparisonOf([scenarioOf('demo', 'inconclusive', { functions: [row('main.encode')] })]);
  expect(annotationsOf(comparison, [diffOf('handlers.go', [42, 42])], '')).toEqual([]);
});
