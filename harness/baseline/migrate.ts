import { UsageError } from '../errors.ts';
import { RUN_SCHEMA_VERSION } from '../model/index.ts';

type Stored = Readonly<Record<string, unknown>>;

/** Schema version → what makes the next version of it. Baselines outlive godyno's versions; this is where they follow. */
export type Migrations = ReadonlyMap<number, (stored: Stored) => Stored>;

/** Version 1 is the first. */
const MIGRATIONS: Migrations = new Map();

const isStored = (value: unknown): value is Stored => typeof value === 'object' && value !== null;

/**
 * Brings a stored file's text up to `target`; text that is not ours passes unchanged to the parser, which says what is
 * wrong with it. Throws {@link UsageError} when there is no way from its version.
 */
export const migrate = (
  text: string,
  file: string,
  target: number = RUN_SCHEMA_VERSION,
  migrations: Migrations = MIGRATIONS,
): string => {
  const first = readVersioned(text);
  if (first === undefined || first.version >= target) return text;
  let stored = first.stored;
  for (let version = first.version; version < target; version += 1) {
    const step = migrations.get(version);
    if (step === undefined) throw tooOld(file, first.version, target);
    stored = { ...step(stored), schemaVersion: version + 1 };
  }
  return JSON.stringify(stored);
};

/** The stored object in `text` and its schema version; undefined where the text holds none. */
const readVersioned = (text: string): { readonly stored: Stored; readonly version: number } | undefined => {
  let stored: unknown;
  try {
    stored = JSON.parse(text);
  } catch {
    return undefined; // damaged: the parser that follows names file and place
  }
  if (!isStored(stored)) return undefined;
  const version = stored['schemaVersion'];
  return typeof version === 'number' ? { stored, version } : undefined;
};

const tooOld = (file: string, version: number, target: number): UsageError =>
  new UsageError(
    'BASELINE_TOO_OLD',
    `${file} has schema version ${version}; this godyno reads ${target} and cannot convert it`,
    'Record the baseline again with `godyno baseline record`.',
  );
