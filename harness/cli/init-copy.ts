/** A copy of the user's source in a temporary folder, and the program built there: nothing is left in the original. */
import { cp, mkdir, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { BuildError } from '../errors.ts';
import { runCommand } from '../process/index.ts';
import { copyWorkTree, findRepository } from '../source/index.ts';

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

/** A file or folder that the build embeds and that is not in the copy. */
export interface MissingEmbed {
  /** Relative to the module: `ui/build/*`. */
  readonly pattern: string;
  /** It is in the user's folder, ignored by git: to be carried along. Else a placeholder was made. */
  readonly ignored: boolean;
}

export interface Built {
  readonly binary: string;
  readonly missing: readonly MissingEmbed[];
}

/** `ui/serve.go:19:12: pattern build/*: no matching files found`. */
const NO_MATCH = /^(?:.*: )?(\S+\.go):\d+:\d+: pattern (?:all:)?(\S+): (?:no matching files found|cannot embed)/gm;

const missingIn = (stderr: string, moduleDir: string): readonly string[] => [
  ...new Set(
    [...stderr.matchAll(NO_MATCH)].map(([, file = '', pattern = '']) =>
      join(relative(moduleDir, join(moduleDir, dirname(file))), pattern),
    ),
  ),
];

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

const supply = async (pattern: string, copy: SourceCopy): Promise<MissingEmbed> => {
  const place = fixedPart(pattern);
  const [here, there] = [join(copy.origin, copy.below, place), join(copy.moduleDir, place)];
  if (await isThere(here)) {
    await cp(here, there, { recursive: true });
    return { pattern, ignored: true };
  }
  const file = placeholderOf(pattern);
  await mkdir(dirname(join(copy.moduleDir, file)), { recursive: true });
  await writeFile(join(copy.moduleDir, file), '');
  return { pattern, ignored: false };
};

/** A file that the pattern matches: `ui/build/index.html` for `ui/build/*` and for `ui/build`. */
export const placeholderOf = (pattern: string): string => {
  const last = basename(pattern);
  if (!/[*?[]/.test(last)) return /\.\w+$/.test(last) ? pattern : join(pattern, 'index.html');
  return join(fixedPart(pattern), last === '*' ? 'index.html' : last.replaceAll(/[*?]/g, 'x'));
};

const MOST_ROUNDS = 5;

/** Builds it; files it embeds that git does not have are carried along, or made up when there are none. */
export const buildCopy = async (
  copy: SourceCopy,
  packagePath: string,
  folder: string,
  signal: AbortSignal,
): Promise<Built> => {
  const binary = join(folder, 'program');
  const missing: MissingEmbed[] = [];
  for (let round = 1; ; round++) {
    const built = await runCommand(
      {
        file: 'go',
        args: ['build', '-o', binary, packagePath],
        cwd: copy.moduleDir,
        env: { PWD: copy.moduleDir },
        timeoutSeconds: BUILD_TIMEOUT_SECONDS,
      },
      signal,
    );
    if (built.exitCode === 0) return { binary, missing };
    const patterns = missingIn(built.stderr, copy.moduleDir);
    if (patterns.length === 0 || round === MOST_ROUNDS) throw buildFailed(packagePath, built.stderr);
    for (const pattern of patterns) missing.push(await supply(pattern, copy));
  }
};

const buildFailed = (packagePath: string, stderr: string): BuildError =>
  new BuildError(
    'BUILD_FAILED',
    `go build ${packagePath} failed in a copy of the source, without what git ignores:\n${stderr.trimEnd().split('\n').slice(0, 20).join('\n')}`,
    'Make it build in a fresh clone first (generated files: target.generate and target.include of the scenario), or write the scenario without a trial: godyno init --no-try.',
  );
