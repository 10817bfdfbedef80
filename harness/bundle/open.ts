/** A bundle of the store → folders with everything that its service is started from. Nothing of it is run here. */
import { chmod, mkdir, readFile, realpath, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { UsageError } from '../errors.ts';
import type { BundleRef } from '../model/index.ts';
import { agentDigest, type CompiledBuild, whyNotRelinked } from '../service/index.ts';
import { inTurns } from '../source/index.ts';
import {
  type BundledBuild,
  type BundleManifest,
  filesOf,
  MOST_MANIFEST_BYTES,
  parseManifest,
  refuseBundle,
  type StoredFile,
} from './manifest.ts';
import { AT_ONCE, filePath, isThere, manifestPath, sha256, takeFile } from './store.ts';

/** A bundle that fits this godyno and this machine. */
export interface Bundle {
  readonly dir: string;
  readonly digest: string;
  readonly manifest: BundleManifest;
}

/** The manifest in the store; null when there is none of this name. Throws `BUNDLE_BROKEN` where it is another one. */
export const findBundle = async (dir: string, { digest }: BundleRef): Promise<Bundle | null> => {
  const path = manifestPath(dir, digest);
  const found = await stat(path).catch(() => null);
  if (found === null) return null;
  if (!found.isFile() || found.size > MOST_MANIFEST_BYTES) throw refuseBundle(path, 'its manifest is too large');
  const bytes = await readFile(path);
  if (sha256(bytes) !== digest) throw refuseBundle(path, 'its manifest is not the one that the baseline names');
  return { dir, digest, manifest: parseManifest(bytes.toString('utf8'), path) };
};

/** Whether one of this name lies in the store; nobody has looked into it. */
export const hasBundle = async (dir: string, { digest }: BundleRef): Promise<boolean> =>
  isThere(manifestPath(dir, digest));

/** Why it cannot be used, as a clause; null when it can. */
export const whyUnusable = async ({ dir, manifest }: Bundle, signal: AbortSignal): Promise<string | null> => {
  const { judged, agentDigest: agent, godynoVersion, createdAt } = manifest;
  if (agent !== agentDigest()) {
    return `its bundle was made by godyno ${godynoVersion} on ${createdAt.slice(0, 10)}, whose agent is another one; make it anew: godyno baseline record`;
  }
  for (const { digest } of filesOf(manifest))
    if (!(await isThere(filePath(dir, digest)))) return `files of its bundle are missing in ${dir}`;
  return whyNotRelinked(judged, tmpdir(), signal);
};

/** Where the packages of an unpacked bundle lie. */
export interface Unpacked {
  /** Real path of the root of its files. */
  readonly rootDir: string;
  readonly judged: CompiledBuild;
  readonly counted: { readonly build: CompiledBuild; readonly unsteadyReason: string | null } | null;
}

/**
 * Writes the source files into `folders.source` and the archives into `folders.archives`, both new and ours. Links come
 * last: nothing is written through one. Throws `BUNDLE_BROKEN` at the first file that is not what it says.
 */
export const unpackBundle = async (
  { dir, digest, manifest }: Bundle,
  folders: { readonly source: string; readonly archives: string },
): Promise<Unpacked> => {
  const where = manifestPath(dir, digest);
  const write = async (file: StoredFile, path: string): Promise<void> => {
    const bytes = await takeFile(dir, file, where);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytes, { flag: 'wx' });
  };
  try {
    await mkdir(folders.source, { recursive: true });
    await inTurns(manifest.files, AT_ONCE, async (file) => {
      const path = join(folders.source, file.path);
      await write(file, path);
      if (file.isProgram) await chmod(path, 0o755);
    });
    for (const { path, to } of manifest.links) {
      await mkdir(dirname(join(folders.source, path)), { recursive: true });
      await symlink(to, join(folders.source, path));
    }
    const archive = (file: StoredFile): string => join(folders.archives, `${file.digest}.a`);
    const builds = [manifest.judged, ...(manifest.counted === null ? [] : [manifest.counted.build])];
    const needed = new Map(builds.flatMap(({ link }) => [link.main, ...link.archives]).map((one) => [one.digest, one]));
    await inTurns([...needed.values()], AT_ONCE, async (file) => write(file, archive(file)));
    const { counted } = manifest;
    return {
      rootDir: await realpath(folders.source),
      judged: compiledIn(manifest.judged, archive),
      counted: counted && { ...counted, build: compiledIn(counted.build, archive) },
    };
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
    throw refuseBundle(where, 'its files do not go beside one another', cause);
  }
};

const compiledIn = (build: BundledBuild, archive: (file: StoredFile) => string): CompiledBuild => ({
  ...build,
  link: {
    ...build.link,
    main: archive(build.link.main),
    archives: build.link.archives.map((each) => ({ importPath: each.importPath, file: archive(each) })),
  },
});
