/**
 * `npm run prove:demo`: what the first promise rests on. Runs the built command line on the embedded demo, whole, again
 * and again: with faults (each must be found and its gate named) and without (nothing may be called regressed), a new
 * seed each time. Prints a row per run as it ends, then a line of counts and times. Nothing is kept; the ladder keeps.
 *
 * node test/prove/demo.ts [none=20] [cpu:5=5] [alloc:2=5] [leak-goroutine:1=5] …     fault:size=runs
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { MetricId, RunFile } from '../../harness/model/index.ts';
import { mean, standardDeviation } from '../../harness/stats/index.ts';
import { DEMO_FAULTS, type DemoPlant, plantDemo } from '../helpers/plant-demo.ts';
import { contrastsOf, measureOnce, type Measured, nextSeed, root, secondsTo } from './campaign.ts';
import { quantile } from './evidence-table.ts';

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

/** Standard deviation of the launches' ln(head ÷ base) of CPU, in percent. */
const launchSd = (run: RunFile): number => {
  const values = contrastsOf(run)['cpuNsPerRequest'] ?? [];
  return values.length < 2 ? Number.NaN : 100 * standardDeviation(values);
};

const verdictSeconds = (measured: Measured, metric: MetricId): number => {
  const row = measured.scenario.metrics.find((one) => one.metric === metric);
  return row === undefined ? Number.NaN : secondsTo(measured, row);
};

/** Windows that are judged (cost, contention, latency) as a share of the wall clock after the builds. */
const judgedShare = ({ run }: Measured): number => {
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
  const outcomes: Measured[] = [];
  const gate = GATES[job.fault];
  for (let index = 1; index <= job.runs; index++) {
    const seed = ['--seed', String(nextSeed())];
    const outcome = await measureOnce('scenarios/demo.yml', sides, path.join(work, 'out'), seed);
    outcomes.push(outcome);
    const cpu = outcome.scenario.metrics.find(({ metric }) => metric === 'cpuNsPerRequest');
    const row = outcome.scenario.metrics.find(({ metric }) => metric === (gate ?? 'cpuNsPerRequest'));
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
        pad(`sd of launches ${launchSd(outcome.run).toFixed(2)} %`, 24),
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
  const median = quantile(seconds, 0.5).toFixed(0);
  console.log(
    `=> ${pad(name, 16)} ${caught.length} of ${job.runs} right; ${counts}; verdict after ${median} s (median), judged share ${(100 * mean(outcomes.map(judgedShare))).toFixed(0)} %\n`,
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
