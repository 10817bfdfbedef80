import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { startProcess } from '../../harness/process/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'godyno-log-'));
afterAll(() => rmSync(folder, { recursive: true }));

const never = new AbortController().signal;

const run = async (name: string, script: string) => {
  const logFile = join(folder, name);
  const running = await startProcess({ file: 'sh', args: ['-c', script], cwd: folder, logFile }, never);
  await running.exited;
  return { running, logFile, size: statSync(logFile).size, text: readFileSync(logFile, 'latin1') };
};

/** Writes so many lines of 64 bytes. */
const lines = (count: number): string => `yes ${'0123456789abcdef'.repeat(4).slice(1)} | head -n ${count}`;

test('of a large output beginning and end are kept, whole, with what was cut between them', async () => {
  const { running, size, text } = await run('large.log', `echo first words; ${lines(400_000)}; echo last words`);
  expect(size).toBeLessThan(600_000);
  expect(text.startsWith('first words\n')).toBe(true);
  expect(text.endsWith('last words\n')).toBe(true);
  expect(text.match(/\[godyno cut about (\d+) bytes of output here\]/)?.[1]).toBe(String(running.cutBytes()));
  const written = 'first words\nlast words\n'.length + 400_000 * 64;
  // What is appended in the microseconds of a cut is lost without being counted.
  expect(running.cutBytes()).toBeGreaterThan(0.9 * (written - size));
  expect(running.cutBytes()).toBeLessThanOrEqual(written);
  expect(running.tail()).toContain('last words');
});

test('the file stays small while the program still runs, and the program never waits', async () => {
  const logFile = join(folder, 'running.log');
  const script = `while :; do ${lines(20_000)}; done`;
  const running = await startProcess({ file: 'sh', args: ['-c', script], cwd: folder, logFile }, never);
  let most = 0;
  for (const until = performance.now() + 1500; performance.now() < until; ) {
    most = Math.max(most, statSync(logFile).size);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await running.stop(1);
  expect(running.cutBytes()).toBeGreaterThan(5e6);
  expect(statSync(logFile).size).toBeLessThan(600_000);
  expect(most).toBeLessThan(16e6 + running.cutBytes() / 3);
});

test('a small output is left as it is', async () => {
  const { running, text, size } = await run('small.log', lines(5000));
  expect([running.cutBytes(), size]).toEqual([0, 5000 * 64]);
  expect(text).not.toContain('godyno');
});
