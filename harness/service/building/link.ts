/** One side's binary for one link seed. */
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { callGo } from './go-command.ts';
import { goFailure } from './go-failure.ts';
import { keepLink, linkCacheFolder, takeLink } from './link-cache.ts';
import type { PreparedBuild } from './prepare.ts';

export interface LinkRequest {
  /** A positive integer; the same on both sides of a launch. null: Go's own order of functions. */
  readonly linkSeed: number | null;
  /** Bind compiler and linker to these CPUs, so that a link does not disturb a launch; null: all. */
  readonly cpus: readonly number[] | null;
}

export interface Binary {
  readonly path: string;
  readonly build: PreparedBuild;
  readonly linkSeed: number | null;
  /** Wall clock of compiling and linking, or of fetching it from the cache. */
  readonly seconds: number;
  readonly bytes: number;
  readonly fromCache: boolean;
}

/** A cold build of a large service on a loaded two-core machine took 43 minutes at worst. */
const BUILD_TIMEOUT_SECONDS = 3600;

const linkArgs = (build: PreparedBuild, linkSeed: number | null, output: string): readonly string[] => {
  const ldflags = [build.ldflags, linkSeed === null ? '' : `-randlayout=${linkSeed}`]
    .filter((part) => part !== '')
    .join(' ');
  return [
    'build',
    ...build.flags,
    ...(ldflags === '' ? [] : [`-ldflags=${ldflags}`]),
    '-o',
    output,
    build.spec.package,
  ];
};

/** `go build` leaves its scratch folder behind when it is interrupted, so that folder lies where we clean up. */
const scratchOf = ({ binFolder }: PreparedBuild): Readonly<Record<string, string>> => {
  const own = process.env['GOTMPDIR'] ?? '';
  return own === '' ? { GOTMPDIR: binFolder } : {};
};

/**
 * Compiles and links, or takes the binary from the cache. Throws a BuildError naming the side, with the first 60 lines
 * of the compiler's output.
 */
export const linkBinary = async (build: PreparedBuild, request: LinkRequest, signal: AbortSignal): Promise<Binary> => {
  const { linkSeed, cpus } = request;
  const name = linkSeed === null ? 'plain' : `seed-${linkSeed}`;
  const path = join(build.binFolder, name);
  const key = build.cacheKey === null ? null : `${build.cacheKey}-${name}`;
  const cache = key === null ? null : linkCacheFolder();
  const startMs = performance.now();
  const fromCache = cache !== null && key !== null && (await takeLink(cache, key, path));
  if (!fromCache) {
    // `go build` writes into a file that is there, which may be the cache's under a second name.
    await rm(path, { force: true });
    const result = await callGo(
      {
        cwd: build.facts.moduleDir,
        go: build.facts.go,
        env: { ...scratchOf(build), ...build.spec.buildEnv },
        args: linkArgs(build, linkSeed, path),
        timeoutSeconds: BUILD_TIMEOUT_SECONDS,
        cpus,
      },
      signal,
    );
    if (result.exitCode !== 0) {
      await rm(path, { force: true });
      throw goFailure(`go build ${build.spec.package}`, build, result);
    }
  }
  const seconds = (performance.now() - startMs) / 1000;
  if (!fromCache && cache !== null && key !== null) await keepLink(cache, key, path);
  return { path, build, linkSeed, seconds, bytes: (await stat(path)).size, fromCache };
};

/** Removes the binary's file; its place on disk is needed once its launch is over. */
export const discardBinary = async (binary: Binary): Promise<void> => rm(binary.path, { force: true });
