/** A program that keeps running until it is stopped, ends by itself, or the signal aborts. */
import { closeSync, fstatSync, mkdirSync, openSync, readSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Serializable } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { execa } from 'execa';
import { reasonOf, UsageError } from '../errors.ts';
import { type LogFile, watchLog } from './log-file.ts';
import { abortError, notStarted, pinned, type ProcessEnv, requireProgram } from './program.ts';
import { register, signalGroup, unregister } from './registry.ts';

export interface ProcessSpec {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env?: ProcessEnv;
  /** Bind it to these CPUs; null or left out: all usable ones. */
  readonly cpus?: readonly number[] | null;
  /** Its stdout and stderr go straight into this file (appended), without passing through us; kept below some 4 MB. */
  readonly logFile?: string;
  /** `node`: a Node program with a message channel (`process.send`, structured clone); `none`: no channel. */
  readonly channel?: 'node' | 'none';
}

export interface ProcessExit {
  /** null when a signal ended it. */
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** We asked it to end: a Go program that handles SIGTERM exits 0, just as one that ends by itself. */
  readonly asked: boolean;
}

export interface RunningProcess {
  readonly pid: number;
  /** Never rejects. */
  readonly exited: Promise<ProcessExit>;
  /** Rejects when the channel is closed or there is none. */
  readonly send: (message: unknown) => Promise<void>;
  /** Called for each message of a `node` channel; messages before the first listener are kept for it. */
  readonly onMessage: (listener: (message: unknown) => void) => void;
  /** SIGTERM, SIGKILL after the grace, and SIGKILL to whatever it left in its group. Resolves when it has exited. */
  readonly stop: (graceSeconds: number) => Promise<void>;
  /** The last 4 KiB of its output. */
  readonly tail: () => string;
  /** Bytes of its output that the log file does not hold, since it would have become too large. */
  readonly cutBytes: () => number;
}

const TAIL_BYTES = 4096;

/** Grace when the signal aborts: people wait for Ctrl-C. */
const ABORT_GRACE_SECONDS = 2;

/** SIGKILL takes effect within milliseconds, except on a program stuck in the kernel. */
const KILL_DEADLINE_SECONDS = 10;

interface Output {
  /** `pipe`, or an open descriptor; execa's type lists only some numbers, its code takes any. */
  readonly stdio: 'pipe' | 3;
  readonly tail: () => string;
  readonly keep: (chunk: Buffer) => void;
  /** Once it has been started. */
  readonly close: () => void;
  readonly cutBytes: () => number;
  /** When it has ended. */
  readonly end: () => void;
}

const memoryOutput = (): Output => {
  let kept = Buffer.alloc(0);
  return {
    stdio: 'pipe',
    tail: () => kept.toString('utf8'),
    keep: (chunk) => {
      kept = Buffer.concat([kept, chunk]).subarray(-TAIL_BYTES);
    },
    close: () => undefined,
    cutBytes: () => 0,
    end: () => undefined,
  };
};

const readTail = (file: string): string => {
  const descriptor = openSync(file, 'r');
  try {
    const size = fstatSync(descriptor).size;
    const buffer = Buffer.alloc(Math.min(size, TAIL_BYTES));
    const read = readSync(descriptor, buffer, 0, buffer.length, size - buffer.length);
    return buffer.subarray(0, read).toString('utf8');
  } finally {
    closeSync(descriptor);
  }
};

const fileOutput = (file: string): Output => {
  let descriptor: number;
  let log: LogFile;
  try {
    mkdirSync(dirname(file), { recursive: true });
    descriptor = openSync(file, 'a', 0o600);
    log = watchLog(file);
  } catch (cause) {
    throw new UsageError(
      'LOG_UNWRITABLE',
      `Cannot write the log file ${file}: ${reasonOf(cause)}`,
      'Choose an output folder that can be written and has space left (--out).',
      { cause },
    );
  }
  return {
    stdio: descriptor as 3,
    tail: () => readTail(file),
    keep: () => undefined,
    close: () => closeSync(descriptor),
    cutBytes: log.cutBytes,
    end: log.close,
  };
};

const launch = (spec: ProcessSpec, output: Output) => {
  const env = spec.env ?? {};
  const program = requireProgram(spec.file, spec.cwd, env);
  const [file, args] = pinned(program, spec.args, spec.cpus ?? null);
  return execa(file, args, {
    cwd: spec.cwd,
    env,
    reject: false,
    buffer: false,
    stdin: 'ignore',
    stdout: output.stdio,
    stderr: output.stdio,
    killDescendants: true,
    forceKillAfterDelay: ABORT_GRACE_SECONDS * 1000,
    ipc: spec.channel === 'node',
  });
};

type Subprocess = ReturnType<typeof launch>;

const within = async (promise: Promise<unknown>, seconds: number): Promise<boolean> => {
  const timer = new AbortController();
  try {
    return await Promise.race([
      promise.then(() => true),
      delay(seconds * 1000, false, { signal: timer.signal }).catch(() => false),
    ]);
  } finally {
    timer.abort();
  }
};

const messagesOf = (subprocess: Subprocess): RunningProcess['onMessage'] => {
  const early: unknown[] = [];
  const listeners: ((message: unknown) => void)[] = [];
  subprocess.nodeChildProcess.on('message', (message: unknown) => {
    if (listeners.length === 0) early.push(message);
    for (const listener of listeners) listener(message);
  });
  return (listener) => {
    listeners.push(listener);
    for (const message of early.splice(0)) listener(message);
  };
};

const senderOf =
  (subprocess: Subprocess): RunningProcess['send'] =>
  async (message) =>
    new Promise((resolve, reject) => {
      const child = subprocess.nodeChildProcess;
      if (!child.connected) {
        reject(new Error(`process ${child.pid ?? '?'} has no open message channel`));
        return;
      }
      child.send(message as Serializable, (error) => (error === null ? resolve() : reject(error)));
    });

/**
 * Starts `spec` and returns once it has a process id. Throws `PROGRAM_MISSING`, `FOLDER_MISSING`, `LOG_UNWRITABLE`, or
 * the abort's reason. An abort later stops it; `exited` then says `asked`.
 */
export const startProcess = async (spec: ProcessSpec, signal: AbortSignal): Promise<RunningProcess> => {
  if (signal.aborted) throw abortError(signal);
  const output = spec.logFile === undefined ? memoryOutput() : fileOutput(spec.logFile);
  let subprocess: Subprocess;
  try {
    subprocess = launch(spec, output);
  } catch (error) {
    output.end();
    throw error;
  } finally {
    output.close();
  }
  const pid = subprocess.pid;
  if (pid === undefined) {
    output.end();
    const result = await subprocess;
    throw notStarted(spec.file, result.originalMessage ?? result.code);
  }
  subprocess.stdout?.on('data', output.keep);
  subprocess.stderr?.on('data', output.keep);
  return controlled(subprocess, pid, output, signal);
};

const controlled = (subprocess: Subprocess, pid: number, output: Output, signal: AbortSignal): RunningProcess => {
  let asked = false;
  const child = subprocess.nodeChildProcess;
  const exited = new Promise<ProcessExit>((resolve) => {
    child.once('exit', (exitCode: number | null, signalName: string | null) => {
      // What it leaves behind in its group is ours to remove, also when it ended by itself.
      signalGroup(pid, 'SIGKILL');
      unregister(pid);
      signal.removeEventListener('abort', onAbort);
      output.end();
      resolve({ exitCode, signal: signalName, asked });
    });
  });
  const stop = async (graceSeconds: number): Promise<void> => {
    asked = true;
    if (child.exitCode === null && child.signalCode === null) {
      signalGroup(pid, 'SIGTERM');
      if (!(await within(exited, graceSeconds))) signalGroup(pid, 'SIGKILL');
    }
    // A program in uninterruptible sleep ends when its I/O returns; nothing can be done about it until then.
    await within(exited, KILL_DEADLINE_SECONDS);
  };
  const onAbort = (): void => void stop(ABORT_GRACE_SECONDS);
  signal.addEventListener('abort', onAbort, { once: true });
  register({ pid, stop });
  return {
    pid,
    exited,
    send: senderOf(subprocess),
    onMessage: messagesOf(subprocess),
    stop,
    tail: output.tail,
    cutBytes: output.cutBytes,
  };
};
