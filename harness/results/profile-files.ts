/**
 * Profiles of a run's folder, each on its own: one that cannot be read, or is of another kind than it should be, is left
 * out and remembered. It costs what it would have explained, never the verdict, which counters decide.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { valueTypeOf } from '../metrics/index.ts';
import type { ProfileKind, ProfileRef } from '../model/index.ts';
import { decodeProfile, type Profile, ProfileError, subtractProfile, valueIndex } from '../profile/index.ts';

export interface ReadFile {
  /** null: the file is gone, as in a run's folder that was copied without its profiles. */
  (file: string): Promise<Uint8Array | null>;
  /** Told of what was left out, one sentence each. */
  readonly leftOut?: (what: string) => void;
}

export interface FolderReader extends ReadFile {
  /** What was left out so far. */
  readonly problems: ReadonlySet<string>;
}

export const folderReader = (dir: string): FolderReader => {
  const problems = new Set<string>();
  // At once: a run has some hundred small files, and each would take four turns through the thread pool.
  const read = async (file: string): Promise<Uint8Array | null> => {
    try {
      return readFileSync(join(dir, file));
    } catch {
      return null;
    }
  };
  return Object.assign(read, { problems, leftOut: (what: string) => void problems.add(what) });
};

type FileKind = ProfileKind | 'calls';

/** A sample type that every profile of the kind has. */
const typeOf = (kind: FileKind): string => (kind === 'calls' ? kind : valueTypeOf(kind));

const decoded = (bytes: Uint8Array, file: string, kind: FileKind): Profile => {
  const profile = decodeProfile(bytes, file);
  valueIndex(profile, typeOf(kind));
  return profile;
};

const orLeftOut = async (read: ReadFile, open: () => Promise<Profile | null>): Promise<Profile | null> => {
  try {
    return await open();
  } catch (error) {
    if (!(error instanceof ProfileError)) throw error;
    read.leftOut?.(error.message);
    return null;
  }
};

/** A profile as it lies there; null when it is gone or was left out. */
export const openFile = async (file: string, kind: FileKind, read: ReadFile): Promise<Profile | null> =>
  orLeftOut(read, async () => {
    const bytes = await read(file);
    return bytes === null ? null : decoded(bytes, file, kind);
  });

/** What a reference stands for: the file, less the snapshot before it. null: a part is gone or was left out. */
export const openProfile = async (ref: ProfileRef, kind: ProfileKind, read: ReadFile): Promise<Profile | null> =>
  orLeftOut(read, async () => {
    const after = await openFile(ref.file, kind, read);
    if (ref.before === null || after === null) return after;
    const before = await openFile(ref.before, kind, read);
    return before === null ? null : subtractProfile(after, before);
  });
