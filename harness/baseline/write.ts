/**
 * Writing that happens wholly or not at all: everything goes into a sibling with a dotted name first and is renamed into
 * place, so that a full disk or an interruption leaves what was there before.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm, rmdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { reasonOf, UsageError } from '../errors.ts';
import { makeFolder } from '../folders.ts';

const siblingOf = (path: string): string =>
  join(dirname(path), `.${basename(path)}.${process.pid}-${randomBytes(4).toString('hex')}`);

/** Runs `make`, which writes a sibling of `path` and renames it into place; of a failed attempt nothing is left. */
const withSibling = async (path: string, make: (sibling: string) => Promise<void>): Promise<void> => {
  const sibling = siblingOf(path);
  try {
    await makeFolder(dirname(path));
    await make(sibling);
  } catch (cause) {
    // Where even this fails, the first failure is still the one to tell.
    await rm(sibling, { recursive: true, force: true }).catch(() => undefined);
    throw unwritable(path, cause);
  }
};

const unwritable = (path: string, cause: unknown): UsageError => {
  const why = reasonOf(cause);
  return new UsageError(
    'BASELINE_UNWRITABLE',
    `Cannot write ${path}: ${why}`,
    'Check the permissions of the folder and the space left on its disk. Nothing was changed.',
    { cause },
  );
};

/**
 * Makes sure that baselines can be stored below `dir`, before they cost minutes: a file is made there and removed, and
 * a folder that was made for it, too. Throws {@link UsageError}.
 */
export const checkWritable = async (dir: string): Promise<void> => {
  const probe = siblingOf(join(dir, 'probe'));
  try {
    await makeFolder(dir);
    await writeThrough(probe, '');
  } catch (cause) {
    throw unwritable(dir, cause);
  } finally {
    await rm(probe, { force: true }).catch(() => undefined);
    // Only where it is empty: somebody's folder of baselines is not.
    await rmdir(dir).catch(() => undefined);
  }
};

/** The bytes are on the disk, not only promised to be, when this returns. */
const writeThrough = async (path: string, bytes: string | Uint8Array): Promise<void> => {
  const file = await open(path, 'wx');
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
};

/** Replaces the file at `path`. Throws {@link UsageError} when it cannot. */
export const writeFileWhole = (path: string, bytes: string | Uint8Array): Promise<void> =>
  withSibling(path, async (sibling) => {
    await writeThrough(sibling, bytes);
    await rename(sibling, path);
  });

/** Replaces the folder at `path` by one with exactly these files. Throws {@link UsageError} when it cannot. */
export const writeFolderWhole = (path: string, files: ReadonlyMap<string, string | Uint8Array>): Promise<void> =>
  withSibling(path, async (sibling) => {
    await mkdir(sibling);
    for (const [name, bytes] of files) await writeThrough(join(sibling, name), bytes);
    await replaceFolder(sibling, path);
  });

/** A folder cannot be renamed over a full one, so the old one steps aside, and comes back if the new one cannot. */
const replaceFolder = async (fresh: string, path: string): Promise<void> => {
  const old = siblingOf(path);
  const moved = await moveAside(path, old);
  try {
    await rename(fresh, path);
  } catch (error) {
    if (moved) await rename(old, path);
    throw error;
  }
  await rm(old, { recursive: true, force: true });
};

const moveAside = async (path: string, old: string): Promise<boolean> => {
  try {
    await rename(path, old);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
};
