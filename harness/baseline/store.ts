import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { reasonOf, UsageError } from '../errors.ts';
import type { BundleRef, RunFile, StoredCounts, StoredLaunches } from '../model/index.ts';
import { baselineName, scenarioFolder } from './paths.ts';
import {
  type BaselineEntry,
  BUNDLE_FILE,
  COUNTS_FILE,
  LAUNCHES_FILE,
  launchesFile,
  listBaselinesOf,
  PROFILE_SUFFIX,
  RUN_FILE,
} from './read.ts';
import { checkStorable, leanRun } from './stored-run.ts';
import { writeFileWhole, writeFolderWhole } from './write.ts';

export interface BaselineToStore {
  /** The folder of all baselines, e.g. `baselines`. */
  readonly dir: string;
  /** One scenario, a revision against itself ({@link runOfScenario}). */
  readonly run: RunFile;
  /** Kind → gzipped pprof, merged over launches. */
  readonly profiles: ReadonlyMap<string, Uint8Array>;
  /** Left out: none was made. */
  readonly bundle?: BundleRef | undefined;
  /** Of head, counted alone; left out: it was not counted. */
  readonly counts?: StoredCounts;
  /** Profiles launch by launch; left out: there were none. */
  readonly launches?: StoredLaunches;
  /** How many baselines of this scenario and machine are kept, this one included. */
  readonly keep: number;
}

export interface StoredBaseline {
  readonly path: string;
  /** Folders of older baselines that were removed. */
  readonly pruned: readonly string[];
}

/**
 * Stores a baseline, replacing one of the same commit and machine, and removes the oldest beyond `keep`.
 * Throws {@link InvalidMeasurementError} for a run that is not worth keeping, {@link UsageError} when the folder cannot
 * be written or holds a broken baseline; then nothing has changed.
 */
export const storeBaseline = async (baseline: BaselineToStore): Promise<StoredBaseline> => {
  const { dir, run, keep } = baseline;
  const { scenario } = checkStorable(run);
  const path = join(scenarioFolder(dir, scenario.name), baselineName(run.head, run.environment.fingerprint));
  // Read before anything is written, so that a broken neighbour is reported while everything is as it was.
  const others = (await listBaselinesOf(dir, scenario.name)).filter((entry) => entry.path !== path);
  await writeFolderWhole(path, filesOf(baseline));
  return { path, pruned: await prune(others, run.environment.fingerprint, keep) };
};

/**
 * One more session of what a baseline was recorded of; `launches` holds those before it. Throws
 * {@link InvalidMeasurementError} for a run that is not worth keeping, {@link UsageError} when it cannot be written.
 */
export const addSession = async (entry: BaselineEntry, run: RunFile, launches: StoredLaunches): Promise<void> => {
  checkStorable(run);
  for (const [name, bytes] of launchFiles(launches)) await writeFileWhole(join(entry.path, name), bytes);
};

const filesOf = ({
  run,
  profiles,
  bundle,
  counts,
  launches,
}: BaselineToStore): ReadonlyMap<string, string | Uint8Array> =>
  new Map<string, string | Uint8Array>([
    [RUN_FILE, `${JSON.stringify(leanRun(run))}\n`],
    ...(bundle === undefined ? [] : [[BUNDLE_FILE, `${JSON.stringify(bundle)}\n`] as const]),
    ...(counts === undefined ? [] : [[COUNTS_FILE, countsText(counts)] as const]),
    ...(launches === undefined ? [] : launchFiles(launches)),
    ...[...profiles].map(([kind, bytes]) => [`${kind}${PROFILE_SUFFIX}`, bytes] as const),
  ]);

/** What tells launches apart comes last: profiles that hold more of them than it knows are read all the same. */
const launchFiles = ({ costs, profiles }: StoredLaunches): readonly (readonly [string, string | Uint8Array])[] => [
  ...[...profiles].map(([kind, bytes]) => [launchesFile(kind), bytes] as const),
  [LAUNCHES_FILE, `${JSON.stringify(costs)}\n`],
];

/** A function a line: what changes between two baselines is what git shows. */
const countsText = ({ functions, ...rest }: StoredCounts): string => {
  const lines = functions.map((each) => JSON.stringify(each)).join(',\n');
  return `${JSON.stringify(rest).slice(0, -1)},"functions":[\n${lines}\n]}\n`;
};

/** Other machines' baselines stay: each machine prunes its own. */
const prune = async (
  others: readonly BaselineEntry[],
  fingerprint: string,
  keep: number,
): Promise<readonly string[]> => {
  const own = others.filter((entry) => entry.fingerprint === fingerprint);
  const surplus = own.slice(0, Math.max(0, own.length - Math.max(0, keep - 1)));
  for (const { path } of surplus) await remove(path);
  return surplus.map(({ path }) => path);
};

const remove = async (path: string): Promise<void> => {
  try {
    await rm(path, { recursive: true });
  } catch (cause) {
    throw new UsageError(
      'BASELINE_NOT_PRUNED',
      `The baseline is stored, but the old one at ${path} cannot be removed: ${reasonOf(cause)}`,
      'Remove the folder yourself.',
      { cause },
    );
  }
};
