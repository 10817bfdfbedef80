import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { PerfError, perfProfile } from '../../../harness/perf/index.ts';
import { startProcess } from '../../../harness/process/index.ts';
import { findPerf, isPerfMissing, startSampling } from '../../../harness/run/launch/perf-tool.ts';

const { signal } = new AbortController();

const place = (): string => {
  const dir = mkdtempSync(path.join(tmpdir(), 'perf-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
};

/** Copies byte by byte, so that most of its time is the kernel's. */
const busy = async (dir: string) => {
  const copying = await startProcess(
    { file: 'dd', args: ['if=/dev/zero', 'of=/dev/null', 'bs=1', 'count=2000000000'], cwd: dir },
    signal,
  );
  onTestFinished(async () => copying.stop(1));
  return copying.pid;
};

const program = { file: '/srv/none', functions: null, functionAt: () => null, spans: [[0, Infinity]] as const };

const sampled = async (dir: string, pid: number) => {
  const sampling = await startSampling({ pids: [pid], folder: path.join(dir, 'own'), cpus: null, signal });
  await delay(300);
  return sampling.end();
};

test.skipIf(process.platform !== 'linux')(
  'perf samples the kernel’s part, or says why it cannot and what to do; all it writes is in its folder',
  async () => {
    const dir = place();
    const tool = await findPerf(dir, signal);
    expect(readdirSync(dir)).toEqual([]);
    if (isPerfMissing(tool)) {
      expect(tool.reason).toMatch(/^perf (?:is not installed|does not start|may not sample)/);
      expect(tool.hint).toMatch(/linux-perf|perf_event_paranoid/);
      return;
    }
    const ended = await sampled(dir, await busy(dir));
    expect(ended).toHaveProperty('text');
    const { samples } = perfProfile('text' in ended ? ended.text : '', program);
    expect(samples.kernel).toBeGreaterThan(20);
    expect(readdirSync(path.join(dir, 'own'))).toEqual(['perf.data']);
  },
);

/** A program of that name before the real one. */
const withPerf = (dir: string, script: string): void => {
  const own = process.env['PATH'] ?? '';
  const folder = path.join(dir, 'programs');
  mkdirSync(folder);
  writeFileSync(path.join(folder, 'perf'), `#!/bin/sh\n${script}\n`);
  chmodSync(path.join(folder, 'perf'), 0o755);
  process.env['PATH'] = `${folder}:${own}`;
  onTestFinished(() => {
    process.env['PATH'] = own;
  });
};

const VERSION = '[ "$1" = --version ] && { echo "perf version 9.1"; exit 0; }';

test.skipIf(process.platform !== 'linux')('perf that is missing or refused is told with what to do', async () => {
  const dir = place();
  withPerf(dir, `${VERSION}\necho "Access to performance monitoring is limited." >&2\nexit 255`);
  const refused = await findPerf(dir, signal);
  expect(refused).toMatchObject({ hint: expect.stringContaining('sysctl kernel.perf_event_paranoid=1') });
  expect('reason' in refused ? refused.reason : '').toMatch(/may not sample here .*is limited/);
  writeFileSync(
    path.join(dir, 'programs/perf'),
    '#!/bin/sh\necho "WARNING: perf not found for kernel 6.8" >&2\nexit 2\n',
  );
  expect(await findPerf(dir, signal)).toMatchObject({ reason: expect.stringContaining('not found for kernel 6.8') });
  writeFileSync(
    path.join(dir, 'programs/perf'),
    `#!/bin/sh\n${VERSION}\n[ "$1" = evlist ] && echo "cpu-clock: exclude_kernel: 1"\nexit 0\n`,
  );
  expect(await findPerf(dir, signal)).toMatchObject({ reason: expect.stringContaining('may not sample the kernel') });
  process.env['PATH'] = path.join(dir, 'nothing');
  expect(await findPerf(dir, signal)).toMatchObject({
    reason: 'perf is not installed',
    hint: expect.stringContaining('apt-get install linux-perf'),
  });
});

const RECORDS =
  'while [ $# -gt 0 ]; do [ "$1" = -o ] && out=$2; shift; done; echo x >"$out"; trap "exit 143" TERM; while :; do sleep 0.05; done';

test.skipIf(process.platform !== 'linux')(
  'perf that dies, fails or writes nonsense costs what it would have said',
  async () => {
    const dir = place();
    withPerf(dir, 'echo broken >&2; exit 3');
    expect(await sampled(dir, process.pid)).toMatchObject({
      reason: expect.stringMatching(/by itself \(exit code 3\): broken/),
    });
    writeFileSync(
      path.join(dir, 'programs/perf'),
      `#!/bin/sh\n[ "$1" = script ] && { echo "bad file" >&2; exit 7; }\n${RECORDS}\n`,
    );
    expect(await sampled(dir, process.pid)).toMatchObject({ reason: 'perf script failed: bad file' });
    writeFileSync(
      path.join(dir, 'programs/perf'),
      `#!/bin/sh\n[ "$1" = script ] && { echo nonsense; exit 0; }\n${RECORDS}\n`,
    );
    const ended = await sampled(dir, process.pid);
    expect(() => perfProfile('text' in ended ? ended.text : '', program)).toThrow(PerfError);
  },
);
