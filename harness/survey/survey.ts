/** Builds the reader with the service's own Go and has it read the packages that the service is made of. */
import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BuildError } from '../errors.ts';
import { listedObjects, runCommand } from '../process/index.ts';

/** A flag or an environment variable. */
export interface Setting {
  readonly kind: 'flag' | 'variable';
  /** As it is given: `-addr`, `--addr`, `HTTP_PORT`. */
  readonly name: string;
  /** Default as text; null when the source does not show one. */
  readonly fallback: string | null;
  readonly file: string;
  readonly line: number;
}

export interface Route {
  /** Upper case; empty: any. */
  readonly method: string;
  /** As the router has it, with its groups' prefixes: `/api/items/:id`. */
  readonly path: string;
  readonly file: string;
  readonly line: number;
}

/** An address that the source listens on, such as `:8080`. */
export interface Listen {
  readonly address: string;
  readonly file: string;
  readonly line: number;
}

export interface Survey {
  /** The main package's first. */
  readonly settings: readonly Setting[];
  readonly routes: readonly Route[];
  readonly listens: readonly Listen[];
  /** Names of subcommands. */
  readonly commands: readonly string[];
}

export interface SurveyRequest {
  /** Real path of the module's folder. */
  readonly moduleDir: string;
  /** Main package, relative to it. */
  readonly package: string;
  /** A fresh folder of ours. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

interface ListedPackage {
  readonly Dir: string;
  readonly ImportPath: string;
  readonly Name: string;
  readonly Standard?: boolean;
  readonly Module?: { readonly Main?: boolean; readonly Replace?: { readonly Path: string } };
  readonly GoFiles?: readonly string[];
  readonly CgoFiles?: readonly string[];
}

const LIST_SECONDS = 600;
/** From an empty Go cache on two busy cores. */
const BUILD_SECONDS = 300;
const READ_SECONDS = 60;
const LIST_FIELDS = 'Dir,ImportPath,Name,Standard,Module,GoFiles,CgoFiles';

/** Nothing of the user's module may decide how the reader is built. */
const OWN_ENV = { GOFLAGS: '', GOWORK: 'off', CGO_ENABLED: '0' } as const;

const parseListed = (text: string): readonly ListedPackage[] => listedObjects(text) as readonly ListedPackage[];

/** Of the module, of its workspace, or of a module that a `replace` line takes from a folder beside it. */
const isOwn = ({ Standard, Module }: ListedPackage): boolean =>
  Standard !== true && (Module === undefined || Module.Main === true || /^\.{0,2}\//.test(Module.Replace?.Path ?? ''));

/** The main package first: its flags outweigh those of the packages it uses. */
const ownPackages = async ({ moduleDir, package: wanted, signal }: SurveyRequest) => {
  const listed = await runCommand(
    {
      file: 'go',
      args: ['list', '-e', '-deps', `-json=${LIST_FIELDS}`, wanted],
      cwd: moduleDir,
      env: { PWD: moduleDir },
      timeoutSeconds: LIST_SECONDS,
    },
    signal,
  );
  if (listed.exitCode !== 0) throw failed(`go list -deps ${wanted} failed in ${moduleDir}`, listed.stderr);
  return parseListed(listed.stdout).filter(isOwn).toReversed();
};

const failed = (what: string, output: string): BuildError =>
  new BuildError(
    'SURVEY_FAILED',
    `${what}:\n${output.trim().split('\n').slice(0, 20).join('\n')}`,
    'Make `go build` work in that folder, or write the scenario by hand.',
  );

const buildReader = async ({ folder, signal }: SurveyRequest): Promise<string> => {
  const source = join(folder, 'reader');
  await mkdir(folder, { recursive: true });
  await cp(fileURLToPath(new URL('./reader/', import.meta.url)), source, { recursive: true });
  const program = join(folder, 'zzgodynoreader');
  const env = { ...OWN_ENV, PWD: source };
  const built = await runCommand(
    { file: 'go', args: ['build', '-o', program, '.'], cwd: source, env, timeoutSeconds: BUILD_SECONDS },
    signal,
  );
  if (built.exitCode !== 0) throw failed('The program that reads Go source does not build', built.stderr);
  return program;
};

/** Throws {@link BuildError} `SURVEY_FAILED` when Go cannot list the packages. Files that do not parse are left out. */
export const surveyService = async (request: SurveyRequest): Promise<Survey> => {
  const packages = await ownPackages(request);
  const program = await buildReader(request);
  const input = packages.map(({ ImportPath, Name, Dir, GoFiles = [], CgoFiles = [] }) => ({
    importPath: ImportPath,
    name: Name,
    dir: Dir,
    files: [...GoFiles, ...CgoFiles],
  }));
  const { folder, signal } = request;
  const read = await runCommand(
    { file: program, args: [], cwd: folder, input: JSON.stringify(input), timeoutSeconds: READ_SECONDS },
    signal,
  );
  if (read.exitCode !== 0) throw failed('The Go source could not be read', read.stderr);
  return JSON.parse(read.stdout) as Survey;
};
