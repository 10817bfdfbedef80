/** What every start has in common: finding the program, its environment, and the error when it cannot be had. */
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import { GodynoError, InterruptedError, UsageError } from '../errors.ts';

/** Added to our own environment; `undefined` takes a variable away. */
export type ProcessEnv = Readonly<Record<string, string | undefined>>;

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
};

/** Absolute path of `file` as the given environment finds it, or `undefined`. */
export const findProgram = (file: string, cwd: string, env: ProcessEnv): string | undefined => {
  if (isAbsolute(file) || file.includes('/')) {
    const path = resolve(cwd, file);
    return isExecutable(path) ? path : undefined;
  }
  const path = 'PATH' in env ? env['PATH'] : process.env['PATH'];
  return (path ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, file))
    .find(isExecutable);
};

const isFolder = (path: string): boolean => {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
};

/** Throws {@link UsageError} `PROGRAM_MISSING` or `FOLDER_MISSING` before anything is started. */
export const requireProgram = (file: string, cwd: string, env: ProcessEnv): string => {
  if (!isFolder(cwd)) {
    throw new UsageError('FOLDER_MISSING', `Cannot run ${file}: the folder ${cwd} does not exist`, 'Check the path.');
  }
  const found = findProgram(file, cwd, env);
  if (found !== undefined) return found;
  throw new UsageError(
    'PROGRAM_MISSING',
    `The program ${file} was not found or may not be run`,
    file.includes('/') ? 'Check the path and its execute permission.' : `Install ${file}, or add it to PATH.`,
  );
};

/** The system refused to start a program that is there: a missing interpreter, a foreign format, no taskset. */
export const notStarted = (file: string, why: string | undefined): UsageError =>
  new UsageError(
    'PROGRAM_MISSING',
    `The program ${file} could not be started: ${why ?? 'unknown cause'}`,
    'Check that it is a program for this system and may be executed.',
  );

/** The error with which an aborted wait ends: the abort's own reason where it is one of ours. */
export const abortError = (signal: AbortSignal): GodynoError =>
  signal.reason instanceof GodynoError ? signal.reason : new InterruptedError();

/** `file` and `args`, to be run on `cpus` only (all usable ones when null). */
export const pinned = (
  file: string,
  args: readonly string[],
  cpus: readonly number[] | null,
): readonly [string, readonly string[]] =>
  cpus === null || cpus.length === 0 ? [file, args] : ['taskset', ['-c', cpus.join(','), file, ...args]];
