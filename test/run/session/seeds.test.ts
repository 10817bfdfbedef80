import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { baseIsFirst, coin, linkSeedOf, mixSeed } from '../../../harness/run/session/seeds.ts';

describe('mixSeed', () => {
  it('gives 32-bit whole numbers, the same for the same parts', () => {
    fc.assert(
      fc.property(fc.integer(), fc.string(), (seed, name) => {
        const mixed = mixSeed(seed, name);
        expect(mixed).toBe(mixSeed(seed, name));
        expect(Number.isInteger(mixed) && mixed >= 0 && mixed < 2 ** 32).toBe(true);
      }),
    );
  });

  it('tells parts apart where their joined text is equal', () => {
    expect(mixSeed(1, 'ab', 'c')).not.toBe(mixSeed(1, 'a', 'bc'));
    expect(mixSeed(1, 1, 2)).not.toBe(mixSeed(1, 12));
  });
});

describe('linkSeedOf', () => {
  it('never gives the same layout twice in a run of 100 launches, nor the 0 that switches shuffling off', () => {
    const seeds = Array.from({ length: 100 }, (_, k) => linkSeedOf(42, k + 1));
    expect(new Set(seeds).size).toBe(100);
    expect(seeds.every((seed) => seed > 0 && seed < 2 ** 31)).toBe(true);
  });
});

describe('coin', () => {
  it('is fair: 10,000 tosses stay within five standard deviations of half', () => {
    const heads = Array.from({ length: 10_000 }, (_, toss) => coin(7, 'draw', toss)).filter(Boolean).length;
    expect(Math.abs(heads - 5000)).toBeLessThan(250);
  });
});

it('of every two launches each side starts first once, in an order that the seed decides', () => {
  const orders = Array.from({ length: 40 }, (_, seed) => [1, 2, 3, 4].map((launch) => baseIsFirst(seed, launch)));
  for (const [a, b, c, d] of orders) expect([a !== b, c !== d]).toEqual([true, true]);
  expect(new Set(orders.map(String)).size).toBe(4);
});
