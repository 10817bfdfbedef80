/** Finds what a word of the command line means: a run's folder, its run.json, or a stored baseline. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Baseline, type BaselineEntry, BASELINE_FILE, listBaselines, loadBaseline } from '../baseline/index.ts';
import { UsageError } from '../errors.ts';
import { parseRunFile, type RunFile } from '../model/index.ts';
import { RUN_FILE } from './layout.ts';

export interface StoredRun {
  readonly run: RunFile;
  /** Folder the run's profile paths are relative to; null for a baseline. */
  readonly dir: string | null;
  readonly baseline: Baseline | null;
}

const kindOf = async (path: string): Promise<'file' | 'folder' | 'nothing'> => {
  const found = await stat(path).catch(() => null);
  if (found === null) return 'nothing';
  return found.isDirectory() ? 'folder' : 'file';
};

const NAME_A_RUN = 'Name the output folder of a run; .godyno/latest is the last one.';

const has = async (folder: string, name: string): Promise<boolean> => (await kindOf(join(folder, name))) === 'file';

const readRun = async (file: string, dir: string): Promise<StoredRun> => ({
  run: parseRunFile(await readFile(file, 'utf8'), file),
  dir,
  baseline: null,
});

const fromBaseline = async (path: string): Promise<StoredRun> => {
  const baseline = await loadBaseline(path);
  return { run: baseline.run, dir: null, baseline };
};

/** Throws UsageError for a folder that holds neither a run nor a baseline, naming the run that is meant. */
const refuseParent = async (folder: string): Promise<void> => {
  if (await has(folder, BASELINE_FILE)) return;
  const names = await readdir(folder);
  const runs: string[] = [];
  for (const name of names.toSorted()) if (await has(join(folder, name), RUN_FILE)) runs.push(name);
  const meant = runs.includes('latest') ? 'latest' : runs.at(-1);
  throw new UsageError(
    'NO_RUN_HERE',
    `There is no ${RUN_FILE} in ${folder}${meant === undefined ? '' : `; did you mean ${join(folder, meant)}?`}`,
    meant === undefined
      ? 'Name the output folder of a run that ended (.godyno/latest is the last one), or a stored baseline.'
      : `It holds ${runs.length === 1 ? 'a run' : `${runs.length} runs`}; name one.`,
  );
};

/** Reads the run that `word` names. Throws UsageError when nothing is there or it is broken. */
export const openStored = async (word: string, baselinesDir: string): Promise<StoredRun> => {
  const kind = await kindOf(word);
  if (kind === 'file') return readRun(word, join(word, '..'));
  if (kind === 'folder' && (await has(word, RUN_FILE))) return readRun(join(word, RUN_FILE), word);
  if (kind === 'folder') {
    await refuseParent(word);
    return fromBaseline(word);
  }
  return fromBaseline((await baselineNamed(word, baselinesDir)).path);
};

export interface OpenedRun {
  readonly run: RunFile;
  /** Its folder, which its profiles' paths are relative to. */
  readonly dir: string;
}

/** Reads a run by its folder or its run.json. Throws UsageError for anything else, a baseline too. */
export const openRun = async (word: string): Promise<OpenedRun> => {
  if ((await kindOf(word)) === 'nothing') throw new UsageError('NO_SUCH_RUN', `There is no folder ${word}`, NAME_A_RUN);
  const { run, dir } = await openStored(word, '');
  if (dir !== null) return { run, dir };
  const hint = `\`godyno baseline show ${word}\` shows it. ${NAME_A_RUN}`;
  throw new UsageError('NOT_A_RUN', `${word} is a baseline, not a run`, hint);
};

/** The newest of a scenario. */
const newestOf = (scenario: string, entries: readonly BaselineEntry[]): readonly BaselineEntry[] =>
  entries
    .filter((entry) => entry.scenario === scenario)
    .toSorted((left, right) => right.createdAt.localeCompare(left.createdAt))
    .slice(0, 1);

/** A baseline by its folder's name, its commit, `<scenario>/<folder>`, or the newest of a scenario by its name. */
export const baselineNamed = async (word: string, baselinesDir: string): Promise<BaselineEntry> => {
  const entries = await listBaselines(baselinesDir);
  const fits = entries.filter(
    ({ path, commit, revision }) => path.endsWith(`/${word}`) || (commit ?? revision.revision).startsWith(word),
  );
  const [found, ...others] = fits.length > 0 ? fits : newestOf(word, entries);
  if (found !== undefined && others.length === 0) return found;
  throw new UsageError(
    found === undefined ? 'NO_SUCH_BASELINE' : 'BASELINE_AMBIGUOUS',
    found === undefined
      ? `There is no file or folder ${word}, and no baseline of that name in ${baselinesDir}`
      : `${word} fits ${fits.length} baselines: ${fits.map(({ path }) => path).join(', ')}`,
    `\`godyno baseline list\` shows what is stored${entries.length === 0 ? ' (nothing yet)' : ''}.`,
  );
};
