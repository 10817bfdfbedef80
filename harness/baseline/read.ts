import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { reasonOf, UsageError } from '../errors.ts';
import {
  type BundleRef,
  parseBundleRef,
  parseCounts,
  parseLaunchCosts,
  parseRunFile,
  PROFILE_FILES,
  type ProfileKind,
  type Revision,
  type RunFile,
  type ScenarioRun,
  type StoredCounts,
  type StoredLaunches,
} from '../model/index.ts';
import { migrate } from './migrate.ts';
import { isCommit, NOISE_FOLDER, scenarioFolder } from './paths.ts';

export const RUN_FILE = 'baseline.json';
export const COUNTS_FILE = 'counts.json';
export const LAUNCHES_FILE = 'launches.json';
export const PROFILE_SUFFIX = '.pb.gz';
/** Before the kind of a profile that tells its launches apart. */
export const LAUNCHES_PREFIX = 'launches-';
export const BUNDLE_FILE = 'bundle.json';

/** A stored baseline without its windows. */
export interface BaselineEntry {
  /** Its folder. */
  readonly path: string;
  readonly scenario: string;
  readonly revision: Revision;
  /** The commit to rebuild; null for what history cannot give back (a dirty tree, a plain folder). */
  readonly commit: string | null;
  /** Of the scenario; another digest means that something else was measured. */
  readonly digest: string;
  readonly fingerprint: string;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly goVersion: string;
  readonly profileKinds: readonly string[];
  /** What its service can be linked and started from again; null: none was made. */
  readonly bundle: BundleRef | null;
  /** Whether its instructions were counted. */
  readonly isCounted: boolean;
  /** Whether the profiles of its launches are kept, one by one. */
  readonly hasLaunches: boolean;
  /** Of all its files, as they lie in the folder. */
  readonly bytes: number;
}

export interface Baseline {
  readonly entry: BaselineEntry;
  /** The whole run with its own noise; both sides are the recorded revision. */
  readonly run: RunFile;
  readonly scenarioRun: ScenarioRun;
  /** Kind → gzipped pprof, merged over the run's launches. */
  readonly profiles: ReadonlyMap<string, Uint8Array>;
  /** null: it was not counted. */
  readonly counts: StoredCounts | null;
  /** Profiles launch by launch; null: none were kept. */
  readonly launches: StoredLaunches | null;
}

const isAbsent = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';

const unreadable = (path: string, cause: unknown): UsageError =>
  new UsageError(
    'BASELINE_UNREADABLE',
    `Cannot read ${path}: ${reasonOf(cause)}`,
    'Check the path and its permissions.',
    { cause },
  );

const broken = (path: string, what: string, cause?: unknown): UsageError =>
  new UsageError(
    'BASELINE_BROKEN',
    `${path}: ${what}`,
    'Restore the file from git, or delete its folder and record the baseline again.',
    { cause },
  );

/** Names in a folder, sorted; none when there is no such folder, which is the one failure that means "nothing yet". */
const namesIn = async (dir: string): Promise<readonly string[]> => {
  try {
    return (await readdir(dir)).toSorted();
  } catch (error) {
    if (isAbsent(error)) return [];
    throw unreadable(dir, error);
  }
};

/** Dotted names are unfinished writes, or files of the system. */
const foldersIn = async (dir: string): Promise<readonly string[]> => {
  try {
    const entries = await readdir(dir, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
      .map((entry) => entry.name)
      .toSorted();
  } catch (error) {
    if (isAbsent(error)) return [];
    throw unreadable(dir, error);
  }
};

/** Every baseline below `dir`, by scenario, oldest first. Throws {@link UsageError} naming the first broken one. */
export const listBaselines = async (dir: string): Promise<readonly BaselineEntry[]> => {
  const scenarios = (await foldersIn(dir)).filter((name) => name !== NOISE_FOLDER);
  const lists = await Promise.all(scenarios.map((name) => entriesIn(join(dir, name))));
  return lists.flat();
};

/** One scenario's baselines, oldest first. */
export const listBaselinesOf = (dir: string, scenario: string): Promise<readonly BaselineEntry[]> =>
  entriesIn(scenarioFolder(dir, scenario));

const entriesIn = async (folder: string): Promise<readonly BaselineEntry[]> => {
  const paths = (await foldersIn(folder)).map((name) => join(folder, name));
  const entries = await Promise.all(paths.map(entryAt));
  return entries
    .filter((entry) => entry !== undefined)
    .toSorted((one, other) => one.createdAt.localeCompare(other.createdAt) || one.path.localeCompare(other.path));
};

/** `undefined` for an empty folder, which git may leave behind when it takes a baseline away. */
const entryAt = async (path: string): Promise<BaselineEntry | undefined> => {
  const names = await namesIn(path);
  return names.length === 0 ? undefined : entryIn(path, await readRun(join(path, RUN_FILE)), names);
};

const entryIn = async (path: string, run: RunFile, names: readonly string[]): Promise<BaselineEntry> => {
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(path, name))).size));
  const bytes = sizes.reduce((total, size) => total + size, 0);
  return entryOf(path, run, names, { bundle: await bundleIn(path, names), bytes });
};

const textOf = async (file: string): Promise<string> => {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw isAbsent(error) ? broken(file, 'missing', error) : unreadable(file, error);
  }
};

const bundleIn = async (folder: string, names: readonly string[]): Promise<BundleRef | null> => {
  if (!names.includes(BUNDLE_FILE)) return null;
  const file = join(folder, BUNDLE_FILE);
  return parseBundleRef(await textOf(file), file);
};

const readRun = async (file: string): Promise<RunFile> => {
  const text = await textOf(file);
  return parseRunFile(migrate(text, file), file);
};

const readCounts = async ({ path, isCounted }: BaselineEntry): Promise<StoredCounts | null> => {
  const file = join(path, COUNTS_FILE);
  return isCounted ? parseCounts(await textOf(file), file) : null;
};

export const launchesFile = (kind: ProfileKind): string => `${LAUNCHES_PREFIX}${kind}${PROFILE_SUFFIX}`;

const readLaunches = async (folder: string, names: readonly string[]): Promise<StoredLaunches | null> => {
  if (!names.includes(LAUNCHES_FILE)) return null;
  const file = join(folder, LAUNCHES_FILE);
  const costs = parseLaunchCosts(await textOf(file), file);
  const profiles = new Map<ProfileKind, Uint8Array>();
  for (const kind of PROFILE_FILES.filter((each) => names.includes(launchesFile(each)))) {
    const bytes = await readProfile(join(folder, launchesFile(kind)));
    if (bytes !== null) profiles.set(kind, bytes);
  }
  return { costs, profiles };
};

const isMerged = (name: string): boolean => name.endsWith(PROFILE_SUFFIX) && !name.startsWith(LAUNCHES_PREFIX);

const entryOf = (
  path: string,
  run: RunFile,
  names: readonly string[],
  held: Pick<BaselineEntry, 'bundle' | 'bytes'>,
): BaselineEntry => {
  const part = onlyRun(path, run);
  return {
    path,
    scenario: part.scenario.name,
    revision: run.head,
    commit: isCommit(run.head) ? run.head.revision : null,
    digest: part.scenario.digest,
    fingerprint: run.environment.fingerprint,
    createdAt: run.createdAt,
    goVersion: part.builds.head.goVersion,
    profileKinds: names.filter(isMerged).map((name) => basename(name, PROFILE_SUFFIX)),
    ...held,
    isCounted: names.includes(COUNTS_FILE),
    hasLaunches: names.includes(LAUNCHES_FILE),
  };
};

const onlyRun = (path: string, run: RunFile): ScenarioRun => {
  const [part, ...others] = run.runs;
  if (part === undefined || others.length > 0) {
    throw broken(join(path, RUN_FILE), `holds ${run.runs.length} scenarios instead of one`);
  }
  return part;
};

/** The baseline in this folder, or of this `baseline.json`. Throws {@link UsageError} when it is missing or damaged. */
export const loadBaseline = async (path: string): Promise<Baseline> => {
  const folder = basename(path) === RUN_FILE ? join(path, '..') : path;
  const run = await readRun(join(folder, RUN_FILE));
  const names = await namesIn(folder);
  const entry = await entryIn(folder, run, names);
  const profiles = new Map<string, Uint8Array>();
  for (const kind of entry.profileKinds) {
    const bytes = await readProfile(join(folder, `${kind}${PROFILE_SUFFIX}`));
    if (bytes !== null) profiles.set(kind, bytes);
  }
  const [counts, launches] = [await readCounts(entry), await readLaunches(folder, names)];
  return { entry, run, scenarioRun: onlyRun(folder, run), profiles, counts, launches };
};

/** Unpacked once only to see that it is whole: gzip ends with a checksum. null: it is not, and explains nothing. */
const readProfile = async (file: string): Promise<Uint8Array | null> => {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (error) {
    throw unreadable(file, error);
  }
  try {
    gunzipSync(bytes);
  } catch {
    return null;
  }
  return bytes;
};
