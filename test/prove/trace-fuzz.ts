/**
 * 10,000 damaged execution traces: each is read or refused as broken, and quickly. Usage: node test/prove/trace-fuzz.ts
 * [COUNT] [SEED]. Ends 1 at the first failure, with the seed and round that repeat it.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { encodeProfile } from '../../harness/profile/index.ts';
import { TraceError, wallProfile } from '../../harness/trace/index.ts';
import { apply, seededRandom } from '../profile/format/mutate.ts';

const [count = 10_000, seed = 20_261_201] = process.argv.slice(2).map(Number);
/** A hang, for traces of 40 KB: CPU time, for on a busy machine the clock tells who else was running. */
const MOST_CPU_MS = 2000;

const folder = new URL('../fixtures/traces/', import.meta.url);
const originals = readdirSync(folder)
  .filter((file) => file.endsWith('.trace'))
  .map((file) => readFileSync(new URL(file, folder)));

const random = seededRandom(seed);
let refused = 0;
let slowest = 0;
const fail = (round: number, what: string): never => {
  console.error(`round ${round} of seed ${seed}: ${what}`);
  process.exit(1);
};

/** One to three mutations, anywhere. */
const damaged = (original: Uint8Array): Uint8Array => {
  let bytes = new Uint8Array(original);
  const times = 1 + Math.floor(random() * 3);
  for (let time = 0; time < times; time++) bytes = new Uint8Array(apply(bytes, random));
  return bytes;
};

for (let round = 0; round < count; round++) {
  const original = originals[round % originals.length];
  if (original === undefined) break;
  const bytes = damaged(original);
  const start = process.cpuUsage();
  try {
    encodeProfile(wallProfile(bytes).profile);
  } catch (error) {
    if (!(error instanceof TraceError))
      fail(round, error instanceof Error ? (error.stack ?? error.message) : String(error));
    refused++;
  }
  const { user, system } = process.cpuUsage(start);
  slowest = Math.max(slowest, (user + system) / 1000);
  if (slowest > MOST_CPU_MS) fail(round, `took ${slowest.toFixed(0)} ms of CPU`);
}
const memoryMb = process.resourceUsage().maxRSS / 1024;
console.log(`${count} mutated traces: ${refused} refused as broken, the others read; none crashed or hung.`);
console.log(`slowest ${slowest.toFixed(0)} ms of CPU; the process had at most ${memoryMb.toFixed(0)} MB`);
