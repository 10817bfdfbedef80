/** `godyno bench`: the benchmarks of base and head, judged. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  BENCH_SCHEMA_VERSION,
  type BenchComparison,
  type BenchPlan,
  type BenchRun,
  benchstatText,
  conductBenchmarks,
  judgeBenchmarks,
  renderBenchMarkdown,
  renderBenchTerminal,
} from '../../bench/index.ts';
import { hostEnvironment } from '../../capture/index.ts';
import { EXIT, type ExitCode } from '../../errors.ts';
import { bothSides, type Side } from '../../model/index.ts';
import { defaultSeed, placeInRepository, withSources, withWorkFolder } from '../../measure/index.ts';
import { canPin, coresOf, usableCpus } from '../../process/index.ts';
import { shellWord } from '../../report/index.ts';
import { COMPARISON_FILE, openOutput, type OutputFolder, REPORT_FILE } from '../../results/index.ts';
import { type CpuLayout, layOutCpus } from '../../run/index.ts';
import type { SourceTree } from '../../source/index.ts';
import { godynoVersion } from '../../version.ts';
import { withInterrupt } from '../terminal/interrupt.ts';
import { stepsFor } from '../terminal/steps.ts';
import type { DurationFlag } from './flags.ts';
import { openJob } from './open-job.ts';
import { exitCodeOf, type ReportOptions } from './write-reports.ts';

export interface BenchOptions extends ReportOptions {
  readonly base?: string | undefined;
  readonly head?: string | undefined;
  /** As for `go test -bench`. */
  readonly run: string;
  readonly buildFlag?: readonly string[] | undefined;
  /** For benchmarks that call `b.RunParallel`. */
  readonly cpu: number;
  readonly budget: DurationFlag;
  readonly out?: string | undefined;
  readonly seed?: number | undefined;
}

const RUN_FILE = 'bench.json';

const layOut = async (): Promise<CpuLayout> => {
  const usable = usableCpus();
  const ability = await canPin();
  const refusal = ability.can ? null : ability.reason;
  return layOutCpus({ cores: usable && coresOf(usable), wanted: 1, refusal, mostLanes: 1 });
};

/** A folder that was given is the module itself, or holds what lies around us in the repository. */
const placeOf = (tree: SourceTree, place: string): string =>
  tree.revision.kind === 'folder' && !existsSync(join(tree.rootDir, place, 'go.mod')) ? '' : place;

/** What repeats it: sides that are no commits are named as they were given. */
const reproduce = (
  patterns: readonly string[],
  options: BenchOptions,
  { base, head, seed }: BenchComparison,
): string => {
  const revision = (kind: string, commit: string, given: string | undefined): readonly string[] =>
    kind === 'git' ? [commit] : given === undefined ? [] : [given];
  const side = (flag: string, words: readonly string[]): readonly string[] => words.flatMap((word) => [flag, word]);
  const words = [
    ...patterns,
    ...side('--base', revision(base.kind, base.revision, options.base)),
    ...side('--head', revision(head.kind, head.revision, options.head)),
    ...(options.run === '.' ? [] : ['--run', options.run]),
    ...(options.buildFlag ?? []).flatMap((flag) => ['--build-flag', flag]),
    ...(options.cpu === 1 ? [] : ['--cpu', String(options.cpu)]),
    '--budget',
    options.budget.text,
    '--seed',
    String(seed),
  ];
  return `npx godyno bench ${words.map(shellWord).join(' ')}`;
};

const asJson = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

const writeAll = async (
  out: OutputFolder,
  run: BenchRun,
  comparison: BenchComparison,
  repeat: string,
): Promise<void> => {
  await out.write(RUN_FILE, asJson(run));
  await out.write(COMPARISON_FILE, asJson(comparison));
  await out.write(REPORT_FILE, renderBenchMarkdown(comparison, repeat));
  for (const side of ['base', 'head'] as const) await out.write(`${side}.txt`, benchstatText(run, side));
};

/** A package of head that does not build is no verdict on the others, and must not pass for one. */
const exitCode = ({ verdict, broken }: BenchComparison, { failOn }: BenchOptions): ExitCode => {
  const code = exitCodeOf(verdict, failOn);
  return code === EXIT.ok && broken.some(({ side }) => side === 'head') ? EXIT.buildOrStart : code;
};

export const benchCommandLine = async (options: BenchOptions, ...words: string[]): Promise<ExitCode> =>
  withInterrupt(async (signal) => {
    const patterns = words.length === 0 ? ['./...'] : words;
    const out = await openOutput(options.out, new Date());
    const inJob = await openJob();
    const step = stepsFor(options.quiet === true ? 'quiet' : 'spoken');
    const run = await withWorkFolder(async (workDir) => {
      const asked = {
        base: options.base,
        head: options.head,
        job: inJob?.job ?? null,
        workDir,
        step,
        signal,
      };
      return withSources(asked, async (trees, sources) => {
        await sources.end({});
        const place = await placeInRepository(signal);
        const cpus = await layOut();
        const [lane] = cpus.lanes;
        const seed = options.seed ?? defaultSeed(trees.head.revision.revision);
        const plan: Omit<BenchPlan, 'say'> = {
          trees,
          place: bothSides((side: Side) => placeOf(trees[side], place)),
          patterns,
          bench: options.run,
          buildFlags: options.buildFlag ?? [],
          seed,
          budgetSeconds: options.budget.seconds,
          workDir,
          targetCpus: lane?.targetCpus ?? [],
          otherCpus: lane?.loaderCpus ?? [],
          usableCpus: cpus.lanes.length === 0 ? [] : (usableCpus() ?? []),
          parallelCpus: Math.max(1, Math.min(options.cpu, usableCpus()?.length ?? 1)),
          signal,
        };
        return measured(plan, cpus, step);
      });
    });
    const comparison = judgeBenchmarks(run);
    const repeat = reproduce(patterns, options, comparison);
    await writeAll(out, run, comparison, repeat);
    process.stderr.write(`${renderBenchTerminal(comparison)}\n`);
    if (options.json === true) process.stdout.write(asJson(comparison));
    if (options.quiet !== true) process.stderr.write(`Report: ${out.path(REPORT_FILE)}\n`);
    return exitCode(comparison, options);
  });

const measured = async (
  plan: Omit<BenchPlan, 'say'>,
  cpus: CpuLayout,
  step: ReturnType<typeof stepsFor>,
): Promise<BenchRun> => {
  const { trees, seed, budgetSeconds, targetCpus } = plan;
  const title = `benchmarks (at most ${Math.round(budgetSeconds)} s after the builds)`;
  const conducted = await step(title, async (say) =>
    conductBenchmarks({ ...plan, say: (text) => say({ topic: null, line: () => text }) }),
  );
  const notes = trees.base.notes.concat(trees.head.notes, conducted.notes);
  return {
    schemaVersion: BENCH_SCHEMA_VERSION,
    godynoVersion: godynoVersion(),
    createdAt: new Date().toISOString(),
    seed,
    base: trees.base.revision,
    head: trees.head.revision,
    environment: hostEnvironment('', process.env),
    cpus: targetCpus,
    budgetSeconds,
    ...conducted,
    notes: cpus.unpinnedReason === null ? notes : [...notes, `not bound to a CPU: ${cpus.unpinnedReason}`],
  };
};
