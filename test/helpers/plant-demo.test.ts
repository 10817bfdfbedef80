import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DEMO_FAULTS, type DemoFaultName, plantDemo } from './plant-demo.ts';

// What each fault costs, straight from the Go runtime (test/targets/demo/costs_test.go): no part of godyno is involved.
const run = promisify(execFile);
const demo = path.resolve(import.meta.dirname, '../targets/demo');
/** A multiple of 100, so that "per 100 requests" comes out even. */
const REQUESTS = 800;

interface Cost {
  readonly cpuNs: number;
  readonly mallocs: number;
  readonly mutexWaitNs: number;
  readonly blockCycles: number;
  readonly liveBytes: number;
  readonly goroutines: number;
  /** Share of requests that took 5 ms or more. */
  readonly slowRatio: number;
}
interface Costs {
  /** One request at a time. */
  readonly alone: Cost;
  /** Eight at a time on one CPU. */
  readonly together: Cost;
}

/** Waiting per request that a holder preempted by another program causes now and then, without any concurrency. */
const PREEMPTED_NS = 10_000;

let work = '';
let original: Costs;

const costsOf = async (fault: DemoFaultName | 'none', size: number): Promise<Costs> => {
  const to = path.join(work, `${fault}-${size}`);
  await plantDemo({ from: demo, to, fault, size });
  const env = { ...process.env, DEMO_COSTS: String(REQUESTS) };
  const { stdout } = await run('go', ['test', '-vet=off', '-count=1', '-run', '^TestCosts$', '-v', '.'], {
    cwd: to,
    env,
  });
  return JSON.parse(/^costs (.*)$/m.exec(stdout)?.[1] ?? 'null') as Costs;
};

beforeAll(async () => {
  work = await mkdtemp(path.join(tmpdir(), 'plants-'));
  original = await costsOf('none', 0);
}, 120_000);
afterAll(() => rm(work, { recursive: true, force: true }));

describe('a planted copy of the demo', { timeout: 60_000 }, () => {
  test('with more CPU takes more CPU and allocates the same', async () => {
    const planted = await costsOf('cpu', 300);
    expect(planted.alone.cpuNs / original.alone.cpuNs).toBeGreaterThan(1.6);
    expect(planted.alone.mallocs / original.alone.mallocs).toBeCloseTo(1, 2);
  });

  test('with 2 % more allocated objects allocates 2 % more objects', async () => {
    const planted = await costsOf('alloc', 2);
    expect(planted.alone.mallocs / original.alone.mallocs).toBeGreaterThan(1.018);
    expect(planted.alone.mallocs / original.alone.mallocs).toBeLessThan(1.022);
  });

  test('with a lock that is held for longer waits for it, but only under concurrency', async () => {
    const planted = await costsOf('lock', 1);
    expect(planted.alone.mutexWaitNs).toBeLessThan(PREEMPTED_NS);
    expect(planted.together.mutexWaitNs).toBeGreaterThan(10_000 + 3 * original.together.mutexWaitNs);
  });

  test('with a supplier that answers later waits for it at its channel', async () => {
    // 60 ms in 2 of 17 requests: far above what a busy machine adds to the waits of the original.
    const planted = await costsOf('block', 60_000);
    expect(planted.alone.blockCycles / original.alone.blockCycles).toBeGreaterThan(1.5);
    expect(planted.alone.mutexWaitNs).toBeLessThan(PREEMPTED_NS);
  });

  test('with 10 objects of 1 KiB kept per 100 requests grows by that', async () => {
    const planted = await costsOf('leak-heap', 10);
    expect(planted.alone.liveBytes - original.alone.liveBytes).toBeGreaterThan(102.4 * 0.8);
    expect(planted.alone.goroutines).toBe(0);
  });

  test('with 2 goroutines left per 100 requests grows by exactly those', async () => {
    const planted = await costsOf('leak-goroutine', 2);
    expect(planted.alone.goroutines).toBeCloseTo(0.02, 6);
    expect(original.alone.goroutines).toBe(0);
  });

  test('with a sleep takes longer for every page, and for nothing else', async () => {
    const planted = await costsOf('sleep', 5000);
    const pages = 3 / 17;
    expect(planted.alone.slowRatio).toBeGreaterThan(pages - 0.005);
    expect(planted.alone.slowRatio).toBeLessThan(pages + 0.1);
    expect(planted.alone.mallocs / original.alone.mallocs).toBeLessThan(1.01);
  });
});

test('every fault sits on one line of the demo, and no other file or word of the code names it', async () => {
  for (const [name, fault] of Object.entries(DEMO_FAULTS)) {
    const text = await readFile(path.join(demo, fault.file), 'utf8');
    expect(text.split(`plant:${name}\n`)).toHaveLength(2);
  }
});

test('a plant that would change nothing is refused', async () => {
  const to = path.join(work, 'nothing');
  await expect(plantDemo({ from: demo, to, fault: 'cpu', size: 0.01 })).rejects.toThrow('would change nothing');
});
