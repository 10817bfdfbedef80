/**
 * Where waivers stand: in `godyno.waivers` of the working folder, and in trailers of the commits that are judged. The
 * file comes first, since everybody sees it; then the newest commit.
 */
import { readFile } from 'node:fs/promises';
import { parseWaiver, parseWaivers, WAIVER_TRAILER, type Waiver } from '../compare/index.ts';
import type { RunFile } from '../model/index.ts';
import { runCommand } from '../process/index.ts';

export const WAIVER_FILE = 'godyno.waivers';

const GIT_TIMEOUT_SECONDS = 30;
const COMMIT = /^[0-9a-f]{40,64}/;
/** Between commits and between a commit and its trailers: in neither. */
const END = '%x1e';
const SPLIT = '%x1f';

const fromFile = async (): Promise<readonly Waiver[]> => {
  const text = await readFile(WAIVER_FILE, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return '';
    throw cause;
  });
  return parseWaivers(text, WAIVER_FILE);
};

/** A dirty tree counts as its commit; a folder has no commits. */
const commitOf = (revision: string): string | null => COMMIT.exec(revision)?.[0] ?? null;

const fromCommits = async (run: RunFile, signal: AbortSignal): Promise<readonly Waiver[]> => {
  const base = commitOf(run.base.revision);
  const head = commitOf(run.head.revision);
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
    return lines.map((line) => parseWaiver(line, `commit ${commit}`));
  });
};

/** All waivers for this run, in the order in which they count. Throws UsageError `WAIVER_INVALID` with the place. */
export const collectWaivers = async (run: RunFile, signal: AbortSignal): Promise<readonly Waiver[]> => [
  ...(await fromFile()),
  ...(await fromCommits(run, signal)),
];

/** Today in UTC, as waivers write it. */
export const todayUtc = (now: Date): string => now.toISOString().slice(0, 10);
