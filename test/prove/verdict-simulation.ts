/**
 * Prints the operating characteristics of the shipped verdict code beside the figures the method promises.
 *
 *   node test/prove/verdict-simulation.ts [runs per cell, default 2000] [--seed 1] [--run run.json …] [--evidence f.jsonl …]
 *
 * First each service model with CPU as the only metric, then whole runs with every default gate, then launches that
 * were recorded on identical code, drawn again: from lines of evidence (left out: those under docs/evidence) and from
 * run.json files. --recorded: these alone; --latency: the latency phase alone.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { parseRunFile } from '../../harness/model/index.ts';
import type { MetricId } from '../../harness/model/index.ts';
import { clopperPearson, median, standardDeviation } from '../../harness/stats/index.ts';
import { contrastsOf, evidenceFile, type EvidenceRow, rowsIn } from './campaign.ts';
import { markdownTable } from './evidence-table.ts';
import {
  lagOneCorrelation,
  launchCount,
  launchesFrom,
  type Recorded,
  recordedIn,
  type ReplayedRun,
  replayRuns,
} from './recorded-launches.ts';
import {
  noiseOf,
  SERVICES,
  simulate,
  simulateCoins,
  simulateFew,
  type FewLayouts,
  type LaunchNoise,
  type Mode,
  type Rates,
  type ServiceName,
} from './verdict-models.ts';
import {
  LATENCY_MODELS,
  type LatencyNoise,
  type LatencyRates,
  noiseFrom,
  recordedNoise,
  simulateLatency,
} from './latency-models.ts';
import type { LatencyRow } from './latency-spread.ts';
import { NO_FAULT, simulateWholeRun, type Fault } from './whole-run-models.ts';

/** Percent; null: the method gives none. */
interface Promised {
  readonly nullRegressed: number | null;
  readonly nullUnchanged: number | null;
  readonly unchangedAtDelta: number | null;
  readonly regressedAtTau: number | null;
  readonly regressedAtDelta: number | null;
}

interface Cell {
  readonly service: ServiceName;
  readonly mode: Mode;
  /** Gates in the run's family. */
  readonly gates: number;
  readonly promised: Promised;
}

const promise = (figures: readonly (number | null)[]): Promised => {
  const [
    nullRegressed = null,
    nullUnchanged = null,
    unchangedAtDelta = null,
    regressedAtTau = null,
    regressedAtDelta = null,
  ] = figures;
  return { nullRegressed, nullUnchanged, unchangedAtDelta, regressedAtTau, regressedAtDelta };
};

/** The tables of docs/method.md: numpy simulation of the procedure, 20,000 runs per cell. */
const CELLS: readonly Cell[] = [
  { service: 'typical', mode: 'usual', gates: 1, promised: promise([0.04, 99.93, 1.2, 26, 98.8]) },
  { service: 'typical', mode: 'usual', gates: 6, promised: promise([0.02, 99.96, 1.6, 18, 98.4]) },
  { service: 'typical', mode: 'usual', gates: 18, promised: promise([0.01, 99.98, 2.0, 13, 98.0]) },
  { service: 'layout1.3', mode: 'usual', gates: 6, promised: promise([0.04, 99.93, 2.6, 21, 97.4]) },
  { service: 'bad', mode: 'usual', gates: 6, promised: promise([0.04, 99.91, 2.8, 22, 97.2]) },
  { service: 'two-mode', mode: 'usual', gates: 6, promised: promise([0.06, 99.85, 3.2, 20, 95.9]) },
  { service: 'worst', mode: 'usual', gates: 1, promised: promise([0.17, 99.56, 3.4, 24, 95.6]) },
  { service: 'worst', mode: 'usual', gates: 6, promised: promise([0.08, 99.74, 3.6, 18, 93.4]) },
  { service: 'outliers', mode: 'usual', gates: 6, promised: promise([0.01, 99.98, 1.7, 20, 98.2]) },
  { service: 'typical', mode: 'tight', gates: 6, promised: promise([0.12, 99.7, 3.2, null, 96.8]) },
  { service: 'layout1.3', mode: 'tight', gates: 6, promised: promise([0.11, 99.8, 3.4, null, 96.1]) },
  { service: 'bad', mode: 'tight', gates: 6, promised: promise([0.16, 99.4, 3.1, null, 93.1]) },
  { service: 'two-mode', mode: 'tight', gates: 6, promised: promise([0.1, 96.4, 2.7, null, 79.4]) },
];

const percent = (hits: number, runs: number): string => ((100 * hits) / runs).toFixed(2);

const beside = (hits: number, runs: number, promised: number | null): string =>
  `${percent(hits, runs)} (${promised ?? '–'})`;

const upper = (hits: number, runs: number): string => (100 * clopperPearson(hits, runs, 0.9)[1]).toFixed(2);

/** A false alarm is bounded from above, a find from below. */
const atMost = (hits: number, runs: number): string => `${percent(hits, runs)} ≤ ${upper(hits, runs)}`;
const atLeast = (hits: number, runs: number): string =>
  `${percent(hits, runs)} ≥ ${(100 * clopperPearson(hits, runs, 0.9)[0]).toFixed(2)}`;

interface Characteristics {
  readonly zero: Rates;
  readonly tau: Rates;
  readonly delta: Rates;
  readonly three: Rates;
  readonly five: Rates;
}

const characteristics = (noise: LaunchNoise, cell: Pick<Cell, 'gates' | 'mode'>, runs: number): Characteristics => {
  const unit = cell.mode === 'tight' ? 0.005 : 0.01;
  const at = (effect: number): Rates => simulate(noise, effect, cell.gates, cell.mode, runs);
  return { zero: at(0), tau: at(unit), delta: at(2 * unit), three: at(0.03), five: at(0.05) };
};

const row = (
  name: string,
  cell: Pick<Cell, 'gates' | 'mode' | 'promised'>,
  found: Characteristics,
  runs: number,
): string => {
  const { zero, tau, delta, three, five } = found;
  const { promised } = cell;
  const covered = zero.covered + tau.covered + delta.covered + three.covered + five.covered;
  return `| ${[
    `${name} ${cell.mode} m=${cell.gates}`,
    `${beside(zero.regressed, runs, promised.nullRegressed)} ≤ ${upper(zero.regressed, runs)}`,
    `${beside(zero.unchanged, runs, promised.nullUnchanged)}, ${zero.meanLaunches.toFixed(1)}`,
    beside(tau.regressed, runs, promised.regressedAtTau),
    `${beside(delta.regressed, runs, promised.regressedAtDelta)}, ${delta.meanLaunches.toFixed(1)}`,
    beside(delta.unchanged, runs, promised.unchangedAtDelta),
    `${percent(three.regressedWithin(24), runs)}, ${three.meanLaunches.toFixed(1)}`,
    `${percent(five.regressedWithin(12), runs)}, ${five.meanLaunches.toFixed(1)}`,
    percent(covered, 5 * runs),
  ].join(' | ')} |`;
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string', default: '1' },
    run: { type: 'string', multiple: true, default: [] },
    evidence: { type: 'string', multiple: true, default: [evidenceFile('aa'), evidenceFile('ladder')] },
    recorded: { type: 'boolean', default: false },
    latency: { type: 'boolean', default: false },
  },
});
const runs = Number(positionals[0] ?? 2000);
const seed = Number(values.seed);

const modelTables = (): void => {
  console.log(
    `Shipped verdict code, simulated: ${runs} runs per cell, seed ${seed}. In brackets: what the method promises.`,
  );
  console.log('Percent of runs; after the comma mean launches; ≤ and ≥: Clopper-Pearson, one-sided 95 %.\n');
  console.log(
    '| service | regressed at 0 | unchanged at 0 | regressed at τ | regressed at Δ | unchanged at Δ | +3 % within 24 | +5 % within 12 | interval holds truth |',
  );
  console.log('|---|---|---|---|---|---|---|---|---|');
  CELLS.forEach((cell, index) => {
    const noise = noiseOf(SERVICES[cell.service], seed * 1000 + index);
    console.log(row(cell.service, cell, characteristics(noise, cell, runs), runs));
  });
};

const FEW: readonly FewLayouts[] = [
  { launches: 4, layouts: 2 },
  { launches: 5, layouts: 5 },
  { launches: 6, layouts: 2 },
  { launches: 9, layouts: 3 },
  { launches: 15, layouts: 5 },
  { launches: 21, layouts: 7 },
];

/** Slow links and small budgets: CPU judged once, at 3 and 6 %. */
const fewLayoutsTable = (): void => {
  console.log(`\nRuns that end before CPU's first look, 6 gates: ${runs} runs per cell.\n`);
  console.log(
    '| service, launches of layouts | changed at 0 | unchanged at 0 | regressed at +3 % | +5 % | +10 % | unchanged at +6 % |',
  );
  console.log('|---|---|---|---|---|---|---|');
  for (const name of Object.keys(SERVICES) as ServiceName[]) {
    for (const few of FEW) {
      const at = (effect: number) => simulateFew(SERVICES[name], few, { effect, gates: 6, runs, seed });
      const zero = at(0);
      console.log(
        `| ${[
          `${name}, ${few.launches} of ${few.layouts}`,
          atMost(zero.regressed + zero.improved, runs),
          percent(zero.unchanged, runs),
          ...[0.03, 0.05, 0.1].map((effect) => percent(at(effect).regressed, runs)),
          atMost(at(0.06).unchanged, runs),
        ].join(' | ')} |`,
      );
    }
  }
};

/** The worst that a counter can do to an early look: a coin that each process throws once. */
const coinsTable = (): void => {
  console.log(
    `\nAllocations of identical code that hang on a coin thrown once by each process, 6 gates: ${runs} runs per cell.\n`,
  );
  console.log('| share, more | launches | regressed | improved |');
  console.log('|---|---|---|---|');
  for (const [share, ratio] of [
    [0.5, 0.05],
    [0.5, 0.012],
    [0.2, 0.05],
  ] as const) {
    for (const launches of [4, 5, 6, 8, 12]) {
      const { regressed, improved } = simulateCoins({ share, ratio, windowSd: 1e-4 }, launches, {
        gates: 6,
        runs,
        seed,
      });
      console.log(
        `| ${share}, +${100 * ratio} % | ${launches} | ${atMost(regressed, runs)} | ${atMost(improved, runs)} |`,
      );
    }
  }
};

/** A fault and the gate that has to find it. */
const FAULTS: readonly (readonly [string, Partial<Fault>, MetricId | null])[] = [
  ['none', {}, null],
  ['CPU +3 %', { cpu: 0.03 }, 'cpuNsPerRequest'],
  ['CPU +5 %', { cpu: 0.05 }, 'cpuNsPerRequest'],
  ['allocations +2 %', { mallocs: 0.02 }, 'mallocsPerRequest'],
  ['latency +40 %', { latency: 0.4 }, 'latencyP50Ms'],
  ['heap 1 KiB in 100 requests', { heapBytes: 10.24 }, 'heapGrowthBytesPerRequest'],
  ['one goroutine in 100 requests', { goroutines: 0.01 }, 'goroutineGrowthPerRequest'],
];

const wholeRuns = (name: string, fault: Fault, gate: MetricId | null, count: number, firstSeed: number): string => {
  const made = Array.from({ length: count }, (_, index) => simulateWholeRun(firstSeed + index, fault));
  const having = (verdict: string): number => made.filter(({ comparison }) => comparison.verdict === verdict).length;
  const byGate = made.filter(({ comparison }) =>
    comparison.scenarios.some(({ metrics }) =>
      metrics.some(({ metric, verdict }) => metric === gate && verdict === 'regressed'),
    ),
  ).length;
  const launches = made.reduce((total, { judgedLaunches }) => total + judgedLaunches, 0) / count;
  return `| ${[
    name,
    (gate === null ? atMost : atLeast)(having('regressed'), count),
    gate === null ? '–' : percent(byGate, count),
    percent(having('improved'), count),
    percent(having('unchanged'), count),
    percent(having('inconclusive'), count),
    launches.toFixed(1),
    percent(made.filter(({ growthLaunch }) => growthLaunch).length, count),
  ].join(' | ')} |`;
};

const wholeRunTables = (): void => {
  console.log(`\nWhole runs, all default gates, typical service: ${runs} without a fault, a tenth of it with each.\n`);
  console.log(
    '| fault on head | regressed | by its gate | improved | unchanged | inconclusive | launches | growth launch |',
  );
  console.log('|---|---|---|---|---|---|---|---|');
  FAULTS.forEach(([name, fault, gate], index) => {
    const count = gate === null ? runs : Math.max(20, Math.round(runs / 10));
    console.log(wholeRuns(name, { ...NO_FAULT, ...fault }, gate, count, seed * 1_000_000 + index * 100_000));
  });
};

const fromRunFile = (file: string): Recorded => {
  const run = parseRunFile(readFileSync(file, 'utf8'), file);
  const name = `${run.runs[0]?.scenario.name ?? 'nothing'} in ${path.basename(path.dirname(path.resolve(file)))}`;
  return { name, runs: [launchesFrom(contrastsOf(run))] };
};

/** One launch on its own, and four neighbours together: what spells do shows in the difference. */
const BLOCKS = [1, 4] as const;
/** Of the interval at a look, by the level that each look spends. */
const FEWEST_LAUNCHES = 8;

const cpuOf = ({ runs: recorded }: Recorded): readonly number[] =>
  recorded.flat().flatMap(({ cpuNsPerRequest }) => cpuNsPerRequest ?? []);

const recordedLine = (recorded: Recorded, block: number): readonly string[] => {
  const at = (ratio: number, index: number): readonly ReplayedRun[] =>
    replayRuns(recorded, { effect: Math.log1p(ratio), block, runs, seed: 100 * seed + index });
  const [zero, delta, three, five] = [0, 0.02, 0.03, 0.05].map(at) as [
    readonly ReplayedRun[],
    readonly ReplayedRun[],
    readonly ReplayedRun[],
    readonly ReplayedRun[],
  ];
  const having = (made: readonly ReplayedRun[], verdict: string): number =>
    made.filter(({ cpu }) => cpu === verdict).length;
  const cpu = cpuOf(recorded);
  const centre = median(cpu);
  const mad = 1.4826 * median(cpu.map((value) => Math.abs(value - centre)));
  const all = [zero, delta, three, five].flat();
  return [
    `${recorded.name}, ${block === 1 ? 'one by one' : `${block} together`}`,
    String(launchCount(recorded)),
    `${(100 * standardDeviation(cpu)).toFixed(2)} (${(100 * mad).toFixed(2)})`,
    lagOneCorrelation(recorded).toFixed(2),
    atMost(zero.filter(({ alarms }) => alarms.length > 0).length, runs),
    percent(having(zero, 'unchanged'), runs),
    atMost(having(delta, 'unchanged'), runs),
    percent(having(delta, 'regressed'), runs),
    percent(having(three, 'regressed'), runs),
    percent(having(five, 'regressed'), runs),
    percent(all.filter(({ covered }) => covered).length, all.length),
  ];
};

const recordedTable = (): void => {
  const rows = values.evidence.flatMap((file) => rowsIn<EvidenceRow>(file));
  const recorded = [...recordedIn(rows), ...values.run.map(fromRunFile)].filter(
    (one) => launchCount(one) >= FEWEST_LAUNCHES,
  );
  const total = recorded.reduce((sum, one) => sum + launchCount(one), 0);
  console.log(
    `\n${total} recorded launches of identical code, drawn again with the sides exchanged at random, all gates that launches decide, ${runs} runs per cell. Launch sd in % (mad).\n`,
  );
  const head =
    'noise, drawn|launches|sd (mad)|lag-1 correlation|any gate alarms at 0|unchanged at 0|unchanged at +2 %|regressed at +2 %|+3 %|+5 %|interval holds truth'.split(
      '|',
    );
  console.log(
    markdownTable(
      head,
      recorded.flatMap((one) => BLOCKS.map((block) => recordedLine(one, block))),
    ),
  );
};

/** Around the limits of 20 and 40 % for the median, 10 and 20 % for the tail. */
const LATENCY_GATES = [
  { gate: 'latencyP50Ms', effects: [0.1, 0.25, 0.4, 0.5] },
  { gate: 'latencyP99Ms', effects: [0.05, 0.1, 0.2, 0.5] },
] as const;

const latencyLine = (
  name: string,
  noiseOf: (seed: number) => LatencyNoise,
  { gate, effects }: (typeof LATENCY_GATES)[number],
): readonly string[] => {
  const at = (effect: number, index: number): LatencyRates =>
    simulateLatency(noiseOf(1000 * seed + index), { gate, effect: Math.log1p(effect), runs });
  const zero = at(0, 0);
  return [
    name,
    atMost(zero.regressed + zero.improved, runs),
    percent(zero.unchanged, runs),
    percent(zero.late, runs),
    zero.meanLaunches.toFixed(1),
    ...effects.map((effect, index) => {
      const { regressed, unchanged, meanLaunches } = at(effect, index + 1);
      return `${percent(regressed, runs)} / ${percent(unchanged, runs)}, ${meanLaunches.toFixed(1)}`;
    }),
  ];
};

/** As much slower as puts the demo's median of 0.6 ms beyond the floor of half a millisecond. */
const TIMES_SLOWER = 20;

const latencyTables = (): void => {
  const rows = rowsIn<LatencyRow>(evidenceFile('latency'));
  const recorded = [...Map.groupBy(rows, ({ service, condition }) => `${service}, ${condition}`)];
  for (const gate of LATENCY_GATES) {
    const line = (name: string, noise: (seed: number) => LatencyNoise) => latencyLine(name, noise, gate);
    console.log(
      `\n${gate.gate} as a gate${gate.gate === 'latencyP50Ms' ? '' : ' that the scenario names'}, 6 gates, ${runs} runs per cell: by models, and by launches recorded on identical code, each with a random sign, as if ${TIMES_SLOWER} times slower. Last columns: regressed / unchanged, mean launches.\n`,
    );
    console.log(
      markdownTable(
        [
          'launches',
          'alarm at 0',
          'unchanged',
          'loader late',
          'mean launches',
          ...gate.effects.map((effect) => `at +${100 * effect} %`),
        ],
        [
          ...Object.entries(LATENCY_MODELS).map(([name, model]) => line(name, (from) => noiseFrom(model, from))),
          ...recorded.map(([name, group]) => line(name, (from) => recordedNoise(group, TIMES_SLOWER, from))),
        ],
      ),
    );
  }
};

if (!values.recorded && !values.latency) {
  modelTables();
  fewLayoutsTable();
  coinsTable();
  wholeRunTables();
}
if (!values.recorded) latencyTables();
if (!values.latency) recordedTable();
