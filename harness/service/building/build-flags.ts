/**
 * The user's flags for `go build`, from `target.buildFlags` and GOFLAGS, taken apart where ours must be merged in:
 * a later `-overlay` or `-ldflags` replaces an earlier one whole.
 */
import { UsageError } from '../../errors.ts';

export interface UserFlags {
  /** Flags to pass on as they are, without those below. */
  readonly kept: readonly string[];
  /** Their overlay file, relative to the working folder of the build; null: none. */
  readonly overlay: string | null;
  /** Their linker flags for the main package; `''`: none. */
  readonly ldflags: string;
  /** `pattern=flags` linker settings for other packages. */
  readonly otherLdflags: readonly string[];
  /** false: they want the sources' own paths in the binary (`-trimpath=false`). */
  readonly trimpath: boolean;
}

interface Flag {
  readonly name: string;
  readonly value: string | null;
}

/** Flags of `go build` that take no value; every other one takes the next word unless written with `=`. */
const SWITCHES = new Set('a n v x race msan asan cover trimpath buildvcs linkshared modcacherw work json'.split(' '));

const REFUSED: Readonly<Record<string, string>> = {
  o: 'the binaries’ place is ours to choose',
  C: 'set target.module instead',
  n: 'it builds nothing',
};

const HOW_TO_WRITE = {
  'target.buildFlags':
    'Write flags as separate words, e.g. ["-tags", "sqlite"] or ["-tags=sqlite"]; the package is target.package.',
  GOFLAGS: 'In GOFLAGS, quotes stand around a whole flag: GOFLAGS="\'-ldflags=-s -w\'".',
} as const;

const parseFlags = (words: readonly string[], from: keyof typeof HOW_TO_WRITE): readonly Flag[] => {
  const flags: Flag[] = [];
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? '';
    const match = /^--?([A-Za-z][\w-]*)(?:=([\s\S]*))?$/.exec(word);
    if (match === null) {
      throw new UsageError('BUILD_FLAGS', `${from}: "${word}" is not a flag of go build`, HOW_TO_WRITE[from]);
    }
    const name = match[1] ?? '';
    if (match[2] !== undefined) flags.push({ name, value: match[2] });
    else if (SWITCHES.has(name)) flags.push({ name, value: null });
    else flags.push({ name, value: words[++index] ?? '' });
  }
  return flags;
};

/** Splits GOFLAGS as `go` does: by spaces, with '…' or "…" around a whole entry (go help environment). */
export const splitGoflags = (goflags: string): readonly string[] =>
  [...goflags.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
    ([, single, double, plain]) => single ?? double ?? plain ?? '',
  );

const lastValue = (flags: readonly Flag[], name: string): string | null =>
  flags.findLast((flag) => flag.name === name)?.value ?? null;

/** What Go's flag package takes for false. */
const FALSE = new Set(['0', 'f', 'F', 'false', 'FALSE', 'False']);

const isOff = (flags: readonly Flag[], name: string): boolean => FALSE.has(lastValue(flags, name) ?? '');

const isForMain = (pattern: string, importPath: string): boolean =>
  pattern === 'all' || pattern === '...' || pattern === '.' || pattern === importPath;

const render = ({ name, value }: Flag): string => (value === null ? `-${name}` : `-${name}=${value}`);

/** Set by {@link UserFlags}' other members. */
const MERGED = new Set(['overlay', 'ldflags', 'trimpath']);

/** Throws {@link UsageError} `BUILD_FLAGS` for a word that is no flag, and for flags that would undo the build. */
export const readUserFlags = (buildFlags: readonly string[], goflags: string, importPath: string): UserFlags => {
  const given = parseFlags(buildFlags, 'target.buildFlags');
  const fromEnvironment = parseFlags(splitGoflags(goflags), 'GOFLAGS');
  for (const { name } of given) {
    const why = REFUSED[name];
    if (why !== undefined) {
      throw new UsageError('BUILD_FLAGS', `target.buildFlags: -${name} cannot be used: ${why}`, `Remove -${name}.`);
    }
  }
  // A flag on the command line hides all of its kind in GOFLAGS.
  const own = given.filter(({ name }) => name === 'ldflags');
  const linker = own.length > 0 ? own : fromEnvironment.filter(({ name }) => name === 'ldflags');
  const settings = linker.map(({ value }) => {
    const found = /^([^-\s=][^=]*)=([\s\S]*)$/.exec((value ?? '').trim());
    return found === null
      ? { pattern: '.', flags: (value ?? '').trim() }
      : { pattern: found[1] ?? '', flags: found[2] ?? '' };
  });
  return {
    kept: given.filter(({ name }) => !MERGED.has(name)).map(render),
    overlay: lastValue(given, 'overlay') ?? lastValue(fromEnvironment, 'overlay'),
    ldflags: settings.findLast(({ pattern }) => isForMain(pattern, importPath))?.flags ?? '',
    otherLdflags: settings
      .filter(({ pattern }) => !isForMain(pattern, importPath))
      .map(({ pattern, flags }) => `${pattern}=${flags}`),
    trimpath: !isOff(given.some(({ name }) => name === 'trimpath') ? given : fromEnvironment, 'trimpath'),
  };
};
