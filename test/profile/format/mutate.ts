/** Damaged copies of a profile: what a cut transfer, a bad disk or an attacker would leave. */
import { gunzipSync, gzipSync } from 'node:zlib';

/** A small repeatable random source (mulberry32): 0 … 1. */
export const seededRandom = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

type Mutation = (bytes: Uint8Array, at: number, random: () => number) => Uint8Array;

const MUTATIONS: readonly Mutation[] = [
  (bytes, at) => bytes.subarray(0, at),
  (bytes, at, random) => bytes.with(at, Math.floor(random() * 256)),
  (bytes, at, random) => bytes.with(at, (bytes[at] ?? 0) ^ (1 << Math.floor(random() * 8))),
  (bytes, at, random) =>
    Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.min(bytes.length, at + 1 + Math.floor(random() * 30)))]),
  (bytes, at, random) =>
    Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.floor(random() * at), at), bytes.subarray(at)]),
  (bytes, at) => bytes.with(at, 0xff).with(Math.min(bytes.length - 1, at + 1), 0xff),
  (bytes, at) => bytes.with(at, 0x80),
];

/** One mutation, anywhere. */
export const apply = (bytes: Uint8Array, random: () => number): Uint8Array => {
  const mutation = MUTATIONS[Math.floor(random() * MUTATIONS.length)]!;
  return bytes.length < 2 ? bytes : mutation(bytes, Math.floor(random() * bytes.length), random);
};

/** One to three mutations of the message inside (nine times in ten), or of the gzip around it. */
export const mutate = (packed: Uint8Array, random: () => number): Uint8Array => {
  const inside = random() < 0.9;
  let bytes: Uint8Array = inside ? gunzipSync(packed) : packed;
  const rounds = 1 + Math.floor(random() * 3);
  for (let i = 0; i < rounds; i++) bytes = apply(new Uint8Array(bytes), random);
  return inside && random() < 0.2 ? gzipSync(bytes, { level: 1 }) : bytes;
};
