/**
 * Which Go builds a side: the program, its environment and its GOROOT, found out once. Every command for the side goes
 * through it, so that what is listed, built, counted and planted is one toolchain's.
 */
import { lstatSync, mkdirSync, readlinkSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { basename, delimiter, dirname, isAbsolute, join, sep } from 'node:path';
import { GodynoError, UsageError } from '../../errors.ts';
import { type GoProgram, USERS_GO } from '../../process/index.ts';

const ADVICE =
  'Name a release such as 1.27.3, which Go fetches by itself, or the path of an unpacked Go such as /usr/local/go.';

const atPath = (path: string, whose: string): GoProgram => {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isFile() ?? false) return { file: path, env: { GOROOT: '', GOTOOLCHAIN: 'local' } };
  const file = join(path, 'bin', 'go');
  if (statSync(file, { throwIfNoEntry: false })?.isFile() ?? false)
    return { file, env: { GOROOT: path, GOTOOLCHAIN: 'local' } };
  const what = found === undefined ? 'is not there' : 'holds no bin/go';
  throw new UsageError('GO_CHOICE', `${whose}the chosen Go ${path} ${what}`, ADVICE);
};

/** A place on this machine, where another Go of the same version may lie tomorrow; else a release. */
export const isPath = (choice: string): boolean => !choice.startsWith('go1.');

/**
 * The Go that the scenario or the command line asks for: a release as GOTOOLCHAIN names it, or a path; undefined: what
 * the user would call. Throws {@link UsageError} `GO_CHOICE` for a path without Go.
 */
export const chosenGo = (choice: string | undefined, whose: string): GoProgram => {
  if (choice === undefined) return USERS_GO;
  return isPath(choice) ? atPath(choice, whose) : { file: 'go', env: { GOTOOLCHAIN: choice } };
};

/** Environment in which a command that calls `go` by itself gets the chosen one. Throws as {@link chosenGo} does. */
export const withChosenGo = (
  env: Readonly<Record<string, string>>,
  choice: string | undefined,
  whose: string,
): Readonly<Record<string, string>> => {
  const go = chosenGo(choice, whose);
  if (go === USERS_GO) return env;
  const path = env['PATH'] ?? process.env['PATH'] ?? '';
  return { ...env, ...go.env, ...(isAbsolute(go.file) && { PATH: `${dirname(go.file)}${delimiter}${path}` }) };
};

/** What `go` said when it could not be the chosen release, as an error about the choice. */
export const aboutChoice = (error: unknown, choice: string | undefined): unknown => {
  const missing = error instanceof GodynoError && error.code === 'TOOLCHAIN_UNAVAILABLE';
  return missing && choice !== undefined ? new UsageError('GO_CHOICE', error.message, ADVICE, { cause: error }) : error;
};

/** `go` before 1.21 takes no notice of GOTOOLCHAIN, and a wrapper may set it anew. */
export const requireChosen = (goVersion: string, choice: string | undefined, whose: string): void => {
  const [release] = goVersion.split(' ');
  if (choice === undefined || isPath(choice) || release === choice) return;
  throw new UsageError(
    'GO_CHOICE_IGNORED',
    `${whose}${choice} was chosen, and \`go\` in PATH goes on as ${goVersion}`,
    'Go 1.21 and newer follow GOTOOLCHAIN; a wrapper around `go` may keep it from that. Or give the path of that Go.',
  );
};

/** By name alone, as `go` itself decides it: Go fetched this toolchain (GOTOOLCHAIN, or a `toolchain` line). */
const isFetched = (goroot: string, moduleCache: string): boolean =>
  goroot !== '' && moduleCache !== '' && `${goroot}${sep}`.startsWith(`${moduleCache}${sep}`);

const leadsTo = (link: string, place: string): boolean =>
  lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink() === true && readlinkSync(link) === place;

/**
 * The same toolchain under a name outside the module cache, below which `go build -overlay` replaces no file; the
 * program as it is where Go does not lie there. The name is made below `folder`, the same for both sides.
 */
export const outsideModuleCache = (
  go: GoProgram,
  goEnv: Readonly<Record<string, string>>,
  folder: string,
): GoProgram => {
  const goroot = goEnv['GOROOT'] ?? '';
  if (!isFetched(goroot, goEnv['GOMODCACHE'] ?? '')) return go;
  const link = join(folder, basename(goroot));
  // The other side may be calling it.
  if (!leadsTo(link, goroot)) {
    mkdirSync(folder, { recursive: true });
    rmSync(link, { force: true });
    symlinkSync(goroot, link);
  }
  return { file: join(link, 'bin', 'go'), env: { GOROOT: link, GOTOOLCHAIN: 'local' } };
};
