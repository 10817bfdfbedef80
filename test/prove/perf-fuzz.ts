/**
 * 10,000 damaged outputs of perf script: each is read or refused as broken, and quickly. Usage: node test/prove/perf-fuzz.ts
 * [COUNT] [SEED]. Ends 1 at the first failure, with the seed and round that repeat it.
 */
import { readFileSync } from 'node:fs';
import { PerfError, perfProfile } from '../../harness/perf/index.ts';
import { encodeProfile } from '../../harness/profile/index.ts';
import { apply, seededRandom } from '../profile/format/mutate.ts';

const [count = 10_000, seed = 20_261_201] = process.argv.slice(2).map(Number);
/** A hang, for a text of 80 KB: CPU time, for on a busy machine the clock tells who else was running. */
const MOST_CPU_MS = 2000;

const original = readFileSync(new URL('../fixtures/perf/native.txt', import.meta.url));
const program = { file: '/srv/native', functions: null, functionAt: () => null, spans: [[0, Infinity]] as const };

const random = seededRandom(seed);
let refused = 0;
let slowest = 0;
const fail = (round: number, what: string): never => {
  console.error(`round ${round} of seed ${seed}: ${what}`);
  process.exit(1);
};

/** One to three mutations, anywhere. */
const damaged = (): string => {
  let bytes = new Uint8Array(original);
  const times = 1 + Math.floor(random() * 3);
  for (let time = 0; time < times; time++) bytes = new Uint8Array(apply(bytes, random));
  return new TextDecoder().decode(bytes);
};

for (let round = 0; round < count; round++) {
  const text = damaged();
  const start = process.cpuUsage();
  try {
    encodeProfile(perfProfile(text, program).profile);
  } catch (error) {
    if (!(error instanceof PerfError))
      fail(round, error instanceof Error ? (error.stack ?? error.message) : String(error));
    refused++;
  }
  const { user, system } = process.cpuUsage(start);
  slowest = Math.max(slowest, (user + system) / 1000);
  if (slowest > MOST_CPU_MS) fail(round, `took ${slowest.toFixed(0)} ms of CPU`);
}
const memoryMb = process.resourceUsage().maxRSS / 1024;
console.log(`${count} mutated texts of perf: ${refused} refused as broken, the others read; none crashed or hung.`);
console.log(`slowest ${slowest.toFixed(0)} ms of CPU; the process had at most ${memoryMb.toFixed(0)} MB`);
