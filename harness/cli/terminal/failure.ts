/** What a person sees when something could not be done: what, where, what to do; a stack trace only on request. */
import { styleText } from 'node:util';
import { EXIT, type ExitCode, GodynoError, InternalError, reasonOf } from '../../errors.ts';
import { terminalText } from './plain-text.ts';
import { issuesAddress } from '../../version.ts';

const isNodeError = (error: unknown): error is NodeJS.ErrnoException => error instanceof Error && 'code' in error;

const FILE_HINTS: Readonly<Record<string, string>> = {
  ENOSPC: 'Free space or choose another --out.',
  EACCES: 'Check the rights of that path or choose another --out.',
  EROFS: 'Choose another --out.',
  ENOENT: 'Check the path.',
  ENOTDIR: 'Choose another path.',
  EISDIR: 'Name a file in it.',
  EDQUOT: 'Free space or choose another --out.',
};

const partMissing = (error: Error): GodynoError =>
  new GodynoError(
    'INSTALLATION',
    `A part of godyno is missing: ${error.message}`,
    'Install it again: npm ci, or npm i -D godyno.',
    EXIT.usage,
    { cause: error },
  );

/** Errors of the file system are the user's to mend; anything else unexpected is ours. */
const asKnown = (error: unknown): GodynoError | undefined => {
  if (error instanceof InternalError) return undefined;
  if (error instanceof GodynoError) return error;
  if (isNodeError(error) && error.code === 'ERR_MODULE_NOT_FOUND') return partMissing(error);
  if (!isNodeError(error) || error.code === undefined || !(error.code in FILE_HINTS)) return undefined;
  const what = `${error.path ?? `Cannot ${error.syscall ?? 'go on'}`}: ${reasonOf(error)}`;
  return new GodynoError(error.code, what, FILE_HINTS[error.code] ?? '', EXIT.usage, { cause: error });
};

/** What to tell of a mistake in godyno: the report goes to whoever can mend it, with what follows. */
export const internalErrorText = (): string => `godyno hit an internal error; please report it at ${issuesAddress()}`;

const traceOf = (error: unknown): string =>
  error instanceof Error && !(error instanceof InternalError) ? (error.stack ?? error.message) : reasonOf(error);

/** Prints the failure to stderr and returns the exit code. */
export const reportFailure = (error: unknown): ExitCode => {
  const known = asKnown(error);
  const red = (text: string): string => styleText('red', text, { stream: process.stderr });
  if (known === undefined) {
    process.stderr.write(`${red(`${internalErrorText()}, with what follows:`)}\n${traceOf(error)}\n`);
    return EXIT.internal;
  }
  process.stderr.write(`${red('error')} ${terminalText(known.message)}\n`);
  if (known.hint !== '') process.stderr.write(`${terminalText(known.hint)}\n`);
  if (process.env['GODYNO_DEBUG'] !== undefined) process.stderr.write(`${known.stack ?? ''}\n`);
  return known.exitCode;
};

/**
 * An error that nobody waits for ends Node with 1, which is "regressed" here. The handlers of `exit` still stop what
 * was started.
 */
export const reportCrashes = (): void => {
  process.on('uncaughtException', (error) => process.exit(reportFailure(error)));
};
