/**
 * Which Go builds a side: the program, its environment and its GOROOT, found out once. Every command for the side goes
 * through it, so that what is listed, built, counted and planted is one toolchain's.
 */
import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';

export interface GoProgram {
  /** `go`, looked up in PATH, or a path. */
  readonly file: string;
  /** What keeps it this toolchain; wins over every other setting. */
  readonly env: Readonly<Record<string, string>>;
}

/** As the user would call it in that folder: a `toolchain` line and GOTOOLCHAIN are followed. */
export const USERS_GO: GoProgram = { file: 'go', env: {} };

/** By name alone, as `go` itself decides it: Go fetched this toolchain (GOTOOLCHAIN, or a `toolchain` line). */
const isFetched = (goroot: string, moduleCache: string): boolean =>
  goroot !== '' && moduleCache !== '' && `${goroot}${sep}`.startsWith(`${moduleCache}${sep}`);

/**
 * The same toolchain under a name outside the module cache, below which `go build -overlay` replaces no file; the
 * program as it is where Go does not lie there. `link` is where the name is made.
 */
export const outsideModuleCache = (go: GoProgram, goEnv: Readonly<Record<string, string>>, link: string): GoProgram => {
  const goroot = goEnv['GOROOT'] ?? '';
  if (!isFetched(goroot, goEnv['GOMODCACHE'] ?? '')) return go;
  mkdirSync(dirname(link), { recursive: true });
  rmSync(link, { force: true });
  symlinkSync(goroot, link);
  return { file: join(link, 'bin', 'go'), env: { GOROOT: link, GOTOOLCHAIN: 'local' } };
};
