/** Functions compared by profiles that two sessions left, hours or days apart. */
import { describe, expect, test } from 'vitest';
import { compareStoredProfiles } from '../../../harness/compare/index.ts';
import { dropUnsupportedNames } from '../../../harness/compare/functions/explained.ts';
import type {
  FunctionGate,
  FunctionKind,
  MetricComparison,
  MetricId,
  StoredLaunches,
} from '../../../harness/model/index.ts';
import { buildOf } from '../../builders/builds.ts';
import { sessionOf } from '../../builders/stored-launches.ts';

/** Thirty functions of 1 to 12 % of the CPU each, below one handler. */
const COSTS = Object.fromEntries(
  Array.from({ length: 30 }, (_, at) => [`main.handle;main.f${at}`, at === 0 ? 12 : 1 + (at % 5)]),
);
const dearer = (ratio: number, name = 'main.handle;main.f0') => ({ ...COSTS, [name]: (COSTS[name] ?? 0) * ratio });

const compared = (before: StoredLaunches, after: StoredLaunches, functionGates?: readonly FunctionGate[]) => {
  const build = buildOf('go1.26.8');
  const modulePath = 'example.com/app';
  return compareStoredProfiles({ before, after, modulePath, builds: { base: build, head: build }, functionGates });
};
const NAMING: readonly FunctionKind[] = ['regressed', 'improved', 'new', 'gone', 'moved'];
const namedIn = (found: ReturnType<typeof compared>, moved: readonly MetricId[] = []): readonly string[] =>
  dropUnsupportedNames(
    found,
    moved.map((metric) => ({ metric, verdict: 'regressed' }) as MetricComparison),
  )
    .functions.filter(({ kind }) => NAMING.includes(kind))
    .map((row) => row.function);

describe('CPU of two sessions', () => {
  test('names the function that costs 40 % more, whatever the hour makes of all of them', () => {
    for (const hour of [0.7, 1, 1.4]) {
      const found = compared(sessionOf({ costs: COSTS, seed: 1 }), sessionOf({ costs: dearer(1.4), seed: 2, hour }));
      expect(found.attribution?.culprit).toBe('main.f0');
      expect(namedIn(found)).toEqual(['main.f0']);
      const row = found.functions.find((each) => each.function === 'main.f0');
      expect((row?.headPerRequest ?? 0) / (row?.basePerRequest ?? 1)).toBeCloseTo(1.4, 0);
    }
  });

  test('names nobody where everything costs 30 % more, which beside one another nobody shows', () => {
    const found = compared(sessionOf({ costs: COSTS, seed: 3 }), sessionOf({ costs: COSTS, seed: 4, hour: 1.3 }));
    expect(namedIn(found)).toEqual([]);
    expect(found.attribution?.warnings[0]).toContain('cannot be seen');
  });

  test('of sixty pairs of equal code whose functions differ by 3 % between sessions, at most one names somebody', () => {
    const pairs = Array.from({ length: 60 }, (_, at) =>
      namedIn(
        compared(
          sessionOf({ costs: COSTS, seed: 1000 + at, sessionSd: 0.03 }),
          sessionOf({ costs: COSTS, seed: 2000 + at, sessionSd: 0.03, hour: 1.1 }),
        ),
      ),
    );
    // 0.5 % each: two of sixty come in 1 of 28 such tests; floors and the trend make it fewer.
    expect(pairs.filter((names) => names.length > 0).length).toBeLessThanOrEqual(1);
  });

  test('with more launches on one side are compared all the same', () => {
    const found = compared(
      sessionOf({ costs: COSTS, seed: 5, launches: 16 }),
      sessionOf({ costs: dearer(1.5), seed: 6, launches: 5 }),
    );
    expect(found.attribution?.culprit).toBe('main.f0');
  });

  test('a baseline whose sessions differ much needs more to name somebody', () => {
    const steady = sessionOf({ costs: COSTS, seed: 7 });
    const wild = [8, 9, 10, 11].reduce<StoredLaunches>(
      (known, seed) => sessionOf({ costs: COSTS, seed, sessionSd: 0.3 }, known),
      sessionOf({ costs: COSTS, seed: 12, sessionSd: 0.3 }),
    );
    const head = sessionOf({ costs: dearer(1.4), seed: 13 });
    expect(namedIn(compared(steady, head))).toEqual(['main.f0']);
    expect(namedIn(compared(wild, head))).toEqual([]);
  });
});

describe('limits of functions', () => {
  const gate = { pattern: 'main.f0', profile: 'cpu', failRatio: 0.2 } as const;

  test('fail by stored profiles, and hold where nothing changed', () => {
    const before = sessionOf({ costs: COSTS, seed: 20 });
    expect(compared(before, sessionOf({ costs: dearer(1.5), seed: 21 }), [gate]).functionGates).toMatchObject([
      { verdict: 'regressed' },
    ]);
    const same = compared(before, sessionOf({ costs: COSTS, seed: 22 }), [gate]).functionGates;
    expect(same?.[0]?.verdict).not.toBe('regressed');
  });
});

test('allocations are compared as they are, and named where their exact counter has moved, which tells it across days', () => {
  const before = sessionOf({ costs: COSTS, seed: 30, kind: 'alloc_space' });
  const after = sessionOf({
    costs: Object.fromEntries(Object.entries(COSTS).map(([path, cost]) => [path, 1.5 * cost])),
    seed: 31,
    kind: 'alloc_space',
  });
  const found = compared(before, after);
  expect(namedIn(found, ['allocBytesPerRequest'])).toContain('main.f0');
  expect(namedIn(found, ['allocBytesPerRequest']).length).toBeGreaterThan(20);
  expect(namedIn(found)).toEqual([]);
  expect(dropUnsupportedNames(found, []).attribution?.culprit).toBeNull();
});
