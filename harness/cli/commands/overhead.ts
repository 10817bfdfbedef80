/** `godyno overhead`: what each profiler, alone, costs a request of the user's service. */
import { overheadOf } from '../../compare/index.ts';
import { EXIT, type ExitCode, InvalidMeasurementError } from '../../errors.ts';
import { type Overhead, type OverheadCost, type Profiler, PROFILERS, type Scenario } from '../../model/index.ts';
import { loadScenarios, measure } from '../../measure/index.ts';
import { openOutput, type OutputFolder } from '../../results/index.ts';
import { alignColumns, formatPercentRange, formatSignedPercent } from '../../units/index.ts';
import { withInterrupt } from '../terminal/interrupt.ts';
import { stepsFor } from '../terminal/steps.ts';
import type { DurationFlag } from './flags.ts';

interface OverheadOptions {
  readonly head?: string | undefined;
  readonly out?: string | undefined;
  readonly budget?: DurationFlag | undefined;
  readonly seed?: number | undefined;
  readonly json?: true | undefined;
  readonly quiet?: true | undefined;
}

/** Of each profiler, where the user says nothing: about eight launches. */
const PROFILER_SECONDS = 25;

const OVERHEAD_FILE = 'overhead.json';

const NAMES: Readonly<Record<Profiler, string>> = {
  none: 'none (noise)',
  cpu: 'CPU, 100 Hz',
  heap: 'heap, every 512 KiB',
  mutex: 'mutex, 1 in 10',
  block: 'block, from 10 µs',
  trace: 'execution trace',
};

const costText = (cost: OverheadCost | null): string =>
  cost === null ? '–' : `${formatSignedPercent(cost.ratio)} (${formatPercentRange(cost.ciRatio)})`;

/** What people read; the file holds the same. */
export const describeOverhead = (scenario: string, rows: readonly Overhead[]): string => {
  const table = [
    [scenario, 'launches', 'CPU per request', 'mean latency', 'peak memory'],
    ...rows.map(({ profiler, launches, cpu, latency, memory }) => [
      NAMES[profiler],
      String(launches),
      ...[cpu, latency, memory].map(costText),
    ]),
  ];
  return alignColumns(table, 'first').join('\n');
};

interface Asked {
  readonly options: OverheadOptions;
  readonly out: OutputFolder;
  readonly budgetSeconds: number;
  readonly signal: AbortSignal;
}

/** The same duet as ever, of one program, with the profiler on one side. */
const measureOne = async (asked: Asked, scenario: Scenario, profiler: Profiler): Promise<Overhead> => {
  const { options, out, budgetSeconds, signal } = asked;
  const step = stepsFor(options.quiet === true ? 'quiet' : 'spoken');
  const file = await measure({
    base: undefined,
    head: options.head,
    seed: options.seed,
    scenarios: [
      {
        ...scenario,
        load: { ...scenario.load, latency: null },
        measure: { ...scenario.measure, budgetSeconds, exact: 'off', explain: false },
      },
    ],
    outDir: out.path(profiler),
    budgetSeconds: null,
    purpose: 'calibrate',
    profiler,
    step: async (name, work) => step(`${NAMES[profiler]}: ${name}`, work),
    signal,
  });
  const [run] = file.runs;
  if (run === undefined || run.invalid !== null)
    throw new InvalidMeasurementError(
      'OVERHEAD_INVALID',
      `${NAMES[profiler]}: not worth judging: ${run?.invalid?.message ?? 'nothing was measured'}`,
      'Remove the cause, or measure at a calmer hour.',
    );
  return overheadOf(run, profiler);
};

/** Exit 0 whatever it costs: it is a fact about profilers, not a verdict about the code. */
export const overhead = async (options: OverheadOptions, ...words: string[]): Promise<ExitCode> =>
  withInterrupt(async (signal) => {
    const scenarios = await loadScenarios(words);
    const out = await openOutput(options.out, new Date());
    const parts = scenarios.length * PROFILERS.length;
    const budgetSeconds = options.budget === undefined ? PROFILER_SECONDS : options.budget.seconds / parts;
    const all: Overhead[] = [];
    for (const scenario of scenarios) {
      const rows: Overhead[] = [];
      for (const profiler of PROFILERS)
        rows.push(await measureOne({ options, out, budgetSeconds, signal }, scenario, profiler));
      all.push(...rows);
      if (options.json !== true) process.stdout.write(`${describeOverhead(scenario.name, rows)}\n`);
    }
    await out.write(OVERHEAD_FILE, `${JSON.stringify(all, null, 2)}\n`);
    if (options.json === true) process.stdout.write(`${JSON.stringify(all, null, 2)}\n`);
    return EXIT.ok;
  });
