/**
 * The output folder of a run (docs/files.md): made and probed before anything is measured, so that an unwritable one
 * is found in the first second and not after two minutes.
 */
import { rmdirSync } from 'node:fs';
import { rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { reasonOf, UsageError } from '../errors.ts';
import { makeFolder } from '../folders.ts';

export interface OutputFolder {
  readonly dir: string;
  /**
   * Writes a file atomically: a reader never sees half of one. Of several writes of one name the last one asked for
   * stays, however many are under way.
   */
  readonly write: (name: string, content: string | Uint8Array) => Promise<void>;
  readonly path: (name: string) => string;
}

const unwritable = (dir: string, cause: unknown): UsageError =>
  new UsageError(
    'OUT_UNWRITABLE',
    `Cannot write results to ${dir}: ${reasonOf(cause)}`,
    'Choose another folder with --out, or free its disk.',
    { cause },
  );

/** Local time as a folder name, e.g. `2026-11-23T14-05-09`. */
const stamp = (now: Date): string => {
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
  return `${day}T${two(now.getHours())}-${two(now.getMinutes())}-${two(now.getSeconds())}`;
};

const link = async (target: string, at: string): Promise<void> => {
  const fresh = `${at}.new`;
  try {
    await rm(fresh, { force: true });
    await symlink(basename(target), fresh);
    await rename(fresh, at);
  } catch {
    // A file system without links (some mounts) only lacks the convenience.
    await rm(fresh, { force: true });
  }
};

/** A run that failed before it left anything leaves no folder either. */
const dropIfEmpty = (dir: string) => (): void => {
  try {
    rmdirSync(dir);
  } catch {
    // Not empty, or already gone.
  }
};

const isThere = async (path: string): Promise<boolean> => (await stat(path).catch(() => null)) !== null;

type Put = (name: string, content: string | Uint8Array) => Promise<void>;

/** Writes of one name one after the other, those of others beside them. */
const inTurnByName = (put: Put): Put => {
  const last = new Map<string, Promise<void>>();
  return async (name, content) => {
    const before = last.get(name) ?? Promise.resolve();
    const mine = before.catch(() => undefined).then(async () => put(name, content));
    last.set(name, mine);
    await mine;
  };
};

/**
 * Opens `out`, or a new folder `.godyno/<time>`; `latest` points to it from its first result on. Throws
 * {@link UsageError} when unwritable.
 */
export const openOutput = async (out: string | undefined, now: Date): Promise<OutputFolder> => {
  const dir = resolve(out ?? join('.godyno', stamp(now)));
  const ours = !(await isThere(dir));
  const put: Put = async (name, content) => {
    const file = join(dir, name);
    const partial = `${file}.partial`;
    try {
      await makeFolder(dirname(file));
      await writeFile(partial, content);
      await rename(partial, file);
    } catch (cause) {
      await rm(partial, { force: true }).catch(() => undefined);
      throw unwritable(file, cause);
    }
  };
  await makeFolder(dir).catch((cause: unknown) => {
    throw unwritable(dir, cause);
  });
  await put('.probe', '');
  await rm(join(dir, '.probe'), { force: true });
  // At once: a working tree that is judged must not hold our files.
  if (out === undefined) await writeFile(join(dirname(dir), '.gitignore'), '*\n');
  const drop = dropIfEmpty(dir);
  if (ours) process.on('exit', drop);
  let fresh = true;
  // A profile that was read ahead is written again with its last launch, perhaps before the first write has ended.
  const putInTurn = inTurnByName(put);
  const write = async (name: string, content: string | Uint8Array): Promise<void> => {
    await putInTurn(name, content);
    if (!fresh) return;
    fresh = false;
    process.off('exit', drop);
    if (out === undefined) await link(dir, join(dirname(dir), 'latest'));
  };
  return { dir, write, path: (name) => join(dir, name) };
};
