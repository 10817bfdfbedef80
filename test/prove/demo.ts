/**
 * `npm run prove:demo`: what the first promise rests on. Runs the built command line on the embedded demo, again and
 * again: with faults (each must be found and its gate named) and without (nothing may be called regressed), a new seed
 * each time. Prints a row per run as it ends, then a table of counts, times and sharpness.
 *
 * node test/prove/demo.ts [none=20] [cpu:5=5] [alloc:2=5] [leak-goroutine:1=5] …     fault:size=runs
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  type MetricId,
  parseComparison,
  parseRunFile,
  type RunFile,
  type ScenarioComparison,
} from '../../harness/model/index.ts';
import { DEMO_FAULTS, type DemoPlant, plantDemo } from '../helpers/plant-demo.ts';

const root = path.resolve(import.meta.dirname, '../..');
const DEFAULT = ['none=20', 'cpu:5=5', 'alloc:2=5', 'leak-goroutine:1=5'];

/** The gate that must fire for a fault; instructions are a second gate for CPU, and may be the only one to see it. */
const GATES: Readonly<Record<string, MetricId>> = {
  cpu: 'cpuNsPerRequest',
  alloc: 'mallocsPerRequest',
  'leak-goroutine': 'goroutineGrowthPerRequest',
  'leak-heap': 'heapGrowthBytesPerRequest',
  sleep: 'latencyP50Ms',
};

const fires = (metric: MetricId, gate: MetricId | undefined): boolean =>
  metric === gate || (gate === 'cpuNsPerRequest' && metric === 'instructionsPerRequest');

interface Outcome {
  readonly code: number | null;
  readonly seconds: number;
  readonly scenario: ScenarioComparison;
  readonly run: RunFile;
  readonly peakMb: number;
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / Math.max(1, values.length);
const sd = (values: readonly number[]): number =>
  Math.sqrt(values.reduce((sum, value) => sum + (value - mean(values)) ** 2, 0) / Math.max(1, values.length - 1));
const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

const peakMbOf = (pid: number | undefined): number => {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
};

const runOnce = async (base: string, head: string, out: string, seed: number): Promise<Outcome> => {
  const startedMs = performance.now();
  const args = ['dist/cli/bin.js', 'run', 'scenarios/demo.yml', '--base', base, '--head', head, '--out', out];
  const child = spawn(process.execPath, [...args, '--seed', String(seed), '--quiet'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let peakMb = 0;
  const watch = setInterval(() => {
    peakMb = Math.max(peakMb, peakMbOf(child.pid));
  }, 500);
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  clearInterval(watch);
  if (code !== 0 && code !== 1) console.error(said);
  const scenario = parseComparison(readFileSync(path.join(out, 'comparison.json'), 'utf8'), 'comparison.json')
    .scenarios[0];
  const run = parseRunFile(readFileSync(path.join(out, 'run.json'), 'utf8'), 'run.json');
  if (scenario === undefined) throw new Error('a comparison without a scenario');
  return { code, seconds: (performance.now() - startedMs) / 1000, scenario, run, peakMb };
};

/** Launch means of ln(head ÷ base) CPU in percent, and the windows within them. */
const sharpness = (run: RunFile) => {
  const launches = run.runs[0]?.launches.filter(({ stage }) => stage === 'judged') ?? [];
  const windows = launches.map(({ pairs }) =>
    pairs
      .filter(({ phase, discarded }) => phase === 'cost' && discarded === null)
      .map(
        ({ base, head }) =>
          100 * Math.log((head.counters.cpuNs ?? 1) / head.answered / ((base.counters.cpuNs ?? 1) / base.answered)),
      ),
  );
  const means = windows.map(mean);
  const within = Math.sqrt(mean(windows.map((one) => sd(one) ** 2)));
  return { launchSd: sd(means), windowSd: within };
};

/** Wall clock until the CPU gate's verdict: the judged launches it took. */
const verdictSeconds = ({ run, scenario }: Outcome, metric: MetricId): number => {
  const n = scenario.metrics.find((row) => row.metric === metric)?.decidedBy?.n ?? 0;
  const launches = run.runs[0]?.launches.filter(({ stage }) => stage === 'judged') ?? [];
  return (
    launches.slice(0, n).reduce((sum, { wallSeconds }) => sum + wallSeconds, 0) +
    (run.runs[0]?.timing.linkWaitSeconds ?? 0)
  );
};

/** Windows that are judged (cost, contention, latency) as a share of the wall clock after the builds. */
const judgedShare = ({ run }: Outcome): number => {
  const [scenario] = run.runs;
  const windows =
    scenario?.launches.filter(({ stage }) => stage === 'judged' || stage === 'latency').flatMap(({ pairs }) => pairs) ??
    [];
  return windows.reduce((sum, { wallSeconds }) => sum + wallSeconds, 0) / (scenario?.timing.measureSeconds ?? 1);
};

interface Job {
  readonly fault: DemoPlant['fault'];
  readonly size: number;
  readonly runs: number;
}

const parseJob = (word: string): Job => {
  const [, fault = 'none', size = '0', runs = '1'] = /^([a-z-]+)(?::([\d.]+))?=(\d+)$/.exec(word) ?? [];
  if (fault !== 'none' && !(fault in DEMO_FAULTS)) throw new Error(`no fault ${fault}`);
  return { fault: fault as DemoPlant['fault'], size: Number(size), runs: Number(runs) };
};

const pad = (text: string | number, width: number): string => String(text).padEnd(width);

const prove = async (job: Job, work: string): Promise<{ readonly right: number; readonly wrong: number }> => {
  const name = job.fault === 'none' ? 'none' : `${job.fault}:${job.size}`;
  const sides = { base: path.join(work, `b-${name}`), head: path.join(work, `h-${name}`) };
  for (const [side, folder] of Object.entries(sides)) {
    const planted = side === 'head' ? job : { fault: 'none' as const, size: 0 };
    mkdirSync(folder, { recursive: true });
    await plantDemo({
      from: path.join(root, 'test/targets/demo'),
      to: path.join(folder, 'test/targets/demo'),
      fault: planted.fault,
      size: planted.size,
    });
  }
  const outcomes: Outcome[] = [];
  const gate = GATES[job.fault];
  for (let index = 1; index <= job.runs; index++) {
    const outcome = await runOnce(sides.base, sides.head, path.join(work, 'out'), 1000 * index + (Date.now() % 1000));
    outcomes.push(outcome);
    const cpu = outcome.scenario.metrics.find(({ metric }) => metric === 'cpuNsPerRequest');
    const row = outcome.scenario.metrics.find(({ metric }) => metric === (gate ?? 'cpuNsPerRequest'));
    const { launchSd, windowSd } = sharpness(outcome.run);
    console.log(
      [
        pad(name, 18),
        pad(`exit ${outcome.code}`, 8),
        pad(outcome.scenario.verdict, 13),
        pad(`gate ${row?.verdict}`, 18),
        pad(`CPU ${((cpu?.effectRatio ?? Number.NaN) * 100).toFixed(2)} %`, 13),
        pad(`${outcome.scenario.launches} launches`, 12),
        pad(`verdict ${verdictSeconds(outcome, gate ?? 'cpuNsPerRequest').toFixed(0)} s`, 13),
        pad(`all ${outcome.run.runs[0]?.timing.measureSeconds.toFixed(0)} s`, 10),
        pad(`sd launch ${launchSd.toFixed(2)} window ${windowSd.toFixed(2)}`, 30),
        pad(`judged ${(100 * judgedShare(outcome)).toFixed(0)} %`, 12),
        pad(`${outcome.peakMb.toFixed(0)} MB`, 8),
        outcome.scenario.attribution?.culprit ?? '-',
      ].join(' '),
    );
  }
  const verdicts = Map.groupBy(outcomes, ({ scenario }) => scenario.verdict);
  const counts = [...verdicts].map(([verdict, all]) => `${verdict} ${all.length}`).join(', ');
  const caught = outcomes.filter(({ code, scenario }) =>
    job.fault === 'none'
      ? code === 0
      : code === 1 && scenario.metrics.some(({ metric, verdict }) => verdict === 'regressed' && fires(metric, gate)),
  );
  const seconds = outcomes.map((outcome) => verdictSeconds(outcome, gate ?? 'cpuNsPerRequest'));
  console.log(
    `=> ${pad(name, 16)} ${caught.length} of ${job.runs} right; ${counts}; verdict after ${median(seconds).toFixed(0)} s (median)\n`,
  );
  return { right: caught.length, wrong: job.runs - caught.length };
};

const work = mkdtempSync(path.join(tmpdir(), 'pd-'));
try {
  let right = 0;
  let wrong = 0;
  const words = process.argv.slice(2);
  for (const word of words.length > 0 ? words : DEFAULT) {
    const counts = await prove(parseJob(word), work);
    right += counts.right;
    wrong += counts.wrong;
  }
  console.log(`${right} passed, ${wrong} failed`);
  process.exitCode = wrong === 0 ? 0 : 1;
} finally {
  rmSync(work, { recursive: true, force: true });
}
