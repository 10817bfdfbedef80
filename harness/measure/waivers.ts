/**
 * Where waivers stand: in `godyno.waivers` of the working folder, and in trailers of the commits that are judged. The
 * file comes first, since everybody sees it; then the newest commit. Both are read before anything is measured, so that
 * a slip of the pen costs a second and not the run.
 */
import { readFile } from 'node:fs/promises';
import { parseWaiver, parseWaivers, WAIVER_TRAILER, type Waiver } from '../compare/index.ts';
import { reasonOf, UsageError } from '../errors.ts';
import type { BySide, Revision } from '../model/index.ts';
import { runCommand } from '../process/index.ts';

export const WAIVER_FILE = 'godyno.waivers';

const GIT_TIMEOUT_SECONDS = 30;
const COMMIT = /^[0-9a-f]{40,64}/;
/** Between commits and between a commit and its trailers: in neither. */
const END = '%x1e';
const SPLIT = '%x1f';

/** Of the working folder. Throws UsageError `WAIVER_INVALID` with file and line, `WAIVERS_UNREADABLE`. */
export const waiversInFile = async (): Promise<readonly Waiver[]> => {
  const text = await readFile(WAIVER_FILE, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return '';
    const hint = 'It holds a waiver on each line; remove it if it is not meant for godyno.';
    throw new UsageError('WAIVERS_UNREADABLE', `${WAIVER_FILE} cannot be read: ${reasonOf(cause)}`, hint, { cause });
  });
  return parseWaivers(text, WAIVER_FILE);
};

/** A dirty tree counts as its commit; a folder has no commits. */
const commitOf = (revision: string): string | null => COMMIT.exec(revision)?.[0] ?? null;

/** A message cannot be mended by another commit, so the hint says what can be done. */
const waiverOfCommit = (line: string, commit: string): Waiver => {
  try {
    return parseWaiver(line, `commit ${commit}`);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const hint = `${error.hint} Reword that commit (git rebase -i), or put the line into ${WAIVER_FILE} and drop the trailer.`;
    throw new UsageError(error.code, error.message, hint, { cause: error });
  }
};

/** Of the commits that head has and base has not. Throws UsageError `WAIVER_INVALID` with the commit. */
export const waiversInCommits = async (sides: BySide<Revision>, signal: AbortSignal): Promise<readonly Waiver[]> => {
  const base = commitOf(sides.base.revision);
  const head = commitOf(sides.head.revision);
  if (base === null || head === null || base === head) return [];
  const format = `--format=%h${SPLIT}%(trailers:key=${WAIVER_TRAILER},valueonly,unfold)${END}`;
  const { exitCode, stdout } = await runCommand(
    { file: 'git', args: ['log', format, `${base}..${head}`], cwd: '.', timeoutSeconds: GIT_TIMEOUT_SECONDS },
    signal,
  );
  // A history that does not hold both was said elsewhere; it holds no waivers then.
  if (exitCode !== 0) return [];
  return stdout.split('\u001e').flatMap((record) => {
    const [commit = '', trailers = ''] = record.trim().split('\u001f');
    const lines = trailers.split('\n').filter((line) => line.trim() !== '');
    return lines.map((line) => waiverOfCommit(line, commit));
  });
};

/** Today in UTC, as waivers write it. */
export const todayUtc = (now: Date): string => now.toISOString().slice(0, 10);
