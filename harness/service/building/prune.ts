/** Keeps a cache's folder below a size: what was used longest ago goes first. */
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

interface CacheEntry {
  readonly path: string;
  readonly bytes: number;
  readonly usedMs: number;
}

/** Of a file, or of all files below a folder; 0 where another run has just pruned it. */
const bytesOf = async (path: string): Promise<number> => {
  const found = await stat(path).catch(() => null);
  if (found === null) return 0;
  if (!found.isDirectory()) return found.size;
  const names = await readdir(path).catch(() => []);
  const sizes = await Promise.all(names.map(async (name) => bytesOf(join(path, name))));
  return sizes.reduce((sum, bytes) => sum + bytes, found.size);
};

const entriesOf = async (folder: string): Promise<readonly CacheEntry[]> => {
  const names = await readdir(folder);
  const entries = await Promise.all(
    names.map(async (name) => {
      const path = join(folder, name);
      const found = await stat(path).catch(() => null);
      return found === null ? [] : [{ path, bytes: await bytesOf(path), usedMs: found.mtimeMs }];
    }),
  );
  return entries.flat();
};

/** Entries are files or whole folders, each taken as one; the time of an entry is when it was used last. */
export const pruneFolder = async (folder: string, limitBytes: number): Promise<void> => {
  const entries = (await entriesOf(folder)).toSorted((a, b) => b.usedMs - a.usedMs);
  let bytes = 0;
  for (const entry of entries) {
    bytes += entry.bytes;
    if (bytes > limitBytes) await rm(entry.path, { recursive: true, force: true });
  }
};
