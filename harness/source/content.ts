/** A folder's content as one hash, and its copying. */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, lstat, mkdir, readdir, readFile, readlink, symlink } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';

const isOurs = (part: string): boolean => part === '.git' || part === '.godyno';

/** Paths of all files and links below `folder`, `/`-separated, sorted, without git's own folder and our output. */
export const listFolder = async (folder: string): Promise<readonly string[]> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() || entry.isSymbolicLink())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll(sep, '/'))
    .filter((path) => !path.split('/').some(isOurs))
    .toSorted();
};

/** Whether a file of this ending lies anywhere below; looks no further than the first. */
export const holdsFileLike = async (folder: string, ending: string): Promise<boolean> => {
  const entries = (await readdir(folder, { withFileTypes: true })).filter(({ name }) => !isOurs(name));
  if (entries.some((entry) => !entry.isDirectory() && entry.name.endsWith(ending))) return true;
  for (const entry of entries)
    if (entry.isDirectory() && (await holdsFileLike(join(folder, entry.name), ending))) return true;
  return false;
};

/** Files in work at once: enough to keep the disk busy, far below the limit of open files. */
const AT_ONCE = 32;

/**
 * `atOnce` of them at a time; what comes of them is in their order. Where one fails, those beside it have ended when this
 * rejects: nothing is written any more into a folder that its owner then removes.
 */
export const inTurns = async <T, R>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<R>,
): Promise<readonly R[]> => {
  const results: R[] = [];
  for (let from = 0; from < items.length; from += atOnce) {
    const turn = items.slice(from, from + atOnce).map(work);
    await Promise.allSettled(turn);
    results.push(...(await Promise.all(turn)));
  }
  return results;
};

const describeFile = async (folder: string, path: string): Promise<string> => {
  const full = join(folder, path);
  const found = await lstat(full);
  const kind = found.isSymbolicLink() ? 'link' : (found.mode & 0o111) === 0 ? 'file' : 'program';
  const content = found.isSymbolicLink() ? await readlink(full) : await readFile(full);
  return `${path}\0${kind}\0${createHash('sha256').update(content).digest('hex')}\0`;
};

/** sha256 (hex) over path, kind, execute bit and bytes of `paths` below `folder`. */
export const contentDigest = async (folder: string, paths: readonly string[]): Promise<string> => {
  const digest = createHash('sha256');
  for (const line of await inTurns(paths, AT_ONCE, async (path) => describeFile(folder, path))) digest.update(line);
  return digest.digest('hex');
};

/** Content hash of a plain folder: the same files give the same hash wherever they lie. */
export const folderDigest = async (folder: string): Promise<string> => contentDigest(folder, await listFolder(folder));

const copyOne = async (from: string, to: string, path: string): Promise<readonly string[]> => {
  const source = join(from, path);
  const found = await lstat(source).catch(() => null);
  if (found === null || !(found.isFile() || found.isSymbolicLink())) return [];
  const target = join(to, path);
  if (found.isSymbolicLink()) await symlink(await readlink(source), target);
  else await copyFile(source, target, constants.COPYFILE_FICLONE);
  return [path];
};

/** Copies a folder with what {@link listFolder} finds in it, empty folders included. */
export const copyFolder = async (from: string, to: string): Promise<void> => {
  const entries = await readdir(from, { recursive: true, withFileTypes: true });
  const folders = entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => relative(from, join(entry.parentPath, entry.name)))
    .filter((path) => !path.split(sep).some(isOurs));
  await mkdir(to, { recursive: true });
  await inTurns(folders, AT_ONCE, async (folder) => mkdir(join(to, folder), { recursive: true }));
  await copyFiles(from, to, await listFolder(from));
};

/** Copies `paths` (files and links) from one folder to another; a path that has vanished meanwhile is left out. */
export const copyFiles = async (from: string, to: string, paths: readonly string[]): Promise<readonly string[]> => {
  const folders = [...new Set(paths.map((path) => dirname(join(to, path))))];
  await inTurns(folders, AT_ONCE, async (folder) => mkdir(folder, { recursive: true }));
  return (await inTurns(paths, AT_ONCE, async (path) => copyOne(from, to, path))).flat();
};
