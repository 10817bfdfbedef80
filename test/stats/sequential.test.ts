import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  changeInterval,
  changePValue,
  decide,
  equivalenceInterval,
  estimate,
  levelsFor,
  LOOKS,
  oneLookLevels,
  signedRankIndex,
  smallestDetectable,
  studentUpperQuantile,
  TIGHT_LOOKS,
  unitsNeeded,
} from '../../harness/stats/index.ts';

/** The boundary table of docs/method.md: t below 16 launches, the index k of the Walsh average from 16. */
const TABLE: readonly (readonly [number, readonly number[]])[] = [
  [0.0005, [5.41, 4.78, 4.44, 9, 22, 41, 95, 173, 275, 477, 944]],
  [0.0002, [6.31, 5.46, 5.0, 6, 18, 34, 84, 156, 253, 446, 895]],
  [0.00007, [7.48, 6.31, 5.69, 3, 13, 27, 72, 139, 231, 413, 844]],
  [0.01, [3.0, 2.82, 2.72, 24, 44, 70, 141, 239, 363, 601, 1137]],
  [0.008, [3.16, 2.96, 2.84, 23, 42, 67, 137, 233, 355, 590, 1120]],
];

const sample = (n: number) => fc.array(fc.double({ min: -0.2, max: 0.2, noNaN: true }), { minLength: n, maxLength: n });
const anyLook = fc.constantFrom(...LOOKS).chain(sample);
const limits = { practical: 0.01, equivalent: 0.02 };

describe('the boundaries', () => {
  test.each(TABLE)('of one-sided level %d are those of the published table at every look', (level, expected) => {
    const found = TIGHT_LOOKS.map((n) =>
      n < 16 ? Math.round(studentUpperQuantile(level, n - 1) * 100) / 100 : signedRankIndex(n, level),
    );
    expect(found).toEqual(expected);
  });

  test('of the signed-rank guard at 8, 10 and 12 launches are the 1st, 4th and 8th Walsh average', () => {
    expect([8, 10, 12].map((n) => signedRankIndex(n, 0.005))).toEqual([1, 4, 8]);
  });

  test('share one per cent over looks and gates, and never exceed .0005 a look', () => {
    expect(levelsFor(8, 1).change).toBe(0.0005);
    expect(levelsFor(8, 6).change).toBeCloseTo(0.000208, 6);
    expect(levelsFor(8, 18).change).toBeCloseTo(0.0000694, 7);
    expect(levelsFor(11, 6).change).toBeCloseTo(0.000152, 6);
    fc.assert(
      fc.property(fc.constantFrom(8, 11), fc.integer({ min: 1, max: 500 }), (looks, gates) => {
        expect(looks * gates * levelsFor(looks, gates).change).toBeLessThanOrEqual(0.01 + 1e-12);
        expect(gates * oneLookLevels(looks, gates).change).toBeLessThanOrEqual(0.01 + 1e-12);
      }),
    );
  });
});

describe('a look', () => {
  test('at 8 launches raises no alarm while one launch points the other way, however far the others are', () => {
    const values = [-0.001, 0.1, 0.1, 0.101, 0.102, 0.1, 0.099, 0.1];
    expect(changeInterval(estimate(values), 0.0005)[0]).toBeLessThan(0);
  });

  test('with all values equal has an interval of no width, and p = 1 only at 0', () => {
    const same = estimate(Array.from({ length: 8 }, () => 0.03));
    expect(changeInterval(same, 0.0005)).toEqual([0.03, 0.03]);
    expect(changePValue(same)).toBeLessThan(0.01);
    expect(changePValue(estimate(Array.from({ length: 8 }, () => 0)))).toBe(1);
    expect(changePValue(estimate(Array.from({ length: 24 }, () => 0)))).toBe(1);
  });

  test('has a finite interval even where no signed-rank bound of its level exists', () => {
    const values = Array.from({ length: 16 }, (_, index) => 0.02 + index * 1e-4);
    expect(signedRankIndex(16, 1e-6)).toBe(0);
    const [low, high] = changeInterval(estimate(values), 1e-6);
    expect(low).toBeLessThanOrEqual(0.02);
    expect(high).toBeGreaterThanOrEqual(0.0215);
    expect(Number.isFinite(high - low)).toBe(true);
  });

  test('moves with the data: shifting all values shifts estimate and interval', () => {
    fc.assert(
      fc.property(anyLook, fc.double({ min: -1, max: 1, noNaN: true }), (values, shift) => {
        const before = changeInterval(estimate(values), 0.0002);
        const after = changeInterval(estimate(values.map((value) => value + shift)), 0.0002);
        expect(after[0]).toBeCloseTo(before[0] + shift, 9);
        expect(after[1]).toBeCloseTo(before[1] + shift, 9);
      }),
    );
  });

  test('mirrored gives the mirrored estimate, intervals, p-value and decision', () => {
    const opposite = { up: 'down', down: 'up', same: 'same', open: 'open' } as const;
    fc.assert(
      fc.property(anyLook, fc.double({ min: -0.05, max: 0.05, noNaN: true }), (noise, effect) => {
        const at = estimate(noise.map((value) => value / 10 + effect));
        const mirror = estimate(at.values.map((value) => -value));
        const [low, high] = changeInterval(at, 0.0002);
        const [mirrorLow, mirrorHigh] = changeInterval(mirror, 0.0002);
        expect(mirrorLow).toBeCloseTo(-high, 12);
        expect(mirrorHigh).toBeCloseTo(-low, 12);
        expect(changePValue(mirror)).toBeCloseTo(changePValue(at), 12);
        const decided = decide(at.centre, [low, high], equivalenceInterval(at, 0.01), limits);
        const undecided = decide(mirror.centre, [mirrorLow, mirrorHigh], equivalenceInterval(mirror, 0.01), limits);
        expect(undecided).toBe(opposite[decided]);
      }),
    );
  });

  test('has p below twice its level only where its interval is clear of 0, and the other way round', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(16, 20, 24, 32).chain(sample),
        fc.double({ min: -0.1, max: 0.1, noNaN: true }),
        (noise, effect) => {
          const at = estimate(noise.map((value) => value + effect));
          fc.pre(new Set(at.values.map(Math.abs)).size === at.n && !at.values.includes(0));
          const [low, high] = changeInterval(at, 0.0005);
          expect(changePValue(at) <= 2 * 0.0005).toBe(low > 0 || high < 0);
        },
      ),
    );
  });

  test('never calls a change below the practical limit, nor the same beyond the equivalence limit', () => {
    expect(decide(0.009, [0.008, 0.01], [0.0085, 0.0095], limits)).toBe('same');
    expect(decide(0.01, [0.001, 0.02], [0.002, 0.019], limits)).toBe('up');
    expect(decide(0.025, [-0.001, 0.05], [0.01, 0.04], limits)).toBe('open');
    expect(decide(-0.03, [-0.04, -0.02], [-0.04, -0.02], limits)).toBe('down');
  });

  test('never calls an estimate the same that would fail if it were certain', () => {
    expect(decide(0.0113, [-0.004, 0.0268], [0.004, 0.0186], limits)).toBe('open');
    expect(decide(-0.0113, [-0.0268, 0.004], [-0.0186, -0.004], limits)).toBe('open');
    expect(decide(0.4, [-0.1, 0.9], [0, 0.8], { practical: 0.01, equivalent: 1 })).toBe('same');
    expect(unitsNeeded({ n: 8, centre: 0.0113, change: [-0.004, 0.0268], equivalence: [0.004, 0.0186], limits })).toBe(
      15,
    );
  });
});

describe('what it would take', () => {
  test('is four times the units when the interval is twice as wide as the effect', () => {
    expect(unitsNeeded({ n: 10, centre: 0.02, change: [-0.02, 0.06], equivalence: [0, 0.04], limits })).toBe(40);
  });

  test('below the practical limit counts only the way to "unchanged"', () => {
    expect(unitsNeeded({ n: 10, centre: 0, change: [-0.1, 0.1], equivalence: [-0.04, 0.04], limits })).toBe(40);
  });

  test('is always more than there is', () => {
    fc.assert(
      fc.property(anyLook, (values) => {
        const at = estimate(values);
        const needed = unitsNeeded({
          n: at.n,
          centre: at.centre,
          change: changeInterval(at, 0.0002),
          equivalence: equivalenceInterval(at, 0.01),
          limits,
        });
        expect(needed).toBeGreaterThan(at.n);
      }),
    );
  });

  test('the smallest detectable change is never below the practical limit', () => {
    const at = estimate([1e-6, 2e-6, -1e-6, 0, 1e-6, -2e-6, 1e-6, 0]);
    expect(smallestDetectable(at, changeInterval(at, 0.0005), limits)).toBeGreaterThanOrEqual(0.01);
  });
});
