/**
 * The base error and the exit-code table.
 *
 * "Could not do it" is an error with a stable code, one sentence that says what failed, and a hint that says what to
 * do next. "Did it, and the news is bad" is a value (a verdict), never an exception.
 */

/** Process exit codes, a promise to scripts (docs/ci.md). */
export const EXIT = {
  ok: 0,
  regressed: 1,
  usage: 2,
  invalid: 3,
  inconclusive: 4,
  buildOrStart: 5,
  /** A mistake in godyno itself; EX_SOFTWARE of BSD's sysexits.h, which no verdict uses. */
  internal: 70,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Base of every error a user may see: `message` says what and where, `hint` what to do, `exitCode` how we end. */
export class GodynoError extends Error {
  readonly code: string;
  readonly hint: string;
  readonly exitCode: ExitCode;

  constructor(code: string, message: string, hint: string, exitCode: ExitCode, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
    this.hint = hint;
    this.exitCode = exitCode;
  }
}

/** Wrong flag, scenario, revision or file: exit 2. */
export class UsageError extends GodynoError {
  constructor(code: string, message: string, hint: string, options?: ErrorOptions) {
    super(code, message, hint, EXIT.usage, options);
  }
}

/** The measurement cannot be trusted at all (not a verdict about the code): exit 3. */
export class InvalidMeasurementError extends GodynoError {
  constructor(code: string, message: string, hint: string, options?: ErrorOptions) {
    super(code, message, hint, EXIT.invalid, options);
  }
}

/** The target does not build: exit 5. */
export class BuildError extends GodynoError {
  constructor(code: string, message: string, hint: string, options?: ErrorOptions) {
    super(code, message, hint, EXIT.buildOrStart, options);
  }
}

/** The target does not start, answer or stay alive: exit 5. */
export class TargetStartError extends GodynoError {
  constructor(code: string, message: string, hint: string, options?: ErrorOptions) {
    super(code, message, hint, EXIT.buildOrStart, options);
  }
}

/** A mistake in godyno itself: exit 70. Its text is for whoever mends it. */
export class InternalError extends GodynoError {
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(code, message, '', EXIT.internal, options);
  }
}

/** Ctrl-C or SIGTERM: exit 130. */
export class InterruptedError extends GodynoError {
  constructor() {
    super('INTERRUPTED', 'Interrupted', 'Everything that was started has been stopped.', EXIT.interrupted);
  }
}

const FILE_REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  ENOTDIR: 'a file stands where a folder is needed',
  EEXIST: 'a file of that name is there already',
  EISDIR: 'it is a folder, not a file',
  EACCES: 'permission denied',
  EPERM: 'the system does not permit it',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EFBIG: 'it would be larger than a file may be',
  EDQUOT: 'the disk quota is used up',
  ENAMETOOLONG: 'the name is too long',
};

const fileReasonOf = (error: unknown): string | undefined => {
  if (!(error instanceof Error) || !('code' in error) || !('syscall' in error)) return undefined;
  // `spawn` of a program that is missing has the same code.
  return String(error.syscall).startsWith('spawn') ? undefined : FILE_REASONS[String(error.code)];
};

/** Why something failed, for the end of a sentence: the file system's reasons in words, anything else as it says itself. */
export const reasonOf = (error: unknown): string =>
  fileReasonOf(error) ?? (error instanceof Error ? error.message : String(error));
