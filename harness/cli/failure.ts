/** What a person sees when something could not be done: what, where, what to do; a stack trace only on request. */
import { styleText } from 'node:util';
import { EXIT, type ExitCode, GodynoError } from '../errors.ts';

const isNodeError = (error: unknown): error is NodeJS.ErrnoException => error instanceof Error && 'code' in error;

const FILE_HINTS: Readonly<Record<string, string>> = {
  ENOSPC: 'The disk is full: free space or choose another --out.',
  EACCES: 'Permission denied: check the rights of that path or choose another --out.',
  EROFS: 'That file system is read-only: choose another --out.',
  ENOENT: 'Check the path.',
  ENOTDIR: 'A file stands where a folder is needed: choose another path.',
  EDQUOT: 'The disk quota is used up: free space or choose another --out.',
};

/** Errors of the file system are the user's to mend; anything else unexpected is ours. */
const asKnown = (error: unknown): GodynoError | undefined => {
  if (error instanceof GodynoError) return error;
  if (isNodeError(error) && error.code !== undefined && error.code in FILE_HINTS) {
    return new GodynoError(error.code, error.message, FILE_HINTS[error.code] ?? '', EXIT.usage, { cause: error });
  }
  return undefined;
};

/** Prints the failure to stderr and returns the exit code. */
export const reportFailure = (error: unknown): ExitCode => {
  const known = asKnown(error);
  const red = (text: string): string => styleText('red', text, { stream: process.stderr });
  if (known === undefined) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.stderr.write(
      `${red('godyno hit an internal error, which is a bug in it; please report what follows:')}\n${text}\n`,
    );
    return EXIT.usage;
  }
  process.stderr.write(`${red('error')} ${known.message}\n`);
  if (known.hint !== '') process.stderr.write(`${known.hint}\n`);
  if (process.env['GODYNO_DEBUG'] !== undefined) process.stderr.write(`${known.stack ?? ''}\n`);
  return known.exitCode;
};
