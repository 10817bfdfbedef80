/** `godyno export`: a finished run in the formats of other tools. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EXIT, type ExitCode, UsageError } from '../../errors.ts';
import { type Comparison, parseComparison, type RunFile, SIDES } from '../../model/index.ts';
import { decodeProfile, diffProfile, encodeProfile, type Profile } from '../../profile/index.ts';
import {
  exportBencher,
  exportBenchmarkAction,
  exportBenchstat,
  exportCsv,
  exportFolded,
  exportJunit,
  exportSpeedscope,
  type NamedStacks,
} from '../../report/index.ts';
import {
  COMPARISON_FILE,
  explainRun,
  folderReader,
  type MergedProfile,
  mergedProfiles,
  openOutput,
  openRun,
} from '../../results/index.ts';

interface ExportSource {
  readonly run: RunFile;
  readonly comparison: () => Promise<Comparison>;
  readonly profiles: () => Promise<readonly MergedProfile[]>;
}

/** Path below the output folder → content. */
type ExportedFiles = readonly (readonly [name: string, content: string | Uint8Array])[];

type Write = (source: ExportSource) => Promise<ExportedFiles>;

const flat = (file: string): string => file.replace(/^profiles\//, '').replace(/\.pb\.gz$/, '');

const decoded = ({ bytes, file }: MergedProfile): Profile => decodeProfile(bytes, file);

const stacksOf = (merged: MergedProfile): NamedStacks => ({
  title: `${merged.scenario} ${merged.kind} ${merged.side}`,
  profile: decoded(merged),
  scale: 1,
});

/** Both sides of every profile, the base before the head. */
const twins = (profiles: readonly MergedProfile[]): readonly (readonly [MergedProfile, MergedProfile])[] =>
  profiles
    .filter(({ side }) => side === 'base')
    .flatMap((base) => {
      const head = profiles.find(
        (one) => one.side === 'head' && one.scenario === base.scenario && one.kind === base.kind,
      );
      return head === undefined ? [] : [[base, head] as const];
    });

const FORMATS: Readonly<Record<string, Write>> = {
  benchstat: async ({ run }) => SIDES.map((side) => [`benchstat/${side}.txt`, exportBenchstat(run, side)]),
  bencher: async ({ comparison }) => [['bencher.json', exportBencher(await comparison())]],
  'benchmark-action': async ({ comparison }) => [['benchmark-action.json', exportBenchmarkAction(await comparison())]],
  junit: async ({ comparison }) => [['junit.xml', exportJunit(await comparison())]],
  csv: async ({ run }) => [['pairs.csv', exportCsv(run)]],
  speedscope: async ({ profiles }) =>
    [...Map.groupBy(await profiles(), ({ scenario }) => scenario)].map(([scenario, own]) => [
      `speedscope/${flat(own[0]?.file ?? '').split('/')[0] ?? ''}.json`,
      exportSpeedscope(scenario, own.map(stacksOf)),
    ]),
  folded: async ({ profiles }) =>
    (await profiles()).map((merged) => [
      `folded/${flat(merged.file)}.txt`,
      exportFolded({ profile: decoded(merged), scale: 1 }),
    ]),
  pprof: async ({ profiles }) => {
    const merged = await profiles();
    return [
      ...merged.map(({ file, bytes }) => [`pprof/${flat(file)}.pb.gz`, bytes] as const),
      ...twins(merged).map(
        ([base, head]) =>
          [
            `pprof/${flat(base.file).replace('/base/', '/diff/')}.pb.gz`,
            encodeProfile(diffProfile(decoded(base), decoded(head))),
          ] as const,
      ),
    ];
  },
};

/** Formats of `--format`, in the order in which help names them. */
export const EXPORT_FORMATS: readonly string[] = Object.keys(FORMATS);

/** `--format` as written → known formats. Throws UsageError EXPORT_FORMAT. */
export const formatsFrom = (list: string): readonly string[] => {
  const named = list.split(',').map((one) => one.trim());
  const words = named.includes('all') ? EXPORT_FORMATS : named;
  const unknown = words.find((word) => !EXPORT_FORMATS.includes(word));
  if (unknown === undefined && words.length > 0) return words;
  throw new UsageError(
    'EXPORT_FORMAT',
    unknown === undefined ? 'Export to what?' : `"${unknown}" is no format`,
    `--format takes a list of ${EXPORT_FORMATS.join(', ')}, or all.`,
  );
};

/** null, with a word, for a file that was truncated or exchanged: run.json says it all again. */
const readable = (text: string, file: string): Comparison | null => {
  try {
    return parseComparison(text, file);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}; compared again from the run.\n`);
    return null;
  }
};

/** What the run said, or would say again where its comparison is gone. */
const comparisonOf = async (run: RunFile, dir: string): Promise<Comparison> => {
  const file = join(dir, COMPARISON_FILE);
  const text = await readFile(file, 'utf8').catch(() => null);
  const known = text === null ? null : readable(text, file);
  return known ?? (await explainRun(run, folderReader(dir))).comparison;
};

/** Computed once, however many formats ask. */
const once = <T>(make: () => Promise<T>): (() => Promise<T>) => {
  let made: Promise<T> | null = null;
  return async () => (made ??= make());
};

/** Writes `formats` of the run in `dir` below `out`; resolves to the paths. */
export const exportRun = async (
  run: RunFile,
  dir: string,
  formats: readonly string[],
  out: string,
): Promise<readonly string[]> => {
  const read = folderReader(dir);
  const source: ExportSource = {
    run,
    comparison: once(async () => comparisonOf(run, dir)),
    profiles: once(async () => mergedProfiles(run, read)),
  };
  const folder = await openOutput(out, new Date());
  const paths: string[] = [];
  for (const format of formats) {
    const files = (await FORMATS[format]?.(source)) ?? [];
    for (const [name, content] of files) {
      await folder.write(name, content);
      paths.push(join(out, name));
    }
    if (files.length === 0) process.stderr.write(`${format}: the run holds no profiles to write.\n`);
  }
  for (const what of read.problems) process.stderr.write(`Left out: ${what}\n`);
  return paths;
};

interface ExportOptions {
  readonly format: string;
  readonly out?: string | undefined;
}

export const exportCommandLine = async ({ format, out }: ExportOptions, word: string): Promise<ExitCode> => {
  const formats = formatsFrom(format);
  const { run, dir } = await openRun(word);
  const paths = await exportRun(run, dir, formats, out ?? join(dir, 'exports'));
  process.stdout.write(paths.map((path) => `${path}\n`).join(''));
  return EXIT.ok;
};
