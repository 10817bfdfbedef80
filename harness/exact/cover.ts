/** Go's coverage counters as an engine: they need nothing but Go, and count calls, not instructions. */
import { GodynoError } from '../errors.ts';
import { runCommand, USERS_GO } from '../process/index.ts';
import type { Missing, ProbeRequest } from './qemu.ts';

export interface CoverEngine {
  readonly kind: 'cover';
}

const PROBE_SECONDS = 60;
const HINT = 'Install Go 1.22 or newer from https://go.dev/dl, which has all of its tools.';

/** Whether this Go can build with counters. Throws only the abort's reason. */
export const probeCover = async (request: ProbeRequest): Promise<CoverEngine | Missing> => {
  const { file, env } = request.go ?? USERS_GO;
  try {
    const result = await runCommand(
      {
        file,
        args: ['tool', '-n', 'cover'],
        cwd: request.workDir,
        timeoutSeconds: PROBE_SECONDS,
        env: request.path === undefined ? env : { ...env, PATH: request.path },
      },
      request.signal,
    );
    if (result.exitCode === 0) return { kind: 'cover' };
    return { reason: `go has no cover tool: ${result.stderr.trim().split('\n').at(-1) ?? ''}`, hint: HINT };
  } catch (cause) {
    if (cause instanceof GodynoError && cause.code === 'PROGRAM_MISSING') return { reason: cause.message, hint: HINT };
    throw cause;
  }
};
