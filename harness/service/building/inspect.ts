/** What the user's folder and Go say about the target, before anything is built. */
import { realpathSync, statSync } from 'node:fs';
import { sep } from 'node:path';
import { BuildError, UsageError } from '../../errors.ts';
import type { Side, TargetSpec } from '../../model/index.ts';
import { listedObjects } from '../../process/index.ts';
import type { GoProgram } from '../../process/index.ts';
import { readUserFlags } from './build-flags.ts';
import { type OnStage, watchListing } from './build-stages.ts';
import { callGo, type GoCall } from './go-command.ts';
import { type FailedBuild, goFailure } from './go-failure.ts';
import { readUserOverlay } from './overlay.ts';
import { aboutChoice, chosenGo, requireChosen } from './toolchain.ts';

export interface InspectRequest {
  readonly moduleDir: string;
  readonly spec: TargetSpec;
  /** Which Go: the one found for an earlier build; that of `spec.go`, or the user's own, when left out. */
  readonly go?: GoProgram;
  /** Whose code it is, for messages. */
  readonly side?: Side;
  /** A line with which people can see a failing build; left out: a plain `go build` there. */
  readonly repeat?: string;
  /** Told what `go` is at; left out: nobody asks. */
  readonly onStage?: OnStage | undefined;
  readonly signal: AbortSignal;
}

export interface TargetFacts {
  /** Real path of the module folder: the working folder of every `go` command. */
  readonly moduleDir: string;
  /** The main package's folder exactly as `go list` prints it. */
  readonly dir: string;
  readonly importPath: string;
  readonly modulePath: string;
  /** What all further commands are called with. */
  readonly go: GoProgram;
  /** e.g. `go1.26.8`. */
  readonly goVersion: string;
  /** e.g. 26. */
  readonly goMinor: number;
  /** Go's own settings, as `go env` prints them. */
  readonly goEnv: Readonly<Record<string, string>>;
  /** Why binaries cannot be linked with seeded layouts; null when they can. */
  readonly unseededReason: string | null;
}

/** The agent and the overlay are tested from here on. */
const OLDEST_GO_MINOR = 22;

/** First with the linker flag `-randlayout`. */
const RANDLAYOUT_GO_MINOR = 23;

/** Why binaries cannot be linked with seeded layouts; null when they can. */
export const whyUnseeded = (goVersion: string, goMinor: number): string | null =>
  goMinor >= RANDLAYOUT_GO_MINOR
    ? null
    : `${goVersion} cannot vary the link layout (-randlayout needs Go 1.${RANDLAYOUT_GO_MINOR})`;

/** Settings that decide what a build gives, and those needed to find our way. */
const GO_ENV = (
  'GOVERSION GOFLAGS GOOS GOARCH GOHOSTOS GOHOSTARCH GOMODCACHE GOWORK GOMOD GOEXPERIMENT CGO_ENABLED CC CXX ' +
  'CGO_CFLAGS CGO_CPPFLAGS CGO_CXXFLAGS CGO_LDFLAGS GOAMD64 GOARM64 GOROOT GOTOOLDIR'
).split(' ');

const stringRecord = (text: string): Readonly<Record<string, string>> => {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(
    Object.entries(value as Record<string, unknown>).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    ),
  );
};

const minorOf = (goVersion: string): number | null => {
  const found = /go1\.(\d+)/.exec(goVersion)?.[1];
  return found === undefined ? null : Number(found);
};

/** Its minor version. Throws {@link UsageError} for a Go, or a system, that is not measured with. */
export const requireUsableGo = (env: Readonly<Record<string, string>>): number => {
  const version = env['GOVERSION'] ?? 'unknown';
  // A `devel` toolchain is newer than every release.
  const minor = minorOf(version) ?? Number.MAX_SAFE_INTEGER;
  if (minor < OLDEST_GO_MINOR) {
    throw new UsageError(
      'GO_TOO_OLD',
      `This is ${version}; godyno needs Go 1.${OLDEST_GO_MINOR} or newer`,
      'Install a newer Go, or let Go fetch one: GOTOOLCHAIN=auto.',
    );
  }
  if (env['GOOS'] !== env['GOHOSTOS'] || env['GOARCH'] !== env['GOHOSTARCH']) {
    throw new UsageError(
      'CROSS_BUILD',
      `Go builds for ${env['GOOS'] ?? '?'}/${env['GOARCH'] ?? '?'}, this machine is ${env['GOHOSTOS'] ?? '?'}/${env['GOHOSTARCH'] ?? '?'}`,
      'Remove GOOS and GOARCH from the environment and from target.buildEnv: the service runs here.',
    );
  }
  if (env['GOOS'] === 'windows') {
    throw new UsageError('WINDOWS', 'godyno does not measure on Windows', 'Use Linux, or WSL 2.');
  }
  return minor;
};

interface ListedPackage {
  readonly Dir: string;
  readonly ImportPath: string;
  readonly Name: string;
  readonly Module?: { readonly Path: string; readonly Dir?: string };
}

const LIST_FIELDS = 'Dir,ImportPath,Name,Module';

const parseListed = (text: string): readonly ListedPackage[] => listedObjects(text) as readonly ListedPackage[];

const requireFolderPattern = (spec: TargetSpec): void => {
  if (!spec.package.endsWith('.go')) return;
  throw new UsageError(
    'PACKAGE_IS_FILE',
    `target.package is ${spec.package}, a file`,
    'Name the folder of the main package, e.g. ./cmd/server; the agent is added to a package, not to a list of files.',
  );
};

const requireOneMain = (packages: readonly ListedPackage[], spec: TargetSpec, where: string): ListedPackage => {
  const mains = packages.filter(({ Name }) => Name === 'main');
  const [only] = mains;
  if (only !== undefined && packages.length === 1) return only;
  const first = packages[0];
  if (packages.length === 1 && first !== undefined) {
    throw new BuildError(
      'NOT_MAIN',
      `${where}${spec.package} is package ${first.Name} (${first.ImportPath}), not a main package`,
      'Set target.package to the folder of the service’s main package, e.g. ./cmd/server.',
    );
  }
  throw new UsageError(
    'PACKAGE_AMBIGUOUS',
    `target.package ${spec.package} matches ${packages.length} packages`,
    `Name one main package${mains.length > 0 ? `: ${mains.map(({ ImportPath }) => ImportPath).join(', ')}` : ''}.`,
  );
};

const requireOutsideModuleCache = (facts: TargetFacts): void => {
  const cache = facts.goEnv['GOMODCACHE'] ?? '';
  if (cache === '' || !`${facts.dir}${sep}`.startsWith(`${cache}${sep}`)) return;
  throw new UsageError(
    'MODULE_CACHE',
    `The main package lies in the Go module cache (${facts.dir}), whose files must not be replaced`,
    `Copy the module out and measure the copy: cp -r ${facts.moduleDir} <copy> && chmod -R u+w <copy>`,
  );
};

const requireModuleDir = (moduleDir: string, side: Side | undefined): string => {
  if (statSync(moduleDir, { throwIfNoEntry: false })?.isDirectory() ?? false) return realpathSync(moduleDir);
  throw new BuildError(
    'MODULE_DIR_MISSING',
    `${side === undefined ? '' : `${side}: `}there is no folder ${moduleDir}`,
    'Set target.module to the folder that holds go.mod, relative to the repository; it must exist on both sides.',
  );
};

/** Go's own settings in a folder, as `go env` prints them. Throws what it says where it fails, of `failed`. */
export const goSettings = async (
  call: Pick<GoCall, 'cwd' | 'go' | 'env'>,
  failed: FailedBuild,
  signal: AbortSignal,
): Promise<TargetFacts['goEnv']> => {
  const env = await callGo({ ...call, args: ['env', '-json', ...GO_ENV] }, signal);
  if (env.exitCode === 0) return stringRecord(env.stdout);
  throw goFailure('go env', failed, env);
};

/**
 * Throws `GO_MISSING`, `GO_TOO_OLD`, `CROSS_BUILD`, `PACKAGE_IS_FILE`, `MODULE_CACHE` (exit 2), and what Go says about
 * the folder as a {@link BuildError} (exit 5), e.g. `PACKAGE_MISSING`, `NOT_MAIN`, `GO_TOO_OLD_FOR_MODULE`.
 */
export const inspectTarget = async ({
  moduleDir,
  spec,
  go: given,
  side,
  repeat,
  onStage,
  signal,
}: InspectRequest): Promise<TargetFacts> => {
  requireFolderPattern(spec);
  const cwd = requireModuleDir(moduleDir, side);
  const whose = side === undefined ? '' : `${side}: `;
  const choice = spec.go?.[side ?? 'head'];
  const go = given ?? chosenGo(choice, whose);
  const call = { cwd, go, env: spec.buildEnv };
  const failed = { side: side ?? null, repeat: repeat ?? `cd ${moduleDir} && go build ${spec.package}` };
  const goEnv = await goSettings(call, failed, signal).catch((error: unknown) => {
    throw aboutChoice(error, choice);
  });
  requireChosen(goEnv['GOVERSION'] ?? '', choice, whose);
  const goMinor = requireUsableGo(goEnv);
  // Checks their form; the import path, which matters only for linker patterns, is not known yet.
  const user = readUserFlags(spec.buildFlags, goEnv['GOFLAGS'] ?? '', '');
  readUserOverlay(user.overlay, cwd);
  const args = ['list', ...spec.buildFlags, `-json=${LIST_FIELDS}`, spec.package];
  const listed = await callGo({ ...call, args, ...watchListing(onStage) }, signal);
  if (listed.exitCode !== 0) throw goFailure(`go list ${spec.package}`, failed, listed);
  const found = requireOneMain(parseListed(listed.stdout), spec, whose);
  const goVersion = goEnv['GOVERSION'] ?? 'unknown';
  const facts: TargetFacts = {
    moduleDir: cwd,
    dir: found.Dir,
    importPath: found.ImportPath,
    modulePath: found.Module?.Path ?? '',
    go,
    goVersion,
    goMinor,
    goEnv,
    unseededReason: whyUnseeded(goVersion, goMinor),
  };
  requireOutsideModuleCache(facts);
  return facts;
};
