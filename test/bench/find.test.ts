import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { findBenchmarks } from '../../harness/bench/run/find.ts';
import type { BenchPlan } from '../../harness/bench/run/plan.ts';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'find-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** A test program that lists two benchmarks, keeps a line of each call, and fails at anything else. */
const program = () => {
  const binary = path.join(dir, 'program');
  writeFileSync(
    binary,
    `#!/bin/sh\necho "$*" >> calls\ncase "$*" in *-test.list=*) printf 'BenchmarkOne\\nBenchmarkTwo\\n' ;; *) exit 3 ;; esac\n`,
  );
  chmodSync(binary, 0o755);
  return { binary, dir, scratch: dir };
};

/** As far as it is looked at. */
const PLAN: Pick<BenchPlan, 'bench' | 'targetCpus' | 'signal'> = {
  bench: '.',
  targetCpus: [],
  signal: new AbortController().signal,
};

const calls = (): readonly string[] => readFileSync(path.join(dir, 'calls'), 'utf8').trim().split('\n');

it('lists what there is no time to try, and runs none of it', async () => {
  const programs = { base: program(), head: program() };
  const late = await findBenchmarks(PLAN as BenchPlan, programs, performance.now());
  expect(late.map(({ name, state }) => [name, state.kind])).toEqual([
    ['BenchmarkOne', 'untried'],
    ['BenchmarkTwo', 'untried'],
  ]);
  expect(calls().every((line) => line.includes('-test.list='))).toBe(true);
});

it('tries each while there is time', async () => {
  const programs = { base: program(), head: program() };
  const found = await findBenchmarks(PLAN as BenchPlan, programs, performance.now() + 60_000);
  expect(found.map(({ name, state }) => [name, state.kind])).toEqual([
    ['BenchmarkOne', 'failed'],
    ['BenchmarkTwo', 'failed'],
  ]);
  expect(calls().filter((line) => line.includes('-test.bench='))).toHaveLength(4);
});
