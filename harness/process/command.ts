/** Runs a program to its end and returns what it said. */
import type { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { execa } from 'execa';
import { goScratch } from './go-scratch.ts';
import { abortError, notStarted, pinned, type ProcessEnv, requireProgram } from './program.ts';
import { register, signalGroup, unregister } from './registry.ts';

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env?: ProcessEnv;
  readonly timeoutSeconds: number;
  readonly input?: string;
  /** Hears what it says on stderr while it says it. */
  readonly onStderr?: (chunk: string) => void;
  /** Bind it to these CPUs; null or left out: all usable ones. */
  readonly cpus?: readonly number[] | null;
}

export interface CommandResult {
  /** null when it was ended by a signal, ours at the deadline included. */
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly timedOut: boolean;
}

/** Between SIGTERM and SIGKILL when a command's time is up or the run is aborted. */
const KILL_AFTER_MS = 2000;

/** Far above what `go list -deps` or `git diff` of a large repository print. */
const MAX_OUTPUT_CHARACTERS = 256 * 1024 * 1024;

/** A pipe holds 64 KiB, which are read at once; whoever keeps it open longer has left the group (setsid). */
const PIPE_GRACE_MS = 500;

/** When the program has exited, what it left behind must not keep us waiting for the end of its output. */
const endWithLeader = (child: ChildProcess, pid: number): void => {
  child.once('exit', () => {
    signalGroup(pid, 'SIGKILL');
    const timer = setTimeout(() => {
      child.stdout?.destroy();
      child.stderr?.destroy();
    }, PIPE_GRACE_MS);
    child.once('close', () => clearTimeout(timer));
  });
};

/** A character may be cut in two. */
const listen = (stream: Readable | null, hear: (text: string) => void): void => {
  const decoder = new StringDecoder('utf8');
  stream?.on('data', (chunk: Buffer) => hear(decoder.write(chunk)));
};

/**
 * Never throws for a non-zero exit or a timeout. Throws `PROGRAM_MISSING` or `FOLDER_MISSING` ({@link requireProgram}),
 * and the abort's reason once the program and its descendants are gone.
 */
export const runCommand = async (command: Command, signal: AbortSignal): Promise<CommandResult> => {
  if (signal.aborted) throw abortError(signal);
  const given = command.env ?? {};
  const env = { ...given, ...goScratch(command.file, given) };
  const program = requireProgram(command.file, command.cwd, env);
  const [file, args] = pinned(program, command.args, command.cpus ?? null);
  const subprocess = execa(file, args, {
    cwd: command.cwd,
    env,
    reject: false,
    timeout: Math.ceil(command.timeoutSeconds * 1000),
    cancelSignal: signal,
    killDescendants: true,
    forceKillAfterDelay: KILL_AFTER_MS,
    stripFinalNewline: false,
    maxBuffer: MAX_OUTPUT_CHARACTERS,
    ...(command.input === undefined ? { stdin: 'ignore' as const } : { input: command.input }),
  });
  const pid = subprocess.pid;
  if (command.onStderr !== undefined) listen(subprocess.nodeChildProcess.stderr, command.onStderr);
  if (pid !== undefined) {
    endWithLeader(subprocess.nodeChildProcess, pid);
    register({
      pid,
      stop: async () => {
        signalGroup(pid, 'SIGKILL');
        await subprocess;
      },
    });
  }
  try {
    const result = await subprocess;
    if (signal.aborted) throw abortError(signal);
    if (pid === undefined) throw notStarted(command.file, result.originalMessage ?? result.code);
    return {
      exitCode: result.exitCode ?? null,
      signal: result.signal ?? null,
      stdout: result.stdout ?? '',
      stderr: result.stderr ?? '',
      timedOut: result.timedOut,
    };
  } finally {
    if (pid !== undefined) unregister(pid);
  }
};
