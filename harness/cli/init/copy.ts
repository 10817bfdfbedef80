/** A copy of the user's source in a temporary folder, and the program built there: nothing is left in the original. */
import { cp, glob, mkdir, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { BuildError } from '../../errors.ts';
import { runCommand } from '../../process/index.ts';
import { copyWorkTree, findRepository } from '../../source/index.ts';

const BUILD_TIMEOUT_SECONDS = 1800;
const QUICK_SECONDS = 60;

export interface SourceCopy {
  /** The module folder in the copy. */
  readonly moduleDir: string;
  /** From the folder that was copied to the module. */
  readonly below: string;
  /** The user's folder that was copied. */
  readonly origin: string;
}

/** The workspace or the module itself, where there is no repository. */
const plainRoot = async (moduleDir: string, signal: AbortSignal): Promise<string> => {
  const { stdout } = await runCommand(
    { file: 'go', args: ['env', 'GOWORK'], cwd: moduleDir, timeoutSeconds: QUICK_SECONDS },
    signal,
  );
  const work = stdout.trim();
  return work === '' || work === 'off' ? moduleDir : dirname(work);
};

const NOT_SOURCE = new Set(['node_modules', '.git', '.godyno']);

const copyOf = (origin: string, moduleDir: string, target: string): SourceCopy => {
  const below = relative(origin, moduleDir);
  return { moduleDir: join(target, below), below, origin };
};

/**
 * Tracked and untracked files without what git ignores; outside of git (or where git ignores the module), everything
 * but `node_modules`. `moduleDir`: real path.
 */
export const copySource = async (moduleDir: string, target: string, signal: AbortSignal): Promise<SourceCopy> => {
  const repository = await findRepository(moduleDir, signal);
  if (repository !== null) {
    const copy = copyOf(repository.rootDir, moduleDir, target);
    await copyWorkTree(copy.origin, target, signal);
    if (await isThere(join(copy.moduleDir, 'go.mod'))) return copy;
  }
  const copy = copyOf(await plainRoot(moduleDir, signal), moduleDir, target);
  await cp(copy.origin, target, { recursive: true, filter: (path) => !NOT_SOURCE.has(basename(path)) });
  return copy;
};

const CONFIG_FILE =
  /(?:^|[._-])(?:config|conf|settings|server|app)(?:[._-](?:example|sample|default|dev|local))?\.(?:ya?ml|json|toml|ini|conf|hcl)$/i;
const MOST_CONFIGS = 4;

/** Configuration files in the module's folder and those right below it, the shallowest first. */
export const configFiles = async (moduleDir: string): Promise<readonly string[]> => {
  const found: string[] = [];
  const skip = (name: string): boolean => /^(?:node_modules|vendor|testdata|test|tests|ui|web|docs)$/.test(name);
  for await (const file of glob('{*,*/*}', { cwd: moduleDir, exclude: skip }))
    if (CONFIG_FILE.test(basename(file))) found.push(file);
  const depth = (file: string): number => file.split('/').length;
  return found.toSorted((a, b) => depth(a) - depth(b) || a.localeCompare(b)).slice(0, MOST_CONFIGS);
};

/** Files that the build embeds and that are not in the copy. */
export interface MissingEmbed {
  /** The package that embeds them, relative to the module: `ui`. */
  readonly folder: string;
  /** As the source writes it: `build/*`. */
  readonly pattern: string;
  /** Glob of what git ignores and was carried along, relative to the module; null: nobody has it. */
  readonly carried: string | null;
  /** Empty files that were made instead, relative to the module. */
  readonly made: readonly string[];
}

export interface Built {
  readonly binary: string;
  readonly missing: readonly MissingEmbed[];
}

/** `ui/serve.go:19:12: pattern build/*: no matching files found`. */
const NO_MATCH = /^(?:.*: )?(\S+\.go):\d+:\d+: pattern (?:all:)?(\S+): (?:no matching files found|cannot embed)/gm;

type WantedEmbed = Pick<MissingEmbed, 'folder' | 'pattern'>;

const wantedIn = (stderr: string, moduleDir: string): readonly WantedEmbed[] => {
  const found = [...stderr.matchAll(NO_MATCH)].map(([, file = '', pattern = '']) => ({
    folder: relative(moduleDir, dirname(resolve(moduleDir, file))),
    pattern,
  }));
  return [...new Map(found.map((one) => [embedPath(one), one])).values()];
};

/** Relative to the module: `ui/build/*`. */
export const embedPath = ({ folder, pattern }: WantedEmbed): string => join(folder, pattern);

const isThere = async (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** Folder or file in front of the first wildcard. */
const fixedPart = (pattern: string): string => {
  const parts = pattern.split('/');
  const at = parts.findIndex((part) => /[*?[]/.test(part));
  return (at < 0 ? parts : parts.slice(0, at)).join('/');
};

/** A file that the pattern matches: `ui/build/index.html` for `ui/build/*` and for `ui/build`. */
const placeholderOf = (pattern: string): string => {
  const last = basename(pattern);
  if (!/[*?[]/.test(last)) return /\.\w+$/.test(last) ? pattern : join(pattern, 'index.html');
  return join(fixedPart(pattern), last === '*' ? 'index.html' : last.replaceAll(/[*?]/g, 'x'));
};

const makeEmpty = async ({ moduleDir }: SourceCopy, file: string): Promise<void> => {
  await mkdir(dirname(join(moduleDir, file)), { recursive: true });
  await writeFile(join(moduleDir, file), '');
};

/** Carries along what the user's folder has; a file of no bytes stands in for what nobody has. */
const supply = async (wanted: WantedEmbed, copy: SourceCopy): Promise<MissingEmbed> => {
  const place = fixedPart(embedPath(wanted));
  const [here, there] = [join(copy.origin, copy.below, place), join(copy.moduleDir, place)];
  if ((await isThere(here)) && !(await isThere(there))) {
    await cp(here, there, { recursive: true });
    const isFolder = (await stat(here)).isDirectory();
    return { ...wanted, carried: isFolder ? `${place}/**` : place, made: [] };
  }
  const file = placeholderOf(embedPath(wanted));
  await makeEmpty(copy, file);
  return { ...wanted, carried: null, made: [file] };
};

/** What a service says that reads an embedded file that is not there: `open build/manifest.json: file does not exist`. */
const NOT_EMBEDDED = /open (\S+): file does not exist/;

/** One more placeholder, where the output names a file that a made-up folder lacks; null: the output names none. */
export const withMissingFile = async (
  output: string,
  missing: readonly MissingEmbed[],
  copy: SourceCopy,
): Promise<readonly MissingEmbed[] | null> => {
  const name = NOT_EMBEDDED.exec(output)?.[1];
  const owner = missing.find(
    ({ made, pattern }) => made.length > 0 && name?.startsWith(`${fixedPart(pattern)}/`) === true,
  );
  if (name === undefined || owner === undefined) return null;
  const file = join(owner.folder, name);
  if (owner.made.includes(file) || relative('.', file).startsWith('..')) return null;
  await makeEmpty(copy, file);
  return missing.map((one) => (one === owner ? { ...one, made: [...one.made, file] } : one));
};

const MOST_ROUNDS = 6;

/** Builds it; files it embeds that git does not have are carried along, or made up when there are none. */
export const buildCopy = async (
  copy: SourceCopy,
  packagePath: string,
  binary: string,
  signal: AbortSignal,
): Promise<Built> => {
  const missing: MissingEmbed[] = [];
  for (let round = 1; ; round++) {
    const built = await runCommand(
      {
        file: 'go',
        // As runs build, so that doctor and the first run find its packages compiled.
        args: ['build', '-trimpath', '-buildvcs=false', '-o', binary, packagePath],
        cwd: copy.moduleDir,
        env: { PWD: copy.moduleDir },
        timeoutSeconds: BUILD_TIMEOUT_SECONDS,
      },
      signal,
    );
    if (built.exitCode === 0) return { binary, missing };
    const wanted = wantedIn(built.stderr, copy.moduleDir);
    if (wanted.length === 0 || round === MOST_ROUNDS) throw buildFailed(packagePath, built.stderr);
    for (const one of wanted) missing.push(await supply(one, copy));
  }
};

const buildFailed = (packagePath: string, stderr: string): BuildError =>
  new BuildError(
    'BUILD_FAILED',
    `go build ${packagePath} failed in a copy of the source, without what git ignores:\n${stderr.trimEnd().split('\n').slice(0, 20).join('\n')}`,
    'Make it build in a fresh clone first (generated files: target.generate and target.include of the scenario), or write the scenario without a trial: godyno init --no-try.',
  );
