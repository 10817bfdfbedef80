/**
 * JSON from outside → our values. One parser per file kind; each failure says file, place and what was expected.
 *
 * The files are our own output, so these parsers check the shape a later step relies on (versions, arrays, sides)
 * rather than every leaf; a truncated or foreign file never gets past them.
 */
import { reasonOf, UsageError } from '../errors.ts';
import { COMPARISON_SCHEMA_VERSION, type Comparison } from './comparison.ts';
import type { BundleRef } from './bundle.ts';
import { COUNTS_SCHEMA_VERSION, type StoredCounts } from './counts.ts';
import { type LaunchCosts, LAUNCHES_SCHEMA_VERSION } from './stored-launches.ts';
import { RUN_SCHEMA_VERSION, type RunFile, type RunTiming } from './run.ts';

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What to do about a damaged file of each name. */
const DAMAGED: Readonly<Record<string, string>> = {
  'run.json':
    'It is truncated or damaged, and nothing else holds these measurements: take it from the artifact of the job or a copy, or measure again with `godyno run`.',
  'comparison.json':
    'It is truncated or damaged: `godyno report DIR` makes it again from the run.json beside it; without that, measure again.',
  'bundle.json':
    'It is truncated or damaged: restore it from git, or delete it, which leaves the baseline without its bundle.',
  'counts.json':
    'It is truncated or damaged: restore it from git, or delete it; the baseline is then one without counted instructions.',
  'launches.json':
    'It is truncated or damaged: restore it from git, or delete it; functions are then not compared with this baseline.',
  'baseline.json':
    'It is truncated or damaged: restore it from git, or delete its folder and record the baseline again.',
};

const hintFor = (file: string): string =>
  DAMAGED[file.slice(file.lastIndexOf('/') + 1)] ??
  'Name the output folder of a run, or its run.json. If this is one, it is truncated or damaged.';

const refuse = (file: string, what: string): never => {
  throw new UsageError('FILE_BROKEN', `${file}: ${what}`, hintFor(file));
};

const parseJson = (text: string, file: string): Record<string, unknown> => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new UsageError('FILE_BROKEN', `${file} is not complete JSON: ${reasonOf(cause)}`, hintFor(file), { cause });
  }
  return isObject(value) ? value : refuse(file, 'expected a JSON object');
};

const checkVersion = (value: Record<string, unknown>, supported: number, file: string): void => {
  const version = value['schemaVersion'];
  if (version === supported) return;
  if (typeof version === 'number' && version > supported) {
    throw new UsageError(
      'FILE_NEWER',
      `${file} has schema version ${version}; this godyno reads ${supported}`,
      'Update godyno, or make the file again with this version.',
    );
  }
  if (typeof version === 'number') {
    throw new UsageError(
      'FILE_OLDER',
      `${file} has schema version ${version}, of an older godyno; this one reads ${supported}`,
      /\/(?:baseline|counts)\.json$/.test(file)
        ? 'Record the baseline again: godyno baseline record.'
        : 'Measure again with this version: godyno run.',
    );
  }
  const found = version === undefined ? 'it has no schemaVersion' : `schemaVersion is ${JSON.stringify(version)}`;
  refuse(file, `${found}, expected ${supported}`);
};

const requireKeys = (
  value: unknown,
  keys: Readonly<Record<string, 'array' | 'object' | 'string' | 'number'>>,
  at: string,
  file: string,
): void => {
  if (!isObject(value)) return refuse(file, `${at}: expected an object`);
  for (const [key, kind] of Object.entries(keys)) {
    const found = value[key];
    const fits = kind === 'array' ? Array.isArray(found) : kind === 'object' ? isObject(found) : typeof found === kind;
    if (!fits)
      refuse(file, `${at}.${key}: expected ${kind === 'array' || kind === 'object' ? `an ${kind}` : `a ${kind}`}`);
  }
};

/** Keys that came later: a number, or not there. */
const optionalNumbers = (value: unknown, keys: readonly string[], at: string, file: string): void => {
  for (const key of keys) {
    const found = field(value, key);
    if (found !== undefined && typeof found !== 'number') refuse(file, `${at}.${key}: expected a number`);
  }
};

const each = (value: unknown, check: (item: unknown, index: number) => void): void => {
  if (Array.isArray(value)) value.forEach(check);
};

const field = (value: unknown, key: string): unknown => (isObject(value) ? value[key] : undefined);

const requireWindow = (value: unknown, at: string, file: string): void => {
  requireKeys(
    value,
    { planned: 'number', answered: 'number', lost: 'number', counters: 'object', routes: 'array' },
    at,
    file,
  );
};

const TIMING_SINCE = [
  'wholeSeconds',
  'exactSeconds',
  'exactBuildSeconds',
  'stopSeconds',
] as const satisfies readonly (keyof RunTiming)[];

const requireScenarioRun = (run: unknown, at: string, file: string): void => {
  requireKeys(
    run,
    {
      scenario: 'object',
      settings: 'object',
      builds: 'object',
      launches: 'array',
      timing: 'object',
      notes: 'array',
      stop: 'string',
    },
    at,
    file,
  );
  requireKeys(
    field(run, 'scenario'),
    { name: 'string', digest: 'string', target: 'object', load: 'object', measure: 'object', gates: 'object' },
    `${at}.scenario`,
    file,
  );
  optionalNumbers(field(run, 'timing'), TIMING_SINCE, `${at}.timing`, file);
  requireKeys(field(run, 'builds'), { base: 'object', head: 'object' }, `${at}.builds`, file);
  each(field(run, 'launches'), (launch, index) => {
    const place = `${at}.launches[${index}]`;
    requireKeys(launch, { index: 'number', stage: 'string', pairs: 'array', sides: 'object' }, place, file);
    optionalNumbers(launch, ['endedSeconds'], place, file);
    requireKeys(field(launch, 'sides'), { base: 'object', head: 'object' }, `${place}.sides`, file);
    each(field(launch, 'pairs'), (pair, number) => {
      requireWindow(field(pair, 'base'), `${place}.pairs[${number}].base`, file);
      requireWindow(field(pair, 'head'), `${place}.pairs[${number}].head`, file);
    });
  });
};

/** They become a line to paste. */
const requireWords = (commandLine: unknown, file: string): void => {
  requireKeys(commandLine, { args: 'array', flags: 'array' }, '$.commandLine', file);
  for (const key of ['args', 'flags']) {
    each(field(commandLine, key), (word, index) => {
      if (typeof word !== 'string') refuse(file, `$.commandLine.${key}[${index}]: expected a string`);
    });
  }
};

/** Reads `run.json`. Throws {@link UsageError} naming `file` and the place that is wrong. */
export const parseRunFile = (text: string, file: string): RunFile => {
  const value = parseJson(text, file);
  checkVersion(value, RUN_SCHEMA_VERSION, file);
  requireKeys(
    value,
    { seed: 'number', base: 'object', head: 'object', environment: 'object', diff: 'array', runs: 'array' },
    '$',
    file,
  );
  optionalNumbers(value, ['sourcesSeconds'], '$', file);
  if (value['commandLine'] !== undefined) requireWords(value['commandLine'], file);
  each(value['runs'], (run, index) => requireScenarioRun(run, `$.runs[${index}]`, file));
  return value as unknown as RunFile;
};

/** Reads `comparison.json`. Throws {@link UsageError} naming `file` and the place that is wrong. */
export const parseComparison = (text: string, file: string): Comparison => {
  const value = parseJson(text, file);
  checkVersion(value, COMPARISON_SCHEMA_VERSION, file);
  requireKeys(value, { verdict: 'string', base: 'object', head: 'object', scenarios: 'array' }, '$', file);
  each(value['scenarios'], (scenario, index) =>
    requireKeys(
      scenario,
      { scenario: 'string', verdict: 'string', metrics: 'array', functions: 'array' },
      `$.scenarios[${index}]`,
      file,
    ),
  );
  return value as unknown as Comparison;
};

/** Reads a baseline's `bundle.json`. Throws {@link UsageError} naming `file` and the place that is wrong. */
export const parseBundleRef = (text: string, file: string): BundleRef => {
  const value = parseJson(text, file);
  requireKeys(value, { digest: 'string', bytes: 'number' }, '$', file);
  const { digest, bytes } = value as unknown as BundleRef;
  if (!/^[0-9a-f]{64}$/.test(digest)) refuse(file, '$.digest: expected a sha256');
  return { digest, bytes };
};

const isPerLaunch = (value: unknown, launches: number): boolean =>
  typeof value === 'number' ||
  (Array.isArray(value) && value.length === launches && value.every((each) => typeof each === 'number'));

const requireFunction = (
  value: unknown,
  at: string,
  counts: { launches: number; files: number },
  file: string,
): void => {
  requireKeys(value, { name: 'string', file: 'number', lines: 'array', group: 'string' }, at, file);
  const place = field(value, 'file');
  if (typeof place === 'number' && !(place >= 0 && place < counts.files)) refuse(file, `${at}.file: no such file`);
  for (const key of ['instructions', 'calls', 'idle']) {
    if (!isPerLaunch(field(value, key), counts.launches))
      refuse(file, `${at}.${key}: expected a number, or one for each launch`);
  }
};

const lengthOf = (value: unknown): number => (Array.isArray(value) ? value.length : 0);

/** Reads `counts.json` of a baseline. Throws {@link UsageError} naming `file` and the place that is wrong. */
export const parseCounts = (text: string, file: string): StoredCounts => {
  const value = parseJson(text, file);
  checkVersion(value, COUNTS_SCHEMA_VERSION, file);
  requireKeys(
    value,
    { scenario: 'string', conditions: 'object', launches: 'array', files: 'array', functions: 'array' },
    '$',
    file,
  );
  requireKeys(
    value['conditions'],
    { goVersion: 'string', goSettings: 'object', engineVersion: 'string', seed: 'number', requests: 'number' },
    '$.conditions',
    file,
  );
  each(value['launches'], (launch, index) =>
    requireKeys(
      launch,
      { index: 'number', requests: 'number', windowSeconds: 'number', idleSeconds: 'number', syscalls: 'object' },
      `$.launches[${index}]`,
      file,
    ),
  );
  const counts = { launches: lengthOf(value['launches']), files: lengthOf(value['files']) };
  each(value['functions'], (one, index) => requireFunction(one, `$.functions[${index}]`, counts, file));
  return value as unknown as StoredCounts;
};

/** Reads `launches.json` of a baseline. Throws {@link UsageError} naming `file` and the place that is wrong. */
export const parseLaunchCosts = (text: string, file: string): LaunchCosts => {
  const value = parseJson(text, file);
  checkVersion(value, LAUNCHES_SCHEMA_VERSION, file);
  requireKeys(value, { scenario: 'string', sessions: 'array', launches: 'array' }, '$', file);
  each(value['sessions'], (session, index) =>
    requireKeys(session, { createdAt: 'string', seed: 'number' }, `$.sessions[${index}]`, file),
  );
  const sessions = lengthOf(value['sessions']);
  each(value['launches'], (launch, index) => requireLaunchCosts(launch, `$.launches[${index}]`, sessions, file));
  return value as unknown as LaunchCosts;
};

const requireLaunchCosts = (launch: unknown, at: string, sessions: number, file: string): void => {
  requireKeys(launch, { session: 'number', kinds: 'object' }, at, file);
  const session = field(launch, 'session');
  if (typeof session !== 'number' || !Number.isInteger(session) || session < 0 || session >= sessions)
    refuse(file, `${at}.session: expected one of the ${sessions} sessions`);
  for (const [kind, span] of Object.entries(field(launch, 'kinds') ?? {})) {
    requireKeys(span, { requests: 'number' }, `${at}.kinds.${kind}`, file);
    optionalNumbers(span, ['perRequest'], `${at}.kinds.${kind}`, file);
  }
};
