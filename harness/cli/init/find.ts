/** Finds the service: modules of the folder or workspace, and their main packages. */
import { realpathSync } from 'node:fs';
import { access, glob } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { BuildError, UsageError } from '../../errors.ts';
import { listedObjects, runCommand } from '../../process/index.ts';

export interface MainPackage {
  /** Module folder relative to the working folder; `.` when it is that one. */
  readonly module: string;
  /** Relative to the module folder, `./cmd/server` or `.`. */
  readonly path: string;
  readonly importPath: string;
  /** Links a package that serves HTTP. */
  readonly serves: 'http' | 'nothing known';
}

const MODULE_GLOB = '{*,*/*,*/*/*}/go.mod';
const LIST_TIMEOUT_SECONDS = 300;

const below = (folder: string): string => relative(realpathSync('.'), folder) || '.';

/** Folders with a go.mod: the workspace's, this one, or those below. */
const moduleFolders = async (signal: AbortSignal): Promise<readonly string[]> => {
  if (await isHere('go.work')) {
    const args = ['list', '-m', '-f', '{{.Dir}}'];
    const listed = await runCommand({ file: 'go', args, cwd: '.', timeoutSeconds: LIST_TIMEOUT_SECONDS }, signal);
    if (listed.exitCode === 0) return listed.stdout.trim().split('\n').map(below).toSorted();
  }
  if (await isHere('go.mod')) return ['.'];
  const found: string[] = [];
  const skip = (name: string): boolean => name === 'node_modules' || name === 'vendor' || name === 'testdata';
  for await (const file of glob(MODULE_GLOB, { exclude: skip })) found.push(dirname(file));
  return found.toSorted((left, right) => left.localeCompare(right));
};

const isHere = async (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  );

interface Listed {
  readonly Dir: string;
  readonly ImportPath: string;
  readonly Name: string;
  readonly Deps?: readonly string[];
  readonly Module?: { readonly Path: string; readonly Dir?: string };
}

const HTTP = ['net/http', 'github.com/valyala/fasthttp'];

const listMains = async (module: string, signal: AbortSignal): Promise<readonly MainPackage[]> => {
  const args = ['list', '-e', '-json=Dir,ImportPath,Name,Deps,Module', './...'];
  const listed = await runCommand({ file: 'go', args, cwd: module, timeoutSeconds: LIST_TIMEOUT_SECONDS }, signal);
  if (listed.exitCode !== 0) {
    throw new BuildError(
      'GO_LIST',
      `go list ./... failed in ${module}:\n${listed.stderr.trimEnd().split('\n').slice(0, 20).join('\n')}`,
      'Make `go build ./...` work first.',
    );
  }
  return (listedObjects(listed.stdout) as readonly Listed[])
    .filter(({ Name }) => Name === 'main')
    .map(({ Dir, ImportPath, Deps = [], Module }) => {
      const inside = relative(Module?.Dir ?? realpathSync(module), Dir);
      return {
        module,
        path: inside === '' ? '.' : `./${inside}`,
        importPath: ImportPath,
        serves: HTTP.some((name) => Deps.includes(name)) ? 'http' : 'nothing known',
      };
    });
};

/** Names of programs that serve rather than help. */
const SERVER_NAME = /serv|api|app|web|http|daemon|gateway|backend/i;
const TOOL_NAME = /example|tool|gen|migrate|cli|ctl|util|test|bench|demo|mock|client/i;

/** `server` of `github.com/acme/server/v2`: a major version is no name. */
export const programName = (importPath: string): string => {
  const name = basename(importPath);
  return /^v\d+$/.test(name) ? basename(dirname(importPath)) : name;
};

const likelihood = ({ path, serves, importPath }: MainPackage): number =>
  (serves === 'http' ? 8 : 0) +
  (path === '.' ? 2 : 0) +
  (SERVER_NAME.test(programName(importPath)) ? 2 : 0) -
  (TOOL_NAME.test(path === '.' ? programName(importPath) : path) ? 4 : 0);

/** A mistyped folder, or one above the module. Throws `NO_MODULE`. */
const namedModule = async (folder: string): Promise<string> => {
  if (await isHere(join(folder, 'go.mod'))) return folder;
  const what = (await isHere(folder)) ? `holds no go.mod` : 'is not there';
  throw new UsageError(
    'NO_MODULE',
    `--module ${folder} ${what}`,
    'Name the folder that holds the go.mod of the service.',
  );
};

/**
 * Main packages, the likeliest service first. Of several modules only those that hold a program which serves count,
 * unless none does. Throws `NO_MODULE` and `NO_MAIN` (exit 2), `GO_LIST` (exit 5).
 */
export const findMains = async (wanted: string | undefined, signal: AbortSignal): Promise<readonly MainPackage[]> => {
  const folders = wanted === undefined ? await moduleFolders(signal) : [await namedModule(wanted)];
  if (folders.length === 0)
    throw new UsageError(
      'NO_MODULE',
      'There is no go.mod here or below',
      'Run it in the folder of a Go service, or name the folder with go.mod: --module <dir>.',
    );
  const mains: MainPackage[] = [];
  for (const folder of folders) mains.push(...(await mainsOrNone(folder, folders.length > 1, signal)));
  const serving = mains.filter(({ serves }) => serves === 'http');
  const candidates = folders.length > 1 && serving.length > 0 ? serving : mains;
  if (candidates.length === 0) {
    throw new UsageError(
      'NO_MAIN',
      `${folders.length === 1 ? `The module in ${folders[0] ?? ''} has` : `The modules ${folders.join(', ')} have`} no main package`,
      'Call it where the service is, or name it: --module.',
    );
  }
  return candidates.toSorted((left, right) => likelihood(right) - likelihood(left));
};

/** One broken module among several does not hide the others. */
const mainsOrNone = async (
  folder: string,
  amongOthers: boolean,
  signal: AbortSignal,
): Promise<readonly MainPackage[]> => {
  try {
    return await listMains(folder, signal);
  } catch (error) {
    if (amongOthers && error instanceof BuildError) return [];
    throw error;
  }
};
