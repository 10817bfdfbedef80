/**
 * 100,000 damaged profiles: each decodes or is refused as broken, quickly, and within a few times the memory of what it
 * unpacks to. Usage: node --expose-gc test/prove/profile-fuzz.ts [COUNT] [SEED]. Ends 1 at the first failure, with the
 * seed and round that repeat it.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import {
  callTree,
  decodeProfile,
  encodeProfile,
  functionCosts,
  mergeProfiles,
  type Profile,
  ProfileError,
} from '../../harness/profile/index.ts';
import { mutate, seededRandom } from '../profile/format/mutate.ts';
import { GO_VERSIONS } from '../profile/fixtures.ts';

const [count = 100_000, seed = 20_261_123] = process.argv.slice(2).map(Number);
/** A hang, for files of a few kilobytes: CPU time, for on a busy machine the clock tells who else was running. */
const MOST_CPU_MS = 2000;
/** Issue 7: no more than 4 times the decoded size; small files get a megabyte for objects of fixed size. */
const MOST_MEMORY_RATIO = 4;
const FIXED_BYTES = 1024 * 1024;

const folder = new URL('../fixtures/profiles/', import.meta.url);
const originals = GO_VERSIONS.flatMap((version) =>
  readdirSync(new URL(`${version}/`, folder))
    .filter((file) => file.endsWith('.pb.gz'))
    .map((file) => readFileSync(new URL(`${version}/${file}`, folder))),
);

/** Bytes of all columns of a profile. */
const sizeOf = (profile: Profile): number => {
  const tables = [profile.functions, profile.locations, profile.samples, profile.labels] as const;
  const columns = tables.flatMap((table) => Object.values(table) as readonly unknown[]);
  return columns.reduce<number>((sum, column) => sum + (ArrayBuffer.isView(column) ? column.byteLength : 0), 0);
};

const unpackedSize = (bytes: Uint8Array): number => (bytes[0] === 0x1f ? gunzipSync(bytes).length : bytes.length);

const use = (profile: Profile): void => {
  functionCosts(profile);
  callTree([{ profile, scale: 1 }], []);
  decodeProfile(encodeProfile(mergeProfiles([profile, profile])), 'again');
};

const random = seededRandom(seed);
let refused = 0;
let slowest = 0;
let largest = 0;
const fail = (round: number, what: string): never => {
  console.error(`round ${round} of seed ${seed}: ${what}`);
  process.exit(1);
};

for (let round = 0; round < count; round++) {
  const original = originals[round % originals.length];
  if (original === undefined) break;
  const bytes = mutate(original, random);
  const start = process.cpuUsage();
  try {
    const profile = decodeProfile(bytes, 'mutant');
    const ratio = (sizeOf(profile) - FIXED_BYTES) / unpackedSize(bytes);
    largest = Math.max(largest, sizeOf(profile) / unpackedSize(bytes));
    if (ratio > MOST_MEMORY_RATIO) fail(round, `${sizeOf(profile)} bytes for ${unpackedSize(bytes)}`);
    use(profile);
  } catch (error) {
    if (!(error instanceof ProfileError))
      fail(round, error instanceof Error ? (error.stack ?? error.message) : String(error));
    refused++;
  }
  const { user, system } = process.cpuUsage(start);
  slowest = Math.max(slowest, (user + system) / 1000);
  if (slowest > MOST_CPU_MS) fail(round, `took ${slowest.toFixed(0)} ms of CPU`);
}
console.log(`${count} mutated profiles: ${refused} refused as broken, the others used; none crashed or hung.`);
console.log(`slowest ${slowest.toFixed(0)} ms of CPU, most memory ${largest.toFixed(1)} times the unpacked size`);
