/**
 * The last step of a `go build`, taken alone. When a side is linked first, what `go build` calls the linker with is kept;
 * for further seeds the linker is called with the same, but for seed and place. What `go` does before it (loading
 * the module, asking of every package whether it is to be compiled) takes as long as the link itself.
 *
 * Section by section such a binary is the one that `go build` links for the same seed, except for the build's id, which
 * names both, and for debug information, which is left out: nothing that measures reads it.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { basename, dirname, join, sep } from 'node:path';
import { type CommandResult, type ProcessEnv, runCommand } from '../../process/index.ts';
import { splitGoflags } from './build-flags.ts';
import type { TargetFacts } from './inspect.ts';

/** Leaves debug information (DWARF) out. It stands before the user's linker flags, so that theirs win: `-w=0` keeps it. */
export const NO_DEBUG_INFO = '-w';

/** The same sections by the same bytes were seen from the first Go with seeds to this one (docs/method.md). */
const NEWEST_GO_MINOR = 27;

/** Flags of `go build` with which more than the linker, or another one, makes the binary, or that were not tried. */
const ONLY_BY_GO: readonly (readonly [flag: RegExp, why: string])[] = [
  [/^--?toolexec\b/, 'what stands before its tools may do more than link'],
  [/^--?linkshared\b/, 'it is linked with shared libraries of packages'],
  [/^--?compiler=(?!gc$)/, 'another compiler links it'],
  [/^--?buildmode=(?!(?:exe|pie|default)$)/, 'it is not built as a program'],
];

/**
 * Why this build is linked by `go build` alone, each time; null when the linker may be called by itself. The only place
 * where that is decided before it is tried.
 */
export const whyOnlyByGo = (
  flags: readonly string[],
  { goEnv, goMinor }: Pick<TargetFacts, 'goEnv' | 'goMinor'>,
): string | null => {
  // What is called is read from /proc, and macOS wants a signature that `go build` renews.
  if (goEnv['GOOS'] !== 'linux') return 'this is not Linux';
  if (goMinor > NEWEST_GO_MINOR) return 'this Go is newer than those that were tried';
  const all = [...splitGoflags(goEnv['GOFLAGS'] ?? ''), ...flags];
  return ONLY_BY_GO.find(([flag]) => all.some((one) => flag.test(one)))?.[1] ?? null;
};

/** What a `go build` called its linker with. */
export interface LinkStep {
  readonly linker: string;
  /** Flags in order, without output and import configuration. */
  readonly flags: readonly string[];
  /** Archive of the main package. */
  readonly main: string;
  /** Where every package's archive lies, and what the binary says of its build. */
  readonly importConfig: string;
  readonly env: ProcessEnv;
  readonly cwd: string;
  /** Where the archives lie that `go` would have thrown away; ours to write into. */
  readonly folder: string;
  /** Among the flags; null: linked in Go's own order. */
  readonly linkSeed: number | null;
}

/**
 * Stands before each tool of one `go build`. Of the linker it keeps arguments, environment and folder, and the archives
 * that were compiled by this very build: they lie in `go`'s scratch folder, those of earlier ones in its cache. The file of
 * arguments is written last. Whatever fails here is silent: what is missing then is a record.
 */
const RECORDER = `#!/bin/sh
case "$1 $4" in
*/link\\ -importcfg)
  folder=\${0%/*}
  for archive in "\${5%/*/*}"/*/_pkg_.a; do
    place=\${archive%/*}
    place=$folder/\${place##*/}.a
    ln "$archive" "$place" || cp "$archive" "$place"
  done 2>/dev/null
  { pwd -P >"$folder/cwd" && cp "$5" "$folder/importcfg" &&
    cat /proc/$$/environ >"$folder/environ" && cat /proc/$$/cmdline >"$folder/arguments"; } 2>/dev/null
  ;;
esac
exec "$@"
`;

export interface Recorder {
  readonly folder: string;
  /** For `go build`. */
  readonly flag: string;
}

/** `go` splits -toolexec by spaces and knows quotes, but no way to write one inside (cmd/internal/quoted). */
const toolexecFlag = (program: string): string | null => {
  const quote = ["'", '"'].find((mark) => !program.includes(mark));
  return quote === undefined ? null : `-toolexec=${quote}${program}${quote}`;
};

/** Writes the recorder into a new folder below `parent`; null where `go` could not be told its name. */
export const makeRecorder = async (parent: string): Promise<Recorder | null> => {
  const folder = await mkdtemp(join(parent, 'step-'));
  const program = join(folder, 'recorder');
  await writeFile(program, RECORDER);
  await chmod(program, 0o755);
  const flag = toolexecFlag(program);
  return flag === null ? null : { folder, flag };
};

const LOOK_MS = 20;

/** Resolves when `go build` has come to its linker; rejects when `signal` says that it has not. */
export const linkerCalled = async ({ folder }: Recorder, signal: AbortSignal): Promise<void> => {
  while (!existsSync(join(folder, 'arguments'))) await delay(LOOK_MS, undefined, { signal });
};

const words = (text: string): readonly string[] => text.split('\0').slice(0, -1);

/** Ours is not seen by the linker: what `go` took away is taken away. */
const environmentOf = (text: string): ProcessEnv => {
  const given = words(text).map(
    (pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)] as const,
  );
  const ours = Object.keys(process.env).map((name) => [name, undefined] as const);
  return { ...Object.fromEntries(ours), ...Object.fromEntries(given), TOOLEXEC_IMPORTPATH: undefined };
};

/** The archive where it will still lie when `go build` has ended; null: nowhere. */
const lastingPlace = (archive: string, scratch: string, folder: string): string | null => {
  const place = archive.startsWith(scratch) ? join(folder, `${basename(dirname(archive))}.a`) : archive;
  return existsSync(place) ? place : null;
};

/** null for a kind of line that was not tried, or a package whose archive was not kept. */
const lastingConfig = (text: string, scratch: string, folder: string): string | null => {
  const lines = text.split('\n').map((line) => {
    const [, name, archive] = /^(packagefile [^=]+=)(.+)$/.exec(line) ?? [];
    if (name === undefined || archive === undefined) return line === '' || line.startsWith('modinfo ') ? line : null;
    const place = lastingPlace(archive, scratch, folder);
    return place === null ? null : `${name}${place}`;
  });
  return lines.includes(null) ? null : lines.join('\n');
};

/** What the recorder kept of a `go build` that has ended well; null where that is nothing that can be repeated. */
export const recordedStep = async ({ folder }: Recorder, linkSeed: number | null): Promise<LinkStep | null> => {
  if (!existsSync(join(folder, 'arguments'))) return null;
  const read = async (name: string): Promise<string> => readFile(join(folder, name), 'utf8');
  const [, , linker, , , , config, ...rest] = words(await read('arguments'));
  const archive = rest.pop();
  if (linker === undefined || config === undefined || archive === undefined) return null;
  const scratch = `${dirname(dirname(config))}${sep}`;
  const main = lastingPlace(archive, scratch, folder);
  const importConfig = lastingConfig(await read('importcfg'), scratch, folder);
  const seeded = linkSeed === null || rest.includes(seedFlag(linkSeed));
  if (main === null || importConfig === null || !seeded || rest.some((flag) => flag.includes(scratch))) return null;
  const env = environmentOf(await read('environ'));
  const cwd = (await read('cwd')).slice(0, -1);
  return { linker, flags: rest, main, importConfig, env, cwd, folder, linkSeed };
};

export const seedFlag = (linkSeed: number): string => `-randlayout=${linkSeed}`;

/** `go` names a binary by what went into it, the seed included; of as many characters, so that nothing moves. */
const ownBuildId = (flag: string, linkSeed: number): string => {
  const [, action] = /^-buildid=([\w-]+)\//.exec(flag) ?? [];
  if (action === undefined) return flag;
  const own = createHash('sha256').update(`${action} ${linkSeed}`).digest('base64url').slice(0, action.length);
  return flag.replaceAll(action, own);
};

const flagsFor = ({ flags, linkSeed: recorded }: LinkStep, { linkSeed, contents }: StepRequest): readonly string[] => [
  ...(contents === 'whole' ? [] : [NO_DEBUG_INFO]),
  ...flags.flatMap((flag) => {
    if (recorded === null || linkSeed === recorded) return [flag];
    if (flag === seedFlag(recorded)) return linkSeed === null ? [] : [seedFlag(linkSeed)];
    return [ownBuildId(flag, linkSeed ?? 0)];
  }),
];

/** Untrimmed binaries hold their linker flags, the seed among them. */
const configFor = ({ importConfig, linkSeed: recorded }: LinkStep, linkSeed: number | null): string =>
  recorded === null || linkSeed === null
    ? importConfig
    : importConfig.replaceAll(seedFlag(recorded), seedFlag(linkSeed));

/** Debug information (DWARF) is no part of what runs, and half of what a link takes. Only who tells the size wants it. */
export type Contents = 'whole' | 'no debug information';

export interface StepRequest {
  readonly linkSeed: number | null;
  readonly contents: Contents;
  readonly output: string;
  readonly cpus: readonly number[] | null;
  readonly timeoutSeconds: number;
}

/** Throws where the linker cannot even be called; whatever else goes wrong is in the result. */
export const callLinker = async (step: LinkStep, request: StepRequest, signal: AbortSignal): Promise<CommandResult> => {
  const { linkSeed, output, cpus, timeoutSeconds } = request;
  // Launches side by side are linked for side by side.
  const config = join(step.folder, `importcfg-${linkSeed}`);
  await writeFile(config, configFor(step, linkSeed));
  try {
    const args = ['-o', output, '-importcfg', config, ...flagsFor(step, request), step.main];
    const { linker: file, cwd, env } = step;
    return await runCommand({ file, args, cwd, env, timeoutSeconds, cpus }, signal);
  } finally {
    await rm(config, { force: true });
  }
};

/** False when the linker fails: an archive may have left `go`'s cache. Throws where it cannot even be called. */
export const takeLinkStep = async (step: LinkStep, request: StepRequest, signal: AbortSignal): Promise<boolean> =>
  (await callLinker(step, request, signal)).exitCode === 0;
