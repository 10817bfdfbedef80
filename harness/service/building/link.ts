/** One side's binary for one link seed. */
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { TargetSpec } from '../../model/index.ts';
import type { CommandResult } from '../../process/index.ts';
import { type OnStage, watchBuild } from './build-stages.ts';
import { callGo } from './go-command.ts';
import { goFailure } from './go-failure.ts';
import { keepLink, linkCacheFolder, takeLink } from './link-cache.ts';
import type { TargetFacts } from './inspect.ts';
import { callLinker, type Contents, NO_DEBUG_INFO, seedFlag } from './link-step.ts';
import type { PreparedBuild } from './prepare.ts';

export interface LinkRequest {
  /** A positive integer; the same on both sides of a launch. null: Go's own order of functions. */
  readonly linkSeed: number | null;
  /** Bind compiler and linker to these CPUs, so that a link does not disturb a launch; null: all. */
  readonly cpus: readonly number[] | null;
  /** `whole` when left out. */
  readonly contents?: Contents;
  /** Told how far it is, as long as `go` compiles and links; left out: nobody asks. */
  readonly onStage?: OnStage | undefined;
}

/** What made a binary. */
export type Way = 'cache' | 'go build' | 'linker alone';

/** What a link needs to know of its build: a service's, or a package's tests. */
export interface Linkable
  extends Pick<
    PreparedBuild,
    'side' | 'repeat' | 'flags' | 'packages' | 'ldflags' | 'binFolder' | 'cacheKey' | 'compiled'
  > {
  readonly facts: Pick<TargetFacts, 'moduleDir' | 'importPath' | 'go' | 'goEnv' | 'goMinor'>;
  readonly spec: Pick<TargetSpec, 'package' | 'buildEnv'>;
  /** The package's tests as a program (`go test -c`); left out: the package itself (`go build`). */
  readonly makes?: 'tests';
}

export interface Binary<B extends Linkable = PreparedBuild> {
  readonly path: string;
  readonly build: B;
  readonly linkSeed: number | null;
  /** Wall clock of compiling and linking, or of fetching it from the cache. */
  readonly seconds: number;
  readonly bytes: number;
  readonly by: Way;
}

/** A cold build of a large service on a loaded two-core machine took 43 minutes at worst. */
export const BUILD_TIMEOUT_SECONDS = 3600;

export interface GoBuildRequest extends LinkRequest {
  readonly output: string;
  /** Further flags of `go build`; left out: none. */
  readonly flags?: readonly string[];
}

const verbOf = ({ makes }: Linkable): readonly string[] => (makes === 'tests' ? ['test', '-c'] : ['build']);

const linkArgs = (build: Linkable, request: GoBuildRequest, more: readonly string[]): readonly string[] => {
  const { linkSeed, output, contents = 'whole', flags = [] } = request;
  const ldflags = [
    contents === 'whole' ? '' : NO_DEBUG_INFO,
    build.ldflags,
    linkSeed === null ? '' : seedFlag(linkSeed),
  ]
    .filter((part) => part !== '')
    .join(' ');
  return [
    ...verbOf(build),
    ...build.flags,
    ...flags,
    ...more,
    ...(ldflags === '' ? [] : [`-ldflags=${ldflags}`]),
    '-o',
    output,
    build.spec.package,
  ];
};

/** `go build` leaves its scratch folder behind when it is interrupted, so that folder lies where we clean up. */
export const scratchOf = ({ binFolder }: Pick<Linkable, 'binFolder'>): Readonly<Record<string, string>> => {
  const own = process.env['GOTMPDIR'] ?? '';
  return own === '' ? { GOTMPDIR: binFolder } : {};
};

/** What was compiled before is only linked. Leaves nothing at `output` where it fails. */
export const callGoBuild = async (
  build: Linkable,
  request: GoBuildRequest,
  signal: AbortSignal,
): Promise<CommandResult> => {
  const { compiled } = build;
  const result =
    compiled === undefined
      ? await goBuild(build, request, signal)
      : await callLinker(compiled, { contents: 'whole', ...request, timeoutSeconds: BUILD_TIMEOUT_SECONDS }, signal);
  if (result.exitCode !== 0) await rm(request.output, { force: true });
  return result;
};

const goBuild = async (build: Linkable, request: GoBuildRequest, signal: AbortSignal): Promise<CommandResult> => {
  const watch = watchBuild(build, request.onStage);
  const said = await callGo(
    {
      cwd: build.facts.moduleDir,
      go: build.facts.go,
      env: { ...scratchOf(build), ...build.spec.buildEnv },
      args: linkArgs(build, request, watch.flags),
      timeoutSeconds: BUILD_TIMEOUT_SECONDS,
      cpus: request.cpus,
      ...watch.hearing,
    },
    signal,
  );
  return watch.cleaned(said);
};

/** Throws a BuildError naming the side, with the first 60 lines of the compiler's output. */
export const requireBuilt = (build: Linkable, result: CommandResult): void => {
  const doing = ['go', ...verbOf(build), build.spec.package].join(' ');
  if (result.exitCode !== 0) throw goFailure(doing, build, result);
};

/** Takes the binary from the cache, or `make`s it, and keeps it there. */
export const takeOrMake = async <B extends Linkable>(
  build: B,
  { linkSeed, contents = 'whole' }: LinkRequest,
  make: (path: string) => Promise<Way>,
): Promise<Binary<B>> => {
  const name = linkSeed === null ? 'plain' : `seed-${linkSeed}`;
  const path = join(build.binFolder, name);
  const key = build.cacheKey === null ? null : `${build.cacheKey}-${name}${contents === 'whole' ? '' : NO_DEBUG_INFO}`;
  const cache = key === null ? null : linkCacheFolder();
  const startMs = performance.now();
  const isThere = cache !== null && key !== null && (await takeLink(cache, key, path));
  // Linkers write into a file that is there, which may be the cache's under a second name.
  if (!isThere) await rm(path, { force: true });
  const by = isThere ? 'cache' : await make(path);
  const seconds = (performance.now() - startMs) / 1000;
  if (by !== 'cache' && cache !== null && key !== null) await keepLink(cache, key, path);
  return { path, build, linkSeed, seconds, bytes: (await stat(path)).size, by };
};

/**
 * Compiles and links, or takes the binary from the cache. Throws a BuildError naming the side, with the first 60 lines
 * of the compiler's output.
 */
export const linkBinary = async <B extends Linkable>(
  build: B,
  request: LinkRequest,
  signal: AbortSignal,
): Promise<Binary<B>> =>
  takeOrMake(build, request, async (output) => {
    requireBuilt(build, await callGoBuild(build, { ...request, output }, signal));
    return 'go build';
  });

/** Removes the binary's file; its place on disk is needed once its launch is over. */
export const discardBinary = async (binary: Pick<Binary, 'path'>): Promise<void> => rm(binary.path, { force: true });
