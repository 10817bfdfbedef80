/**
 * Binaries of earlier runs, so that the base of a pull request is linked once per commit and seed.
 *
 * Entries are complete or absent (written aside, then renamed), the folder is bounded in bytes, and the least recently
 * used go first. A cache that cannot be read or written costs a link, never the run.
 */
import { constants } from 'node:fs';
import { copyFile, link, rename, rm, utimes } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { makeFolder } from '../../folders.ts';
import { pruneFolder } from './prune.ts';

/** About 50 binaries of 20 MB. */
export const CACHE_LIMIT_BYTES = 1024 ** 3;

/** Folder of one cache: below GODYNO_CACHE, else XDG_CACHE_HOME or ~/.cache; null when GODYNO_CACHE is `off`. */
const cacheFolder = (name: string, env: NodeJS.ProcessEnv): string | null => {
  const own = env['GODYNO_CACHE'];
  if (own === 'off') return null;
  if (own !== undefined && own !== '') return join(own, name);
  const xdg = env['XDG_CACHE_HOME'];
  return join(xdg !== undefined && xdg !== '' ? xdg : join(homedir(), '.cache'), 'godyno', name);
};

export const linkCacheFolder = (env: NodeJS.ProcessEnv = process.env): string | null => cacheFolder('links', env);

/** What the commands of `target.generate` made. */
export const generatedCacheFolder = (env: NodeJS.ProcessEnv = process.env): string | null =>
  cacheFolder('generated', env);

/** Nobody writes into a linked binary again, so one file may have two names; across file systems it is copied. */
const linkOrCopy = async (from: string, to: string): Promise<void> => {
  await rm(to, { force: true });
  try {
    await link(from, to);
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') throw cause;
    await copyFile(from, to, constants.COPYFILE_FICLONE);
  }
};

/** Puts the cached binary at `target`; false when there is none that can be had. */
export const takeLink = async (folder: string, key: string, target: string): Promise<boolean> => {
  const entry = join(folder, key);
  try {
    await linkOrCopy(entry, target);
    const now = new Date();
    await utimes(entry, now, now);
    return true;
  } catch {
    // Missing, unreadable, or no space for the copy: the link that follows meets and reports what matters.
    await rm(target, { force: true });
    return false;
  }
};

/** Stores `binary` under `key` and prunes the folder to `limitBytes`. */
export const keepLink = async (
  folder: string,
  key: string,
  binary: string,
  limitBytes = CACHE_LIMIT_BYTES,
): Promise<void> => {
  const aside = join(folder, `.${key}.${process.pid}`);
  try {
    await makeFolder(folder, 0o700);
    await linkOrCopy(binary, aside);
    await rename(aside, join(folder, key));
    // Renaming one name of a file onto another of its names does nothing, and leaves both (rename(2)).
    await rm(aside, { force: true });
    await pruneFolder(folder, limitBytes);
  } catch {
    // Read-only or full: measured binaries lie in the work folder, only the next run's shortcut is lost.
    await rm(aside, { force: true }).catch(() => undefined);
  }
};
