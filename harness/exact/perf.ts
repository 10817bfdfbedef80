/**
 * The CPU's own instruction counter, read by a small Go helper. It gives totals alone, collection and scheduling in
 * them, so functions and small changes still need the emulator. Most virtual machines have no such counter: all of this
 * has been tried on machines without one, where it says why (docs/exact.md).
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { GodynoError, InvalidMeasurementError } from '../errors.ts';
import { runCommand, startProcess, USERS_GO } from '../process/index.ts';
import type { Missing, ProbeRequest } from './qemu.ts';

export interface PerfEngine {
  readonly kind: 'perf';
  /** The compiled helper. */
  readonly helper: string;
}

export interface PerfCounter {
  /** Instructions in user mode of the whole process so far. Throws `PERF_SILENT` after 5 s. */
  readonly read: () => Promise<number>;
  readonly stop: () => Promise<void>;
}

const SOURCE = fileURLToPath(new URL('./perf/main.go', import.meta.url));
const HINT = 'Exact mode then uses the emulator. On bare metal: sysctl kernel.perf_event_paranoid=2, or run as root.';
const BUILD_SECONDS = 120;
const PROBE_SECONDS = 10;
const READ_SECONDS = 5;
const POLL_MS = 2;

const lastLine = (text: string): string => text.trim().split('\n').at(-1) ?? '';

/** The helper's path; a string in `reason` says why there is none. */
const buildHelper = async (request: ProbeRequest): Promise<{ readonly file: string } | Missing> => {
  const key = createHash('sha256').update(readFileSync(SOURCE)).digest('hex').slice(0, 16);
  const file = join(request.cacheDir, `perf-${process.arch}-${key}`);
  if (existsSync(file)) return { file };
  mkdirSync(request.cacheDir, { recursive: true });
  const fresh = `${file}.${process.pid}`;
  const { file: program, env: own } = request.go ?? USERS_GO;
  const env = { GOFLAGS: '', GOWORK: 'off', GOOS: undefined, GOARCH: undefined, CGO_ENABLED: '0', ...own };
  const built = await runCommand(
    {
      file: program,
      args: ['build', '-o', fresh, SOURCE],
      cwd: request.cacheDir,
      env: request.path === undefined ? env : { ...env, PATH: request.path },
      timeoutSeconds: BUILD_SECONDS,
    },
    request.signal,
  );
  if (built.exitCode !== 0) return { reason: `its helper does not build: ${lastLine(built.stderr)}`, hint: HINT };
  renameSync(fresh, file);
  return { file };
};

/** Whether the counter opens and counts here. Throws only the abort's reason. */
export const probePerf = async (request: ProbeRequest): Promise<PerfEngine | Missing> => {
  if (process.platform !== 'linux') return { reason: `no perf_event on ${process.platform}`, hint: 'Use Linux.' };
  try {
    const built = await buildHelper(request);
    if (!('file' in built)) return built;
    const { file } = built;
    const probe = { file, args: ['probe'], cwd: request.cacheDir, timeoutSeconds: PROBE_SECONDS };
    const result = await runCommand(probe, request.signal);
    if (result.exitCode === 0) return { kind: 'perf', helper: file };
    return { reason: lastLine(result.stderr) || 'its helper said nothing', hint: HINT };
  } catch (cause) {
    if (cause instanceof GodynoError && cause.code === 'PROGRAM_MISSING')
      return { reason: cause.message, hint: cause.hint };
    throw cause;
  }
};

/** `n TOTAL`, the last whole line of the helper's output; number −1 before there is one. */
const answerIn = (output: string): readonly [number: number, total: number] => {
  const [, number, total] = [...output.matchAll(/^(\d+) (\d+)\n/gm)].at(-1) ?? [];
  return number === undefined ? [-1, 0] : [Number(number), Number(total)];
};

/** Counts a process from now on, with the threads it starts later. */
export const startPerfCounter = async (engine: PerfEngine, pid: number, signal: AbortSignal): Promise<PerfCounter> => {
  const spec = { file: engine.helper, args: ['count', String(pid)], cwd: '/' };
  const helper = await startProcess(spec, signal);
  let ended = false;
  void helper.exited.then(() => (ended = true));
  const answer = async (number: number): Promise<number> => {
    for (const deadline = performance.now() + READ_SECONDS * 1000; performance.now() < deadline && !ended; ) {
      const [got, total] = answerIn(helper.tail());
      if (got >= number) return total;
      await delay(POLL_MS, undefined, { signal });
    }
    await helper.stop(1);
    throw new InvalidMeasurementError(
      'PERF_SILENT',
      `The counter of process ${pid} gave no answer: ${lastLine(helper.tail()) || `nothing within ${READ_SECONDS} s`}`,
      HINT,
    );
  };
  await answer(0);
  let asked = 0;
  return {
    read: async () => {
      asked += 1;
      process.kill(helper.pid, 'SIGUSR1');
      return answer(asked);
    },
    stop: async () => helper.stop(1),
  };
};
