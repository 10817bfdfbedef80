/** Calls `git` without its caller's environment, prompts, hooks or locks getting in the way. */
import { UsageError } from '../errors.ts';
import { type CommandResult, type ProcessEnv, runCommand } from '../process/index.ts';

/** Inside a git hook these point at another repository or index; the rest keeps answers in one form. */
const GIT_ENV: ProcessEnv = {
  GIT_DIR: undefined,
  GIT_WORK_TREE: undefined,
  GIT_INDEX_FILE: undefined,
  GIT_PREFIX: undefined,
  GIT_COMMON_DIR: undefined,
  GIT_TERMINAL_PROMPT: '0',
  GIT_OPTIONAL_LOCKS: '0',
  LC_ALL: 'C',
};

/** A lazy fetch of a partial clone, or LFS filters, may take a while. */
const GIT_TIMEOUT_SECONDS = 900;

/** Any git command; a non-zero exit is a result. Throws {@link UsageError} `GIT_MISSING`. */
export const tryGit = async (
  cwd: string,
  args: readonly string[],
  signal: AbortSignal,
  env: ProcessEnv = {},
): Promise<CommandResult> => {
  try {
    return await runCommand(
      { file: 'git', args, cwd, env: { ...GIT_ENV, ...env }, timeoutSeconds: GIT_TIMEOUT_SECONDS },
      signal,
    );
  } catch (cause) {
    if (!(cause instanceof UsageError) || cause.code !== 'PROGRAM_MISSING') throw cause;
    throw new UsageError(
      'GIT_MISSING',
      'git was not found: there is no program `git` in PATH',
      'Install git, or give both sides as folders: --base <folder> --head <folder>.',
      { cause },
    );
  }
};

/** Its output; throws `GIT_FAILED` with what git said when it fails. */
export const git = async (
  cwd: string,
  args: readonly string[],
  signal: AbortSignal,
  env: ProcessEnv = {},
): Promise<string> => {
  const result = await tryGit(cwd, args, signal, env);
  if (result.exitCode === 0) return result.stdout;
  throw new UsageError(
    'GIT_FAILED',
    `git ${args.find((arg) => !arg.startsWith('-')) ?? ''} failed in ${cwd}: ${result.stderr.trim() || (result.timedOut ? 'it did not end in time' : 'no message')}`,
    'Run `git fsck` there, and look whether the disk is full.',
  );
};

/** The parts of a `-z` list. */
export const splitNul = (text: string): readonly string[] => text.split('\0').filter((part) => part !== '');
