/**
 * 10,000 programs with spoiled tables: each is read or refused in one sentence, quickly, and keeps less memory than the
 * file is long. Usage: node --expose-gc --max-old-space-size=96 test/prove/tables.ts [COUNT] [SEED]. Ends 1 at the first
 * failure, with the seed that repeats it.
 */
import { readFileSync, rmSync } from 'node:fs';
import { fuzzTables } from '../exact/table-fuzz.ts';
import { buildProgram, NEWEST_GO, testFolder } from '../exact/counted-program.ts';
import { seededRandom } from '../profile/format/mutate.ts';

const [count = 10_000, seed = 20_261_130] = process.argv.slice(2).map(Number);
const EXTERNAL = '-ldflags=-linkmode=external';
const SHAPES = [[], ['-buildmode=pie', '-ldflags=-s -w'], ['-buildmode=pie', EXTERNAL]] as const;

/** Settled, which takes a while: only where much seems to be kept. */
const heapBytes = (): number => {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
};

const folder = testFolder();
try {
  const originals = ['local', NEWEST_GO].flatMap((toolchain) =>
    SHAPES.map((flags) => readFileSync(buildProgram(folder, flags, toolchain))),
  );
  const { read, refused, slowestMs } = fuzzTables(originals, count, seededRandom(seed), heapBytes);
  console.log(`${count} spoiled programs: ${read} read, ${refused} refused in one sentence; none misread, none hung.`);
  const peak = process.resourceUsage().maxRSS / 1024;
  console.log(`slowest ${slowestMs.toFixed(0)} ms of CPU, most memory of all ${peak.toFixed(0)} MB`);
} catch (error) {
  console.error(`seed ${seed}: ${error instanceof Error ? error.stack : String(error)}`);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
