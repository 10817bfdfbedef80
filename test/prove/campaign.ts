/**
 * What every measuring campaign does: run the built command line once, make a row of it, and add the row to a file of
 * rows under docs/evidence, so that a campaign may be interrupted and go on another day. Tables are made of all rows of
 * a file, whoever measured them.
 */
import { execFileSync, spawn } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parse } from 'yaml';
import {
  launchValues,
  scaleFor,
  seriesOf,
  unitContrasts,
  unitsOf,
  windowValues,
} from '../../harness/compare/verdict/launch-series.ts';
import { serviceP50Ms } from '../../harness/metrics/index.ts';
import {
  type Launch,
  type MetricComparison,
  type MetricId,
  parseComparison,
  parseRunFile,
  type RunFile,
  type ScenarioComparison,
} from '../../harness/model/index.ts';
import { median } from '../../harness/stats/index.ts';

export const root = path.resolve(import.meta.dirname, '../..');

export interface Sides {
  readonly base: string;
  readonly head: string;
}

export interface Measured {
  readonly code: number;
  /** Wall clock of the command, builds included. */
  readonly wallSeconds: number;
  readonly peakMb: number;
  readonly scenario: ScenarioComparison;
  readonly run: RunFile;
}

/** The most memory the process has had, in MB; 0 once it is gone. */
export const peakMbOf = (pid: number | undefined): number => {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
};

/** What `godyno run` may end with when it has measured: passed, regressed, invalid, inconclusive. */
const MEASURED_CODES: readonly number[] = [0, 1, 3, 4];

/** `godyno run` of `dist`, results in `out`; flags are added as they are. Throws what it said when it measured nothing. */
export const measureOnce = async (
  scenarioFile: string,
  sides: Sides,
  out: string,
  flags: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Measured> => {
  const startedMs = performance.now();
  const args = ['dist/cli/bin.js', 'run', scenarioFile, '--base', sides.base, '--head', sides.head, '--out', out];
  const child = spawn(process.execPath, [...args, ...flags, '--quiet'], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  let peakMb = 0;
  const watch = setInterval(() => {
    peakMb = Math.max(peakMb, peakMbOf(child.pid));
  }, 500);
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  clearInterval(watch);
  if (code === null || !MEASURED_CODES.includes(code)) throw new Error(`godyno ended with ${code}: ${said}`);
  const comparison = parseComparison(readFileSync(path.join(out, 'comparison.json'), 'utf8'), 'comparison.json');
  const run = parseRunFile(readFileSync(path.join(out, 'run.json'), 'utf8'), 'run.json');
  const [scenario] = comparison.scenarios;
  if (scenario === undefined) throw new Error('a comparison without a scenario');
  return { code, wallSeconds: (performance.now() - startedMs) / 1000, peakMb, scenario, run };
};

/** What a campaign changes in a scenario; YAML in its own words. */
export interface ScenarioChanges {
  readonly target?: Readonly<Record<string, unknown>>;
  readonly load?: Readonly<Record<string, unknown>>;
  readonly measure?: Readonly<Record<string, unknown>>;
  readonly gates?: Readonly<Record<string, unknown>>;
}

/** Costs only: what comes after the verdict (latency, explaining, exact mode) is left out, since it costs time. */
export const COSTS_ONLY: ScenarioChanges = {
  load: { latency: false },
  measure: { exact: 'off', explain: false },
};

export const COSTS_ONLY_WORDS = 'only costs are measured: no latency phase, no exact mode, no explain pass';

const merged = (one: ScenarioChanges, other: ScenarioChanges): ScenarioChanges => ({
  target: { ...one.target, ...other.target },
  load: { ...one.load, ...other.load },
  measure: { ...one.measure, ...other.measure },
  gates: { ...one.gates, ...other.gates },
});

/** Writes a changed copy of a scenario, with its data, into `folder`; JSON is YAML, too. */
export const changedScenario = (file: string, folder: string, ...changes: readonly ScenarioChanges[]): string => {
  const given = parse(readFileSync(file, 'utf8')) as ScenarioChanges;
  const scenario = { ...given, ...changes.reduce(merged, given) };
  mkdirSync(folder, { recursive: true });
  const data = scenario.load?.['data'];
  if (typeof data === 'string') {
    writeFileSync(path.join(folder, data), readFileSync(path.join(path.dirname(file), data)));
  }
  const made = path.join(folder, `${path.basename(file, path.extname(file))}.json`);
  writeFileSync(made, JSON.stringify(scenario, null, 1));
  return made;
};

/** A gate's answer; effect and interval as ratio, or in the metric's unit where it is compared by difference. */
export interface GateRow {
  readonly verdict: string;
  readonly effect: number | null;
  readonly ci: readonly [number, number] | null;
  /** Wall clock after the builds, until the launches that decided it were measured. */
  readonly seconds: number | null;
}

/** What is not of the measurement but of the campaign. */
export interface RowLabels {
  readonly condition: 'as it is' | 'noise';
  readonly service: string;
  readonly rung: string;
  readonly seed: number;
  /** The share of a request's CPU (or allocations) that was planted, as calibrated within the campaign. */
  readonly plantedRatio?: number;
}

/** One run, as a line of docs/evidence. Numbers are rounded to what the method can mean. */
export interface EvidenceRow extends RowLabels {
  readonly date: string;
  /** Of godyno; with a `+` when the sources were not committed. */
  readonly commit: string;
  readonly machine: string;
  /** CPUs that others kept busy, median over the windows. */
  readonly foreignCpus: number | null;
  readonly verdict: string;
  readonly reason: string | null;
  readonly gates: Partial<Readonly<Record<MetricId, GateRow>>>;
  readonly launches: number;
  readonly discardedPairs: number;
  /** Wall clock after the builds. */
  readonly measureSeconds: number;
  readonly named: string | null;
  /** ln(head ÷ base) of each launch (or link seed), in order; of growth metrics head − base. */
  readonly contrasts: Readonly<Record<string, readonly number[]>>;
}

const rounded = (value: number, digits: number): number => Number(value.toPrecision(digits));

const judgedOf = (run: RunFile): readonly Launch[] =>
  run.runs[0]?.launches.filter(({ stage }) => stage === 'judged') ?? [];

/** Judged launches behind a row: a look counts launches, or link seeds that may have several. */
const launchesBehind = (judged: readonly Launch[], decided: NonNullable<MetricComparison['decidedBy']>): number => {
  if (decided.unit === 'launch') return decided.n;
  const seeds = [...new Set(judged.map(({ linkSeed }) => linkSeed))].slice(0, decided.linkSeeds);
  return judged.filter(({ linkSeed }) => seeds.includes(linkSeed)).length;
};

/** Wall clock after the builds until a metric was decided: its launches, with their share of what lies between them. */
export const secondsTo = ({ run, scenario }: Pick<Measured, 'run' | 'scenario'>, row: MetricComparison): number => {
  const [measured] = run.runs;
  const judged = judgedOf(run);
  const decided = row.decidedBy;
  if (measured === undefined || decided?.stage !== 'judged') return scenario.durationSeconds;
  const wall = (launches: readonly Launch[]): number => launches.reduce((sum, { wallSeconds }) => sum + wallSeconds, 0);
  const onlyJudged = judged.length === measured.launches.length && measured.exact === undefined;
  const between = onlyJudged ? measured.timing.measureSeconds - wall(judged) : measured.timing.linkWaitSeconds;
  const behind = launchesBehind(judged, decided);
  return wall(judged.slice(0, behind)) + (between * behind) / Math.max(1, judged.length);
};

const gateRow = (measured: Measured, row: MetricComparison): GateRow => {
  const effect = row.effectRatio ?? row.effectAbsolute;
  const ci = row.ciRatio ?? row.ciAbsolute;
  const final = row.verdict !== 'inconclusive' && row.verdict !== 'notJudged';
  return {
    verdict: row.verdict,
    effect: effect === null ? null : rounded(effect, 4),
    ci: ci === null ? null : [rounded(ci[0], 4), rounded(ci[1], 4)],
    seconds: final ? rounded(secondsTo(measured, row), 3) : null,
  };
};

const CONTRASTED = [
  'cpuNsPerRequest',
  'mallocsPerRequest',
  'allocBytesPerRequest',
  'heapGrowthBytesPerRequest',
  'goroutineGrowthPerRequest',
] as const satisfies readonly MetricId[];

/** Of each unit that is judged, what the shipped code makes of it. `serviceP50Ms`: paired service time. */
export const contrastsOf = (run: RunFile): Readonly<Record<string, readonly number[]>> => {
  const [measured] = run.runs;
  const units = measured === undefined ? [] : unitsOf(measured);
  const readers = [
    ...CONTRASTED.map((metric) => [metric, launchValues(metric)] as const),
    ['serviceP50Ms', windowValues(serviceP50Ms, 'cost')] as const,
  ];
  const found = readers.flatMap(([name, read]) => {
    const series = seriesOf(units, read);
    const scale = name.includes('Growth') ? 'absolute' : scaleFor(series);
    if (series.length === 0 || (scale === 'absolute' && !name.includes('Growth'))) return [];
    return [[name, unitContrasts(series, scale).map((value) => rounded(value, 4))] as const];
  });
  return Object.fromEntries(found);
};

const foreignCpusIn = (run: RunFile): number | null => {
  const seen = judgedOf(run).flatMap(({ pairs }) => pairs.flatMap(({ host }) => host.foreignCpus ?? []));
  return seen.length === 0 ? null : rounded(median(seen), 2);
};

const git = (...args: readonly string[]): string =>
  execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();

/** Evidence itself is no change of what was measured. */
const commitNow = (): string => {
  const changed = git('status', '--porcelain', '--', 'harness', 'test/prove', 'test/targets', 'scenarios');
  return `${git('rev-parse', '--short=12', 'HEAD')}${changed === '' ? '' : '+'}`;
};

/** What another machine of the same class shares with this one. */
export const machineClass = (): string =>
  `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown CPU'}, ${Math.round(totalmem() / 2 ** 30)} GiB`;

const today = (): string => new Date().toISOString().slice(0, 16);

/** What every line begins with. */
export const provenance = (): { readonly date: string; readonly commit: string; readonly machine: string } => ({
  date: today(),
  commit: commitNow(),
  machine: machineClass(),
});

export const rowOf = (measured: Measured, labels: RowLabels): EvidenceRow => {
  const { scenario, run } = measured;
  const gates = scenario.metrics.filter(({ gate }) => gate).map((row) => [row.metric, gateRow(measured, row)] as const);
  const { plantedRatio } = labels;
  return {
    ...provenance(),
    ...labels,
    ...(plantedRatio === undefined ? {} : { plantedRatio: rounded(plantedRatio, 4) }),
    foreignCpus: foreignCpusIn(run),
    verdict: scenario.verdict,
    reason: scenario.reason,
    gates: Object.fromEntries(gates),
    launches: judgedOf(run).length,
    discardedPairs: scenario.discardedPairs,
    measureSeconds: rounded(run.runs[0]?.timing.measureSeconds ?? 0, 4),
    named: scenario.attribution?.culprit ?? null,
    contrasts: contrastsOf(run),
  };
};

export const evidenceFile = (name: string): string => path.join(root, 'docs/evidence', `${name}.jsonl`);

export const appendRow = (file: string, row: object): void => {
  mkdirSync(path.dirname(file), { recursive: true });
  appendFileSync(file, `${JSON.stringify(row)}\n`);
};

/** Ours, written by {@link appendRow}; an empty list where nobody has measured yet. */
export const rowsIn = <Row>(file: string): readonly Row[] =>
  existsSync(file)
    ? readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Row)
    : [];

/** The lines of docs/evidence/<name>.jsonl, each with where it comes from. */
export const evidenceOf = <Row extends object>(name: string) => {
  const file = evidenceFile(name);
  const from = provenance();
  return {
    append: (row: Row): void => appendRow(file, { ...from, date: today(), ...row }),
    rows: (): readonly Row[] => rowsIn<Row>(file),
  };
};

/** A new one for every run; a campaign that goes on another day must not repeat yesterday's. */
let lastSeed = Date.now() % 2_000_000_000;
export const nextSeed = (): number => {
  lastSeed += 1;
  return lastSeed;
};

const NEIGHBOUR = path.join(import.meta.dirname, 'neighbour.ts');

/** Runs `use` while a neighbour takes half a CPU to one and a half, in spells, on the very CPUs that are measured on. */
export const beside = async <T>(condition: RowLabels['condition'], use: () => Promise<T>): Promise<T> => {
  if (condition === 'as it is') return use();
  const child = spawn(process.execPath, [NEIGHBOUR], { stdio: ['pipe', 'inherit', 'inherit'] });
  const gone = new Promise((resolve) => child.once('close', resolve));
  try {
    // Its first spell.
    await delay(1000);
    if (child.exitCode !== null) throw new Error(`the neighbour ended with ${child.exitCode}`);
    return await use();
  } finally {
    // It ends with its input.
    child.stdin.end();
    await gone;
  }
};
