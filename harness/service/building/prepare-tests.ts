/** From a side's source to everything `go test -c` needs: its packages with benchmarks, flags, and what is laid over Go. */
import { mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../../errors.ts';
import type { Side } from '../../model/index.ts';
import { listedObjects, USERS_GO } from '../../process/index.ts';
import { readUserFlags, type UserFlags } from './build-flags.ts';
import { callGo, type GoCall } from './go-command.ts';
import { type FailedBuild, goFailure } from './go-failure.ts';
import { goSettings, requireUsableGo, whyUnseeded } from './inspect.ts';
import type { Linkable } from './link.ts';
import { readUserOverlay } from './overlay.ts';
import { hookTesting } from './testing-hook.ts';
import { outsideModuleCache } from './toolchain.ts';

export interface TestsRequest {
  readonly side: Side;
  /** Where `go` is called: patterns are relative to it. */
  readonly moduleDir: string;
  /** As for `go test`: `./...`, import paths. */
  readonly patterns: readonly string[];
  readonly buildFlags: readonly string[];
  /** Ours to write into. */
  readonly workDir: string;
  readonly signal: AbortSignal;
}

/** A package's tests as a program. */
export interface TestBuild extends Linkable {
  readonly makes: 'tests';
}

export interface TestPackage {
  readonly importPath: string;
  /** Its folder, which is where `go test` runs its tests. */
  readonly dir: string;
  readonly build: TestBuild;
}

export interface PreparedTests {
  readonly goVersion: string;
  /** Why binaries cannot be linked with seeded layouts; null when they can. */
  readonly unseededReason: string | null;
  /** Those whose test files hold a benchmark. */
  readonly packages: readonly TestPackage[];
  /** Patterns and packages that `go list` has trouble with, and what it says. */
  readonly unlisted: readonly { readonly name: string; readonly why: string }[];
}

interface ListedTests {
  readonly Dir?: string;
  readonly ImportPath: string;
  readonly TestGoFiles?: readonly string[];
  readonly XTestGoFiles?: readonly string[];
  readonly Error?: { readonly Err: string };
}

const LIST_FIELDS = 'Dir,ImportPath,TestGoFiles,XTestGoFiles,Error';

const holdsBenchmark = (file: string): boolean => /^func Benchmark/m.test(readFileSync(file, 'utf8'));

const hasBenchmarks = ({ Dir = '', TestGoFiles = [], XTestGoFiles = [] }: ListedTests): boolean =>
  [...TestGoFiles, ...XTestGoFiles].some((name) => holdsBenchmark(join(Dir, name)));

/** Throws {@link UsageError} `TESTING_UNKNOWN` where this Go's package testing is not known. */
const writeTestOverlay = (goroot: string, user: UserFlags, cwd: string, folder: string, goVersion: string): string => {
  const hook = hookTesting(goroot, folder);
  if (typeof hook === 'string') {
    throw new UsageError(
      'TESTING_UNKNOWN',
      `${goVersion}: ${hook}`,
      'Use a released Go from 1.22 to 1.27 (GOTOOLCHAIN=go1.27.3), or a newer godyno.',
    );
  }
  const file = join(folder, 'overlay.json');
  writeFileSync(file, JSON.stringify({ Replace: { ...readUserOverlay(user.overlay, cwd), ...hook } }));
  return file;
};

const listTests = async (
  call: Omit<GoCall, 'args'>,
  { buildFlags, patterns, signal }: TestsRequest,
  failed: FailedBuild,
): Promise<readonly ListedTests[]> => {
  const args = ['list', '-e', ...buildFlags, `-json=${LIST_FIELDS}`, ...patterns];
  const listed = await callGo({ ...call, args }, signal);
  if (listed.exitCode !== 0) throw goFailure(`go list ${patterns.join(' ')}`, failed, listed);
  return listedObjects(listed.stdout) as readonly ListedTests[];
};

/**
 * Compiles nothing yet: the first link of a package does. Throws `GO_MISSING`, `GO_TOO_OLD`, `TESTING_UNKNOWN`,
 * `BUILD_FLAGS` (exit 2), and what Go says about the folder as a BuildError.
 */
export const prepareTests = async (request: TestsRequest): Promise<PreparedTests> => {
  const { side, buildFlags, workDir, signal } = request;
  const cwd = realpathSync(request.moduleDir);
  const repeat = `go test -run '^$' ${request.patterns.join(' ')}`;
  const failed = { side, repeat };
  const goEnv = await goSettings({ cwd, go: USERS_GO, env: {} }, failed, signal);
  const goMinor = requireUsableGo(goEnv);
  const goVersion = goEnv['GOVERSION'] ?? 'unknown';
  const go = outsideModuleCache(USERS_GO, goEnv, join(workDir, 'go'));
  const goroot = go.env['GOROOT'] ?? goEnv['GOROOT'] ?? '';
  const user = readUserFlags(buildFlags, goEnv['GOFLAGS'] ?? '', '');
  const listed = await listTests({ cwd, go, env: {} }, request, failed);
  const overlay = writeTestOverlay(goroot, user, cwd, makeFolderAt(join(workDir, 'testing', side)), goVersion);
  const flags = [
    ...user.kept,
    `-overlay=${overlay}`,
    `-trimpath=${user.trimpath}`,
    '-buildvcs=false',
    ...user.otherLdflags.map((one) => `-ldflags=${one}`),
  ];
  const packageOf = ({ ImportPath: importPath, Dir: dir = '' }: ListedTests, index: number): TestPackage => ({
    importPath,
    dir,
    build: {
      makes: 'tests',
      side,
      repeat: `go test -run '^$' ${importPath}`,
      flags,
      packages: [],
      ldflags: user.ldflags,
      binFolder: makeFolderAt(join(workDir, 'tests', side, String(index + 1))),
      cacheKey: null,
      facts: { moduleDir: cwd, importPath, go, goEnv, goMinor },
      spec: { package: importPath, buildEnv: {} },
    },
  });
  return {
    goVersion,
    unseededReason: whyUnseeded(goVersion, goMinor),
    packages: listed.filter(hasBenchmarks).map(packageOf),
    unlisted: listed.flatMap(({ ImportPath: name, Error: error }) =>
      error === undefined ? [] : [{ name, why: error.Err }],
    ),
  };
};

const makeFolderAt = (path: string): string => {
  mkdirSync(path, { recursive: true });
  return path;
};
