/**
 * Where the seconds of judged launches go, from any recorded run: starting, warming up, windows, the contention slice,
 * what is between them, and between launches (stopping, waiting for links, looking).
 *
 * node test/prove/launch-cost.ts <folder of a run, or a baseline.json> …
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type Launch, parseRunFile, type ScenarioRun } from '../../harness/model/index.ts';
import { mean, sum } from '../../harness/stats/index.ts';
import { markdownTable } from './evidence-table.ts';

const wallOf = (launch: Launch, phase: 'cost' | 'contention'): number =>
  sum(launch.pairs.filter((pair) => pair.phase === phase).map(({ wallSeconds }) => wallSeconds));

const lineOf = (name: string, run: ScenarioRun): readonly string[] => {
  const judged = run.launches.filter(({ stage }) => stage === 'judged');
  const per = (read: (launch: Launch) => number): number => mean(judged.map(read));
  const all = per(({ wallSeconds }) => wallSeconds);
  const parts = [
    per(({ startSeconds }) => startSeconds),
    per(({ warmup }) => warmup.seconds),
    per((launch) => wallOf(launch, 'cost')),
    per((launch) => wallOf(launch, 'contention')),
  ];
  const onlyJudged = judged.length === run.launches.length && run.exact === undefined;
  const between = (run.timing.measureSeconds - sum(judged.map(({ wallSeconds }) => wallSeconds))) / judged.length;
  return [
    name,
    String(judged.length),
    all.toFixed(2),
    ...parts.map((seconds) => seconds.toFixed(2)),
    (all - sum(parts)).toFixed(2),
    onlyJudged ? between.toFixed(2) : '–',
    (run.timing.linkWaitSeconds / judged.length).toFixed(2),
  ];
};

const head = [
  'run',
  'launches',
  's per launch',
  'start',
  'warm-up',
  'cost windows',
  'contention',
  'rest of it',
  'between launches',
  'of which waiting for links',
];
const rows = process.argv.slice(2).flatMap((folder) => {
  const at = folder.endsWith('.json') ? folder : path.join(folder, 'run.json');
  const file = parseRunFile(readFileSync(at, 'utf8'), at);
  return file.runs
    .filter(({ launches }) => launches.some(({ stage }) => stage === 'judged'))
    .map((run) => lineOf(run.scenario.name, run));
});
console.log(markdownTable(head, rows));
