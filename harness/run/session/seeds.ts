/**
 * Everything random in a run hangs on one seed. `mixSeed` derives independent streams from it by name, so adding a
 * consumer never shifts another's draws.
 */

/** 32-bit avalanche of MurmurHash3's finalizer (Appleby, public domain). */
const avalanche = (value: number): number => {
  let h = value >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
};

/** A seed of 32 bits for the stream that `parts` name. */
export const mixSeed = (seed: number, ...parts: readonly (string | number)[]): number => {
  let h = avalanche(seed);
  for (const part of parts) {
    for (const character of String(part)) h = avalanche(h ^ (character.codePointAt(0) ?? 0));
    h = avalanche(h ^ 0x9e3779b9);
  }
  return h;
};

/** The link seed of the k-th layout: positive, because the Go linker takes 0 as "no shuffling". */
export const linkSeedOf = (runSeed: number, k: number): number => (mixSeed(runSeed, 'link', k) % 0x7fffffff) + 1;

/** A fair coin from the seed. */
export const coin = (seed: number, ...parts: readonly (string | number)[]): boolean =>
  mixSeed(seed, ...parts, 'coin') >= 0x80000000;

/**
 * Which side of the k-th launch (from 1) starts first: random, but of every two launches each side is first once, so that
 * what the order does to a counter cannot look like a change in the few launches of an early look.
 */
export const baseIsFirst = (seed: number, launch: number): boolean =>
  coin(seed, 'first', Math.ceil(launch / 2)) === (launch % 2 === 1);
