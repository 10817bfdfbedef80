/** A revision's files and compiled packages → a bundle in the store. */
import { lstat, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { reasonOf, UsageError } from '../errors.ts';
import type { BundleRef, Revision } from '../model/index.ts';
import { agentDigest, type CompiledBuild } from '../service/index.ts';
import { inTurns, listFolder } from '../source/index.ts';
import { godynoVersion } from '../version.ts';
import {
  BUNDLE_SCHEMA_VERSION,
  bytesOf,
  type BundledBuild,
  type BundleManifest,
  MOST_BUNDLE_BYTES,
  type SourceFile,
  type SourceLink,
  staysInside,
} from './manifest.ts';
import { AT_ONCE, isThere, manifestPath, putFile, sha256, writeWhole } from './store.ts';

/** What is kept of a side. */
export interface ToPack {
  readonly scenario: string;
  readonly revision: Revision;
  /** With all files among which its service is started. */
  readonly rootDir: string;
  /** The module's folder below it; '' for itself. */
  readonly module: string;
  readonly judged: CompiledBuild;
  readonly counted: { readonly build: CompiledBuild; readonly unsteadyReason: string | null } | null;
  readonly countedReason: string | null;
}

export interface Packed extends BundleRef {
  /** What the store grew by. */
  readonly addedBytes: number;
}

/** Puts files into the store and knows what that added. */
class Packer {
  readonly #dir: string;
  addedBytes = 0;

  constructor(dir: string) {
    this.#dir = dir;
  }

  async file(path: string): Promise<{ digest: string; bytes: number }> {
    const { file, addedBytes } = await putFile(this.#dir, await readFile(path));
    this.addedBytes += addedBytes;
    return file;
  }

  async build(compiled: CompiledBuild): Promise<BundledBuild> {
    const { link } = compiled;
    const archives = await inTurns(link.archives, AT_ONCE, async ({ importPath, file }) => ({
      importPath,
      ...(await this.file(file)),
    }));
    return { ...compiled, link: { ...link, main: await this.file(link.main), archives } };
  }

  /** Links that lead out of the folder are left out: where they lead is not there later. */
  async folder(root: string): Promise<{ files: readonly SourceFile[]; links: readonly SourceLink[] }> {
    const files: SourceFile[] = [];
    const links: SourceLink[] = [];
    await inTurns(await listFolder(root), AT_ONCE, async (path) => {
      const place = join(root, path);
      const found = await lstat(place);
      if (found.isSymbolicLink()) {
        const to = await readlink(place);
        if (staysInside(path, to)) links.push({ path, to });
      } else files.push({ path, isProgram: (found.mode & 0o111) !== 0, ...(await this.file(place)) });
    });
    const byPath = (one: { path: string }, other: { path: string }): number => (one.path < other.path ? -1 : 1);
    return { files: files.toSorted(byPath), links: links.toSorted(byPath) };
  }
}

/** Throws {@link UsageError} `BUNDLE_UNWRITABLE` or `BUNDLE_TOO_LARGE`. */
export const packBundle = async (dir: string, given: ToPack, createdAt: Date): Promise<Packed> => {
  try {
    return await pack(dir, given, createdAt);
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
    throw new UsageError(
      'BUNDLE_UNWRITABLE',
      `No bundle of ${given.scenario} could be written to ${dir}: ${reasonOf(cause)}`,
      'Check the permissions of the folder and the space left on its disk.',
      { cause },
    );
  }
};

/** A bundle is for caches and artifacts. */
const keepOutOfGit = async (dir: string): Promise<void> => {
  const file = join(dir, '.gitignore');
  if (!(await isThere(file))) await writeWhole(file, '*\n');
};

const pack = async (dir: string, given: ToPack, createdAt: Date): Promise<Packed> => {
  await keepOutOfGit(dir);
  const packer = new Packer(dir);
  const { scenario, revision, rootDir, module, judged, counted, countedReason } = given;
  const manifest: BundleManifest = {
    schemaVersion: BUNDLE_SCHEMA_VERSION,
    godynoVersion: godynoVersion(),
    agentDigest: agentDigest(),
    scenario,
    revision,
    createdAt: createdAt.toISOString(),
    module,
    ...(await packer.folder(rootDir)),
    judged: await packer.build(judged),
    counted: counted && { ...counted, build: await packer.build(counted.build) },
    countedReason,
  };
  const bytes = bytesOf(manifest);
  if (bytes > MOST_BUNDLE_BYTES) {
    throw new UsageError(
      'BUNDLE_TOO_LARGE',
      `No bundle of ${scenario} was made: it would hold ${Math.round(bytes / 2 ** 20)} MB`,
      'A bundle holds at most 4 GB. Do the repository’s large files belong to the service?',
    );
  }
  const text = `${JSON.stringify(manifest)}\n`;
  const digest = sha256(text);
  await writeWhole(manifestPath(dir, digest), text);
  return { digest, bytes, addedBytes: packer.addedBytes + text.length };
};
