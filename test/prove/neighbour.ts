/**
 * A noisy neighbour that comes and goes: together half a CPU to one and a half, spread over all CPUs that we may use,
 * in spells of 0.3 to 6 s, one in five of them quiet. It computes and walks through 8 MiB, so that it takes caches as
 * well as time. Ends when its input does.
 *
 * node test/prove/neighbour.ts [seed]
 */
import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { usableCpus } from '../../harness/process/index.ts';
import { randomFrom } from '../../harness/stats/index.ts';

const [LEAST_SPELL_SECONDS, MOST_SPELL_SECONDS] = [0.3, 6];
const [LEAST_CPUS, MOST_CPUS] = [0.5, 1.5];
const QUIET_SHARE = 0.2;
/** Busy and idle take turns within it. */
const TURN_MS = 20;

const memory = new Float64Array((8 * 2 ** 20) / Float64Array.BYTES_PER_ELEMENT);

const burn = (milliseconds: number): void => {
  const until = performance.now() + milliseconds;
  for (let at = 0; performance.now() < until; ) {
    for (let step = 0; step < 2000; step++) {
      // A prime stride: every cache line, none twice in a row.
      at = (at + 1009) % memory.length;
      memory[at] = Math.sqrt((memory[at] ?? 0) + step);
    }
  }
};

/** Bound to one CPU by whoever started it. */
const disturb = async (seed: number, cpuCount: number): Promise<never> => {
  const random = randomFrom(seed);
  const between = (low: number, high: number): number => low + (high - low) * random();
  for (;;) {
    const duty = random() < QUIET_SHARE ? 0 : Math.min(1, between(LEAST_CPUS, MOST_CPUS) / cpuCount);
    const until = performance.now() + 1000 * between(LEAST_SPELL_SECONDS, MOST_SPELL_SECONDS);
    while (performance.now() < until) {
      burn(duty * TURN_MS);
      await delay(Math.max(1, (1 - duty) * TURN_MS));
    }
  }
};

const [seed = String(Date.now() % 100_000), cpuCount] = process.argv.slice(2);
if (cpuCount === undefined) {
  const all = usableCpus() ?? [];
  const children = all.map((cpu, index) =>
    spawn(
      'taskset',
      ['-c', String(cpu), process.execPath, import.meta.filename, String(Number(seed) + index), String(all.length)],
      { stdio: ['pipe', 'inherit', 'inherit'] },
    ),
  );
  process.stdin.on('end', () => {
    for (const child of children) child.stdin.end();
  });
  process.stdin.resume();
} else {
  // An orphan would disturb for ever.
  process.stdin.on('end', () => process.exit(0));
  process.stdin.resume();
  await disturb(Number(seed), Number(cpuCount));
}
