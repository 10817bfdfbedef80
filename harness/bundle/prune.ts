/** Keeps the store below a size: the oldest bundles go first, and then the files that no other one has. */
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '../errors.ts';
import { filesOf, parseManifest } from './manifest.ts';
import { filePath } from './store.ts';

interface StoredBundle {
  readonly path: string;
  readonly madeMs: number;
  readonly bytes: number;
  /** Digests of its files; none for one that cannot be read. */
  readonly files: readonly string[];
}

const namesIn = async (dir: string): Promise<readonly string[]> => readdir(dir).catch(() => []);

const sizeOf = async (path: string): Promise<number> => (await stat(path).catch(() => null))?.size ?? 0;

const filesIn = async (path: string): Promise<readonly string[]> => {
  try {
    return filesOf(parseManifest(await readFile(path, 'utf8'), path)).map(({ digest }) => digest);
  } catch (error) {
    // One of a newer godyno is not ours to take apart, but it is too old to be kept at all costs.
    if (error instanceof UsageError) return [];
    throw error;
  }
};

/** Oldest first. */
const bundlesIn = async (dir: string): Promise<readonly StoredBundle[]> => {
  const folder = join(dir, 'bundles');
  const paths = (await namesIn(folder)).filter((name) => name.endsWith('.json')).map((name) => join(folder, name));
  const bundles = await Promise.all(
    paths.map(async (path) => {
      const found = await stat(path);
      return { path, madeMs: found.mtimeMs, bytes: found.size, files: await filesIn(path) };
    }),
  );
  return bundles.toSorted((one, other) => one.madeMs - other.madeMs || (one.path < other.path ? -1 : 1));
};

/** Digest → size on disk of every file in the store. */
const filesOfStore = async (dir: string): Promise<ReadonlyMap<string, number>> => {
  const sizes = new Map<string, number>();
  for (const part of await namesIn(join(dir, 'files'))) {
    for (const name of await namesIn(join(dir, 'files', part))) {
      const digest = name.replace(/\.zst$/, '');
      sizes.set(digest, await sizeOf(join(dir, 'files', part, name)));
    }
  }
  return sizes;
};

export interface Pruned {
  readonly bundles: number;
  /** Of the store, afterwards. */
  readonly bytes: number;
}

/**
 * Removes the oldest bundles until the store holds at most `mostBytes`, and every file that none of the others has. The
 * newest one stays, whatever it takes.
 */
export const pruneBundles = async (dir: string, mostBytes: number): Promise<Pruned> => {
  const kept = [...(await bundlesIn(dir))];
  const sizes = await filesOfStore(dir);
  const needed = (): ReadonlySet<string> => new Set(kept.flatMap(({ files }) => files));
  const total = (): number =>
    [...needed()].reduce((sum, digest) => sum + (sizes.get(digest) ?? 0), 0) +
    kept.reduce((sum, { bytes }) => sum + bytes, 0);
  const before = kept.length;
  while (kept.length > 1 && total() > mostBytes) {
    const [oldest] = kept.splice(0, 1);
    if (oldest !== undefined) await rm(oldest.path, { force: true });
  }
  const still = needed();
  for (const digest of sizes.keys()) if (!still.has(digest)) await rm(filePath(dir, digest), { force: true });
  return { bundles: before - kept.length, bytes: total() };
};
