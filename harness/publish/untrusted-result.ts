/**
 * What the measuring job left, read as hostile: two small JSON files out of a folder or a zip, nothing else opened, no
 * link followed. Its markdown is never read; reports are rendered again from these values.
 */
import { constants, statSync } from 'node:fs';
import { lstat, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import { UsageError } from '../errors.ts';
import { type Comparison, parseComparison } from '../model/index.ts';
import { type Claim, CLAIM_FILE, claimSchema } from './claim.ts';
import { asComparison, comparisonSchema } from './schema.ts';
import { readZip, refuseArtifact } from './zip.ts';

export const COMPARISON_NAME = 'comparison.json';

/** Ours have some 100 KB; a comparison of 200 scenarios with all their functions stays below. */
const MOST_COMPARISON_BYTES = 8_000_000;
const MOST_CLAIM_BYTES = 64_000;
/** Of a zip before it is opened, and of its list. */
export const MOST_ZIP_BYTES = 5_000_000;
const MOST_ZIP_ENTRIES = 100;
/** Parts of a matrix. */
const MOST_SHARDS = 100;

export interface Received {
  /** Where it came from, for messages. */
  readonly where: string;
  readonly comparison: Comparison;
  /** null: the measuring job said nothing of a pull request. */
  readonly claim: Claim | null;
}

const check = <T>(schema: z.ZodType<T>, value: unknown, where: string): T => {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  return refuseArtifact(where, `${issue?.path.join('.') ?? '$'}: ${issue?.message ?? 'not what is expected'}`);
};

const parseClaim = (text: string, where: string): Claim => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return refuseArtifact(where, 'no complete JSON');
  }
  return check(claimSchema, value, where);
};

const received = (files: ReadonlyMap<string, Buffer>, where: string): Received => {
  const comparison = files.get(COMPARISON_NAME);
  if (comparison === undefined) return refuseArtifact(where, `no ${COMPARISON_NAME} in it`);
  const at = `${where}/${COMPARISON_NAME}`;
  const shape = parseComparison(comparison.toString('utf8'), at);
  const claim = files.get(CLAIM_FILE);
  return {
    where,
    comparison: asComparison(check(comparisonSchema, shape, at)),
    claim: claim === undefined ? null : parseClaim(claim.toString('utf8'), `${where}/${CLAIM_FILE}`),
  };
};

/** Throws UsageError `ARTIFACT_REFUSED` (or of the JSON's shape) with the place and what is wrong. */
export const readReceivedZip = (zip: Buffer, where: string): Received => {
  if (zip.length > MOST_ZIP_BYTES) refuseArtifact(where, `${zip.length} bytes, at most ${MOST_ZIP_BYTES} are read`);
  const limits = { mostEntries: MOST_ZIP_ENTRIES, mostFileBytes: MOST_COMPARISON_BYTES };
  return received(readZip(zip, [COMPARISON_NAME, CLAIM_FILE], limits, where), where);
};

/** The file's bytes; null when there is none. Links, folders, pipes and files over `most` are refused. */
const readPlainFile = async (file: string, most: number): Promise<Buffer | null> => {
  const found = await lstat(file).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT' || cause.code === 'ENOTDIR') return null;
    throw cause;
  });
  if (found === null) return null;
  if (!found.isFile()) return refuseArtifact(file, found.isSymbolicLink() ? 'a link' : 'not a plain file');
  if (found.size > most) return refuseArtifact(file, `${found.size} bytes, at most ${most} are read`);
  // O_NOFOLLOW: it may have been exchanged since.
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const bytes = Buffer.alloc(found.size);
    const { bytesRead } = await handle.read(bytes, 0, found.size, 0);
    return bytes.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
};

const readFolder = async (folder: string): Promise<Received | null> => {
  const comparison = await readPlainFile(join(folder, COMPARISON_NAME), MOST_COMPARISON_BYTES);
  if (comparison === null) return null;
  const claim = await readPlainFile(join(folder, CLAIM_FILE), MOST_CLAIM_BYTES);
  return received(
    new Map([[COMPARISON_NAME, comparison], ...(claim === null ? [] : [[CLAIM_FILE, claim] as const])]),
    folder,
  );
};

const subfolders = async (folder: string): Promise<readonly string[]> => {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(folder, name))
    .toSorted();
};

/**
 * The results in `folder`, or in its direct subfolders (one per part of a matrix), in the order of their names.
 * Throws UsageError `NO_RESULT` when there are none, and what {@link readReceivedZip} throws.
 */
export const readReceivedFolder = async (folder: string): Promise<readonly Received[]> => {
  const whole = await readFolder(folder);
  if (whole !== null) return [whole];
  const places = await subfolders(folder);
  const parts: Received[] = [];
  for (const place of places) {
    const part = await readFolder(place);
    if (part !== null) parts.push(part);
    if (parts.length > MOST_SHARDS) refuseArtifact(folder, `more than ${MOST_SHARDS} results`);
  }
  if (parts.length > 0) return parts;
  const isThere = statSync(folder, { throwIfNoEntry: false })?.isDirectory() ?? false;
  throw new UsageError(
    'NO_RESULT',
    isThere ? `There is no ${COMPARISON_NAME} in ${folder}, nor in a folder below it` : `There is no folder ${folder}`,
    'Name the output folder of `godyno run`, or a folder that holds several of them.',
  );
};
