/** Calls `go` the same way every time: the folder's real path as working folder, the user's environment, a deadline. */
import { UsageError } from '../../errors.ts';
import { type CommandResult, type GoProgram, runCommand } from '../../process/index.ts';

/** `go list` and `go env` may have to fetch modules first. */
const LIST_TIMEOUT_SECONDS = 600;

export interface GoCall {
  /** Real path, no symlink in it: overlay keys below another spelling are silently ignored by `go`. */
  readonly cwd: string;
  readonly go: GoProgram;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutSeconds?: number;
  readonly cpus?: readonly number[] | null;
  readonly onStderr?: (chunk: string) => void;
}

/** Throws {@link UsageError} `GO_MISSING` when there is no `go` at all; a failing `go` is a result. */
export const callGo = async (call: GoCall, signal: AbortSignal): Promise<CommandResult> => {
  try {
    return await runCommand(
      {
        file: call.go.file,
        args: call.args,
        cwd: call.cwd,
        // `go` trusts PWD over the system where both name the same folder, and prints paths below it.
        env: { ...call.env, ...call.go.env, PWD: call.cwd },
        timeoutSeconds: call.timeoutSeconds ?? LIST_TIMEOUT_SECONDS,
        cpus: call.cpus ?? null,
        ...(call.onStderr !== undefined && { onStderr: call.onStderr }),
      },
      signal,
    );
  } catch (cause) {
    if (!(cause instanceof UsageError) || cause.code !== 'PROGRAM_MISSING') throw cause;
    throw new UsageError(
      'GO_MISSING',
      'Go was not found: there is no program `go` in PATH',
      'Install Go 1.22 or newer (https://go.dev/dl), in GitHub Actions with actions/setup-go, and try again.',
      { cause },
    );
  }
};
