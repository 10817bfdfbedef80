/**
 * `npm run prove:ladder`: planted truth against verdicts. Runs the built command line on copies of the demo that are
 * worse by a known amount, and prints per rung: caught, wrongly told, inconclusive, invalid, time to verdict, and the
 * estimate against what was planted. Rates have Clopper-Pearson bounds at 95 %.
 *
 * node test/prove/ladder.ts                       one run of each rung that takes a minute or two
 * node test/prove/ladder.ts --full                the ladder of the promise: hours
 * node test/prove/ladder.ts cpu:2=30 cpu:1:tight=10 none=20      fault:size[:tight]=runs
 *
 * --evidence <file> also writes the table there, with date and class of machine.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import {
  type MetricId,
  parseComparison,
  parseRunFile,
  type RunFile,
  type ScenarioComparison,
} from '../../harness/model/index.ts';
import { clopperPearson } from '../../harness/stats/index.ts';
import { DEMO_FAULTS, type DemoPlant, plantDemo } from '../helpers/plant-demo.ts';

const root = path.resolve(import.meta.dirname, '../..');
const SHORT = ['none=1', 'cpu:5=1', 'alloc:2=1', 'leak-goroutine:1=1'];
const FULL = [
  'none=20',
  'cpu:5=30',
  'cpu:3=10',
  'cpu:2=30',
  'cpu:1:tight=10',
  'alloc:2=10',
  'alloc:3=10',
  'lock:1=10',
  'sleep:3000=10',
  'leak-heap:1=10',
  'leak-goroutine:1=10',
];

/** Gates that may catch a fault; the effect of the first is compared with what was planted. */
const WATCHED: Readonly<Record<DemoPlant['fault'], readonly MetricId[]>> = {
  none: ['cpuNsPerRequest'],
  cpu: ['cpuNsPerRequest', 'instructionsPerRequest'],
  alloc: ['mallocsPerRequest', 'allocBytesPerRequest'],
  lock: ['mutexWaitNsPerRequest', 'blockWaitNsPerRequest', 'latencyP50Ms'],
  sleep: ['latencyP50Ms', 'blockWaitNsPerRequest'],
  block: ['latencyP50Ms', 'blockWaitNsPerRequest'],
  'leak-heap': ['heapGrowthBytesPerRequest'],
  'leak-goroutine': ['goroutineGrowthPerRequest'],
};

/** Waiting is shown by default; a ladder asks whether it can be judged. */
const EXTRA_GATES: Partial<Readonly<Record<DemoPlant['fault'], string>>> = {
  lock: 'gates: { mutexWaitNsPerRequest: true }\n',
};

/** Planted shares of one request, for faults whose size is one. */
const truthOf = (rung: Rung): number | null =>
  rung.fault === 'cpu' || rung.fault === 'alloc' ? rung.size / 100 : null;

interface Rung {
  readonly fault: DemoPlant['fault'];
  readonly size: number;
  readonly mode: 'usual' | 'tight';
  readonly runs: number;
}

interface Outcome {
  readonly verdict: string;
  readonly caught: boolean;
  readonly seconds: number | null;
  readonly effectRatio: number | null;
  readonly named: string | null;
}

const rungOf = (word: string): Rung => {
  const found = /^([a-z-]+)(?::([\d.]+))?(:tight)?=(\d+)$/.exec(word);
  if (found === null) throw new Error(`"${word}" is no rung; write fault:size[:tight]=runs`);
  const [, fault = 'none', size = '0', tight, runs = '1'] = found;
  if (fault !== 'none' && !(fault in DEMO_FAULTS)) throw new Error(`no fault ${fault}`);
  return {
    fault: fault as DemoPlant['fault'],
    size: Number(size),
    mode: tight === undefined ? 'usual' : 'tight',
    runs: Number(runs),
  };
};

const nameOf = ({ fault, size, mode }: Rung): string =>
  `${fault}${fault === 'none' ? '' : ` ${size}`}${mode === 'tight' ? ' tight' : ''}`;

/** The demo's scenario with the rung's mode and gates, beside its data. */
const scenarioFor = (rung: Rung, work: string): string => {
  const folder = path.join(work, 'scenarios');
  mkdirSync(folder, { recursive: true });
  const text = readFileSync(path.join(root, 'scenarios/demo.yml'), 'utf8');
  const measure = rung.mode === 'tight' ? 'budget: 4m\n  tight: true' : 'budget: 2m';
  writeFileSync(path.join(folder, 'demo.csv'), readFileSync(path.join(root, 'scenarios/demo.csv')));
  const file = path.join(folder, 'demo.yml');
  writeFileSync(file, `${text.replace('budget: 2m', measure)}${EXTRA_GATES[rung.fault] ?? ''}`);
  return file;
};

const treesFor = async (rung: Rung, work: string): Promise<{ readonly base: string; readonly head: string }> => {
  const trees = { base: path.join(work, 'b'), head: path.join(work, 'h') };
  for (const [side, folder] of Object.entries(trees)) {
    mkdirSync(folder, { recursive: true });
    await plantDemo({
      from: path.join(root, 'test/targets/demo'),
      to: path.join(folder, 'test/targets/demo'),
      fault: side === 'head' ? rung.fault : 'none',
      size: rung.size,
    });
  }
  return trees;
};

/** Judged launches up to the look that decided, links included. */
const secondsTo = (run: RunFile, scenario: ScenarioComparison, metric: MetricId): number => {
  const decided = scenario.metrics.find((row) => row.metric === metric)?.decidedBy;
  const judged = run.runs[0]?.launches.filter(({ stage }) => stage === 'judged') ?? [];
  if (decided?.stage !== 'judged' || decided.unit !== 'launch') return scenario.durationSeconds;
  return judged
    .slice(0, decided.n)
    .reduce((sum, { wallSeconds }) => sum + wallSeconds, run.runs[0]?.timing.linkWaitSeconds ?? 0);
};

const runOnce = async (rung: Rung, work: string, seed: number): Promise<Outcome> => {
  const trees = await treesFor(rung, work);
  const out = path.join(work, 'out');
  const args = ['dist/cli/bin.js', 'run', scenarioFor(rung, work), '--base', trees.base, '--head', trees.head];
  const child = spawn(process.execPath, [...args, '--out', out, '--seed', String(seed), '--quiet'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  if (code === null || ![0, 1, 3, 4].includes(code)) throw new Error(`godyno ended with ${code}: ${said}`);
  const [scenario] = parseComparison(
    readFileSync(path.join(out, 'comparison.json'), 'utf8'),
    'comparison.json',
  ).scenarios;
  const run = parseRunFile(readFileSync(path.join(out, 'run.json'), 'utf8'), 'run.json');
  if (scenario === undefined) throw new Error('a comparison without a scenario');
  const watched = WATCHED[rung.fault];
  const rows = watched.flatMap((id) => scenario.metrics.find(({ metric }) => metric === id) ?? []);
  const failed = rows.find(({ gate, verdict }) => gate && verdict === 'regressed');
  for (const folder of [trees.base, trees.head, out]) rmSync(folder, { recursive: true, force: true });
  return {
    verdict: scenario.verdict,
    caught: failed !== undefined,
    seconds: failed === undefined ? null : secondsTo(run, scenario, failed.metric),
    effectRatio: rows[0]?.effectRatio ?? null,
    named: scenario.attribution?.culprit ?? null,
  };
};

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
/** Nearest rank; NaN of nothing. */
const quantile = (values: readonly number[], at: number): number =>
  values.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(at * values.length) - 1)] ?? Number.NaN;
const percent = (ratio: number): string => `${(100 * ratio).toFixed(2)} %`;
const figure = (value: number, unit: string): string => (Number.isNaN(value) ? '–' : `${value.toFixed(0)} ${unit}`);

const HEAD =
  '| planted | runs | right (95 %) | regressed / unchanged / inconclusive / invalid | median s | p90 s | mean effect | bias | named |';

const isRight = (rung: Rung, { caught, verdict }: Outcome): boolean =>
  rung.fault === 'none' ? verdict !== 'regressed' && verdict !== 'improved' : caught;

const rowOf = (rung: Rung, outcomes: readonly Outcome[]): string => {
  const right = outcomes.filter((one) => isRight(rung, one)).length;
  const [low, high] = clopperPearson(right, outcomes.length, 0.95);
  const counts = ['regressed', 'unchanged', 'inconclusive', 'invalid'].map(
    (verdict) => outcomes.filter((one) => one.verdict === verdict).length,
  );
  const seconds = outcomes.flatMap((one) => one.seconds ?? []);
  const effects = outcomes.flatMap((one) => one.effectRatio ?? []);
  const truth = truthOf(rung);
  const wanted = rung.fault === 'none' ? null : DEMO_FAULTS[rung.fault].function;
  const named = outcomes.filter((one) => one.named !== null && one.named === wanted).length;
  return [
    '',
    nameOf(rung),
    outcomes.length,
    `${right} (${percent(low)}…${percent(high)})`,
    counts.join(' / '),
    figure(quantile(seconds, 0.5), 's'),
    figure(quantile(seconds, 0.9), 's'),
    effects.length === 0 ? '–' : percent(mean(effects)),
    truth === null || effects.length === 0 ? '–' : percent(mean(effects) - truth),
    wanted === null ? '–' : `${named} of ${outcomes.length}`,
    '',
  ]
    .join(' | ')
    .trim();
};

const given = process.argv.slice(2);
const evidenceAt = given.indexOf('--evidence');
const evidence = evidenceAt < 0 ? null : (given[evidenceAt + 1] ?? null);
const words = given.filter((word, index) => !word.startsWith('--') && (evidenceAt < 0 || index !== evidenceAt + 1));
const rungs = (words.length > 0 ? words : given.includes('--full') ? FULL : SHORT).map(rungOf);
const work = mkdtempSync(path.join(tmpdir(), 'ld-'));
const rows: string[] = [];
let wrong = 0;
try {
  for (const rung of rungs) {
    const outcomes: Outcome[] = [];
    for (let run = 1; run <= rung.runs; run++) {
      const outcome = await runOnce(rung, work, 7919 * run + (Date.now() % 7919));
      outcomes.push(outcome);
      const { verdict, seconds, effectRatio, named } = outcome;
      const effect = effectRatio === null ? '' : `, ${percent(effectRatio)}`;
      console.log(
        `${nameOf(rung)}: ${verdict}${effect}, ${figure(seconds ?? Number.NaN, 's')}, ${named ?? 'names nobody'}`,
      );
    }
    wrong += outcomes.filter((one) => !isRight(rung, one)).length;
    rows.push(rowOf(rung, outcomes));
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
const table = [HEAD, `|${' --- |'.repeat(9)}`, ...rows].join('\n');
console.log(`\n${table}\n`);
if (evidence !== null) {
  const [first] = cpus();
  const machine = `${cpus().length} × ${first?.model ?? 'unknown CPU'}, Node ${process.versions.node}`;
  writeFileSync(evidence, `Ladder on the demo, ${new Date().toISOString().slice(0, 10)}, ${machine}.\n\n${table}\n`);
}
console.log(`${rungs.reduce((sum, { runs }) => sum + runs, 0) - wrong} passed, ${wrong} failed`);
process.exitCode = wrong === 0 ? 0 : 1;
