/**
 * How far a build is, by what `go` says on stderr while it works: `go: downloading …` for every module it fetches, and
 * with -v the name of every package that it begins to compile. Those compiled before, it does not name.
 */
import type { CommandResult } from '../../process/index.ts';

export type BuildStage =
  | { readonly kind: 'listing' }
  /** `modules`: so far; nobody knows of how many. */
  | { readonly kind: 'fetching'; readonly modules: number }
  /** `packages`: all that are linked in, those among them that were compiled before. */
  | { readonly kind: 'compiling'; readonly compiled: number; readonly packages: number }
  | { readonly kind: 'linking' };

export type OnStage = (stage: BuildStage) => void;

/** For a call of `go`. */
type Hearing = { readonly onStderr?: (chunk: string) => void };

const lineByLine = (take: (line: string) => void): ((chunk: string) => void) => {
  let begun = '';
  return (chunk) => {
    const lines = `${begun}${chunk}`.split('\n');
    begun = lines.pop() ?? '';
    lines.forEach(take);
  };
};

const isDownload = (line: string): boolean => line.startsWith('go: downloading ');

/** While `go list` runs, which may have to fetch modules first. */
export const watchListing = (onStage: OnStage | undefined): Hearing => {
  if (onStage === undefined) return {};
  onStage({ kind: 'listing' });
  let modules = 0;
  return {
    onStderr: lineByLine((line) => {
      if (!isDownload(line)) return;
      modules += 1;
      onStage({ kind: 'fetching', modules });
    }),
  };
};

/** What is known of a build before it begins. */
interface WatchedBuild {
  readonly packages: readonly string[];
  /** Of the main package. */
  readonly facts: { readonly importPath: string };
}

interface BuildWatch {
  /** For `go build`. */
  readonly flags: readonly string[];
  readonly hearing: Hearing;
  /** As if nobody had watched: an error shows what the compiler said, not what it compiled. */
  readonly cleaned: (result: CommandResult) => CommandResult;
}

const UNWATCHED: BuildWatch = { flags: [], hearing: {}, cleaned: (result) => result };

const withoutLines = (text: string, unwanted: ReadonlySet<string>): string =>
  text
    .split('\n')
    .filter((line) => !unwanted.has(line))
    .join('\n');

/** The main package is compiled last: once it is named, only the link is left. */
export const watchBuild = ({ packages, facts }: WatchedBuild, onStage: OnStage | undefined): BuildWatch => {
  if (onStage === undefined) return UNWATCHED;
  const names: ReadonlySet<string> = new Set(packages);
  let compiled = 0;
  onStage({ kind: 'compiling', compiled, packages: names.size });
  const hear = lineByLine((line) => {
    if (!names.has(line)) return;
    compiled += 1;
    onStage(line === facts.importPath ? { kind: 'linking' } : { kind: 'compiling', compiled, packages: names.size });
  });
  return {
    flags: ['-v'],
    hearing: { onStderr: hear },
    cleaned: (result) => ({ ...result, stderr: withoutLines(result.stderr, names) }),
  };
};
