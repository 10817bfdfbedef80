/** What `calibrate` learns about a machine's noise, per scenario and machine: `<dir>/noise/<scenario>-<fingerprint>.json`. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { reasonOf, UsageError } from '../errors.ts';
import { folderName, NOISE_FOLDER } from './paths.ts';
import { writeFileWhole } from './write.ts';

const NOISE_SCHEMA_VERSION = 1;

export interface NoiseKey {
  /** The folder of all baselines. */
  readonly dir: string;
  readonly scenario: string;
  readonly fingerprint: string;
}

const pathOf = ({ dir, scenario, fingerprint }: NoiseKey): string =>
  join(dir, NOISE_FOLDER, `${folderName(scenario)}-${folderName(fingerprint)}.json`);

/** Writes any JSON value and returns the file's path. Throws {@link UsageError} when it cannot be written. */
export const storeNoise = async (key: NoiseKey, noise: unknown): Promise<string> => {
  const path = pathOf(key);
  const { scenario, fingerprint } = key;
  const stored = { schemaVersion: NOISE_SCHEMA_VERSION, scenario, fingerprint, noise };
  await writeFileWhole(path, `${JSON.stringify(stored, null, 2)}\n`);
  return path;
};

/** The value last stored, for its owner to parse; `undefined` when there is none. Throws {@link UsageError} when broken. */
export const loadNoise = async (key: NoiseKey): Promise<unknown> => {
  const path = pathOf(key);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw brokenNoise(path, reasonOf(error));
  }
  return noiseIn(text, path);
};

const noiseIn = (text: string, path: string): unknown => {
  let stored: unknown;
  try {
    stored = JSON.parse(text);
  } catch (error) {
    throw brokenNoise(path, reasonOf(error));
  }
  const fields: Readonly<Record<string, unknown>> = typeof stored === 'object' && stored !== null ? { ...stored } : {};
  const version = fields['schemaVersion'];
  if (version !== NOISE_SCHEMA_VERSION || !('noise' in fields)) {
    throw brokenNoise(
      path,
      `schemaVersion is ${JSON.stringify(version)}, expected ${NOISE_SCHEMA_VERSION} and a noise profile`,
    );
  }
  return fields['noise'];
};

const brokenNoise = (path: string, what: string): UsageError =>
  new UsageError('NOISE_BROKEN', `${path}: ${what}`, 'Delete the file and run `godyno calibrate` again.');
