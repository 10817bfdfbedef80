/**
 * Where bundles lie: `files/<2 hex>/<sha256>.zst`, each once, whoever has it, and `bundles/<sha256>.json`. Names are what
 * the bytes hash to, so a file that is there is never written again, and one that was changed is noticed.
 */
import { createHash, randomBytes } from 'node:crypto';
import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { constants, zstdCompress, zstdDecompress } from 'node:zlib';
import { makeFolder } from '../folders.ts';
import { refuseBundle, type StoredFile } from './manifest.ts';

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

/** Archives of the demo (91 MB) at levels 3, 6, 9 and 12: see docs/baselines.md. */
const LEVEL = 6;

/** Files in work at once, each whole in memory: one is read while others are packed. */
export const AT_ONCE = 4;

export const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');

export const filePath = (dir: string, digest: string): string =>
  join(dir, 'files', digest.slice(0, 2), `${digest}.zst`);

export const manifestPath = (dir: string, digest: string): string => join(dir, 'bundles', `${digest}.json`);

export const isThere = async (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isFile(),
    () => false,
  );

/** Wholly or not at all. */
export const writeWhole = async (path: string, bytes: Uint8Array | string): Promise<void> => {
  const sibling = join(dirname(path), `.${randomBytes(6).toString('hex')}`);
  await makeFolder(dirname(path));
  try {
    await writeFile(sibling, bytes, { flag: 'wx' });
    await rename(sibling, path);
  } catch (error) {
    await rm(sibling, { force: true });
    throw error;
  }
};

/** Bytes that were added to the store: none where it had the file. */
export interface Put {
  readonly file: StoredFile;
  readonly addedBytes: number;
}

export const putFile = async (dir: string, bytes: Uint8Array): Promise<Put> => {
  const file = { digest: sha256(bytes), bytes: bytes.byteLength };
  const path = filePath(dir, file.digest);
  if (await isThere(path)) return { file, addedBytes: 0 };
  const packed = await compress(bytes, { params: { [constants.ZSTD_c_compressionLevel]: LEVEL } });
  await writeWhole(path, packed);
  return { file, addedBytes: packed.byteLength };
};

/** What zstd may add to bytes that it cannot make smaller (ZSTD_COMPRESSBOUND in zstd.h, rounded up). */
const mostPackedBytes = (bytes: number): number => bytes + Math.ceil(bytes / 128) + 1024;

/** Its bytes, which are what their name says. Throws {@link UsageError} `BUNDLE_BROKEN`. */
export const takeFile = async (dir: string, { digest, bytes }: StoredFile, where: string): Promise<Uint8Array> => {
  const path = filePath(dir, digest);
  const found = await stat(path).catch(() => null);
  if (found === null || !found.isFile()) throw refuseBundle(where, `${path} is missing`);
  if (found.size > mostPackedBytes(bytes)) throw refuseBundle(where, `${path} is larger than it can be`);
  const unpacked = await unpack(path, bytes).catch((cause: unknown) => {
    throw refuseBundle(where, `${path} cannot be unpacked to ${bytes} bytes`, cause);
  });
  if (unpacked.byteLength !== bytes || sha256(unpacked) !== digest) {
    throw refuseBundle(where, `${path} does not hold what its name says`);
  }
  return unpacked;
};

const unpack = async (path: string, bytes: number): Promise<Uint8Array> =>
  decompress(await readFile(path), { maxOutputLength: Math.max(1, bytes) });
