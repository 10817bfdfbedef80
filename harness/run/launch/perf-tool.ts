/**
 * Linux perf as a program: whether it can be had here, and sampling processes with it. Nothing of it is written outside of
 * the folder that is given: no cache of build ids in anybody's home, no settings of theirs, no look-ups in the network.
 */
import { readFileSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { GodynoError } from '../../errors.ts';
import { makeFolder } from '../../folders.ts';
import {
  lastLines,
  type CommandResult,
  type ProcessEnv,
  runCommand,
  type RunningProcess,
  startProcess,
} from '../../process/index.ts';

export interface PerfMissing {
  readonly reason: string;
  /** What to do about it. */
  readonly hint: string;
}

export interface PerfFound {
  readonly version: string;
  /** It writes addresses of programs as places in their files; older ones write where they were mapped. */
  readonly tellsPlaces: boolean;
}

export type PerfTool = PerfFound | PerfMissing;

export const isPerfMissing = (tool: PerfTool): tool is PerfMissing => 'reason' in tool;

/** A timer of each thread's own that runs while the thread has the CPU; the kernel's time is asked for, too. */
const EVENT = 'cpu-clock:uk';
/** A prime near 2000: what beats with Go's own ticks would see always the same. */
const HZ = 1999;
/** Some 60,000 samples; a launch takes a tenth of it. */
const MOST_RECORDED = '16M';
const CLOCK = 'CLOCK_MONOTONIC';
const FIELDS = 'pid,tid,time,period,ip,sym,dso';

const PROBE_SECONDS = 20;
const SCRIPT_SECONDS = 40;
const STOP_SECONDS = 5;
/** Until it has opened its events and written the head of its file. */
const START = { mostMs: 3000, lookMs: 20, settleMs: 100 } as const;

const environmentIn = (folder: string): ProcessEnv => ({
  HOME: folder,
  PERF_CONFIG: '/dev/null',
  PERF_BUILDID_DIR: join(folder, 'build-ids'),
  DEBUGINFOD_URLS: undefined,
  PAGER: undefined,
  LC_ALL: 'C',
});

const INSTALL =
  'Debian: apt-get install linux-perf. Ubuntu: apt-get install linux-tools-generic, or linux-tools-$(uname -r) where that is for another kernel.';
const ALLOW =
  'As root: sysctl kernel.perf_event_paranoid=1 kernel.kptr_restrict=0. In a container: run it with --cap-add PERFMON and a seccomp profile that allows perf_event_open.';

/** As the kernel has it; absent outside of Linux. */
const paranoid = (): string => {
  try {
    return ` (kernel.perf_event_paranoid is ${readFileSync('/proc/sys/kernel/perf_event_paranoid', 'utf8').trim()})`;
  } catch {
    return '';
  }
};

const FALLBACK = /exclude_kernel(?::|=) ?1/;

const said = ({ stderr, stdout }: CommandResult): string =>
  lastLines(stderr === '' ? stdout : stderr)
    .replaceAll(/\s+/g, ' ')
    .trim()
    .slice(0, 300);

const refused = (result: CommandResult): PerfMissing => ({
  reason: `perf may not sample here${paranoid()}: ${said(result) || 'it said nothing'}`,
  hint: ALLOW,
});

const run = async (folder: string, args: readonly string[], signal: AbortSignal): Promise<CommandResult> =>
  runCommand({ file: 'perf', args, cwd: folder, env: environmentIn(folder), timeoutSeconds: PROBE_SECONDS }, signal);

// -B and -N: without build ids nothing is looked up by them, and nothing goes into a cache.
const RECORD = `record -q -e ${EVENT} -F ${HZ} --call-graph fp -k ${CLOCK} -B -N --max-size ${MOST_RECORDED}`.split(
  ' ',
);

const recordArgs = (file: string): readonly string[] => [...RECORD, '-o', file];

const probe = async (folder: string, signal: AbortSignal): Promise<PerfTool> => {
  const version = await run(folder, ['--version'], signal);
  if (version.exitCode !== 0) return { reason: `perf does not start: ${said(version)}`, hint: INSTALL };
  const recorded = await run(folder, [...recordArgs('probe.data'), '--', 'true'], signal);
  if (recorded.exitCode !== 0) return refused(recorded);
  const events = await run(folder, ['evlist', '-v', '-i', 'probe.data'], signal);
  // Where the kernel's part is not allowed, perf does without it and says nothing.
  if (FALLBACK.test(events.stdout)) return { reason: `perf may not sample the kernel here${paranoid()}`, hint: ALLOW };
  const number = version.stdout.replace(/^perf version /, '').trim();
  return { version: number, tellsPlaces: Number.parseInt(number, 10) >= 6 };
};

/** Tries it on nothing. Throws only the abort's reason. */
export const findPerf = async (workDir: string, signal: AbortSignal): Promise<PerfTool> => {
  if (process.platform !== 'linux') return { reason: `there is no perf on ${process.platform}`, hint: 'Use Linux.' };
  const folder = join(workDir, 'perf-probe');
  await makeFolder(folder);
  try {
    return await probe(folder, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof GodynoError)) throw error;
    return { reason: 'perf is not installed', hint: INSTALL };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

export interface SamplingSpec {
  readonly pids: readonly number[];
  /** Of perf's own; removed by its maker. */
  readonly folder: string;
  /** Apart from the service; null: any. */
  readonly cpus: readonly number[] | null;
  readonly signal: AbortSignal;
}

export interface Sampling {
  /** Ends it. The text of `perf script`, or why there is none. */
  readonly end: () => Promise<{ readonly text: string } | { readonly reason: string }>;
  /** Ends it where nobody asks what it saw. */
  readonly stop: () => Promise<void>;
}

const DATA = 'perf.data';

const bytesOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;

/** It samples from here on, or has ended by itself. */
const whenItSamples = async (running: RunningProcess, file: string, signal: AbortSignal): Promise<void> => {
  let hasEnded = false;
  void running.exited.then(() => (hasEnded = true));
  for (let waitedMs = 0; waitedMs < START.mostMs && bytesOf(file) === 0 && !hasEnded; waitedMs += START.lookMs)
    await delay(START.lookMs, undefined, { signal });
  if (!hasEnded) await delay(START.settleMs, undefined, { signal });
};

const scriptOf = async ({ folder, cpus, signal }: SamplingSpec): Promise<ReturnType<Sampling['end']>> => {
  const script = await runCommand(
    {
      file: 'perf',
      args: ['script', '-f', '-i', DATA, '--no-inline', '--ns', '-F', FIELDS],
      cwd: folder,
      env: environmentIn(folder),
      cpus,
      timeoutSeconds: SCRIPT_SECONDS,
    },
    signal,
  );
  if (script.timedOut) return { reason: `perf script did not end within ${SCRIPT_SECONDS} s` };
  return script.exitCode === 0 ? { text: script.stdout } : { reason: `perf script failed: ${said(script)}` };
};

/** Begins to sample all threads of the processes, and those that they start. */
export const startSampling = async (spec: SamplingSpec): Promise<Sampling> => {
  const { folder, pids, cpus, signal } = spec;
  await makeFolder(folder);
  const args = [...recordArgs(DATA), '-p', pids.join(',')];
  const running = await startProcess({ file: 'perf', args, cwd: folder, env: environmentIn(folder), cpus }, signal);
  await whenItSamples(running, join(folder, DATA), signal);
  return {
    end: async () => {
      // It writes what it has when it is told to end, and ends by that signal.
      await running.stop(STOP_SECONDS);
      const { asked, exitCode } = await running.exited;
      if (!asked) return { reason: `perf ended by itself (exit code ${exitCode ?? 'none'}): ${running.tail().trim()}` };
      if (bytesOf(join(folder, DATA)) === 0) return { reason: `perf wrote nothing: ${running.tail().trim()}` };
      return scriptOf(spec);
    },
    stop: async () => running.stop(STOP_SECONDS),
  };
};
