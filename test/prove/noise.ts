/**
 * Sharpness of recorded A/A runs (head = base): the table of the study behind the method (docs/method.md), from the
 * shipped code's own run.json. CPU per request, head ÷ base as log-ratio in percent.
 *
 * node test/prove/noise.ts <folder of a run> …
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type Launch, type Pair, parseRunFile } from '../../harness/model/index.ts';
import { mean, median, standardDeviation as sd } from '../../harness/stats/index.ts';

/** Median absolute deviation, scaled to a normal's standard deviation. */
const madSd = (values: readonly number[]): number =>
  1.4826 * median(values.map((value) => Math.abs(value - median(values))));

const cpu = ({ base, head }: Pair): number =>
  100 * Math.log((head.counters.cpuNs ?? 0) / head.answered / ((base.counters.cpuNs ?? 0) / base.answered));

const costOf = (launch: Launch): readonly Pair[] =>
  launch.pairs.filter(({ phase, discarded }) => phase === 'cost' && discarded === null);

/** Windows of a launch less its mean: what is left of placement and launch is not in them. */
const residuals = (launches: readonly Launch[]): readonly number[] =>
  launches.flatMap((launch) => {
    const values = costOf(launch).map(cpu);
    const scale = Math.sqrt(values.length / Math.max(1, values.length - 1));
    return values.map((value) => (value - mean(values)) * scale);
  });

console.log(
  'run | launches, windows | window s | sd (mad) within launch | SE after 60 s of windows | sd (mad) of launch means | mean ± SE | foreign CPUs, median | steal, p95',
);
for (const folder of process.argv.slice(2)) {
  const file = parseRunFile(readFileSync(path.join(folder, 'run.json'), 'utf8'), folder);
  for (const { scenario, launches } of file.runs) {
    const judged = launches.filter(({ stage }) => stage === 'judged').filter((launch) => costOf(launch).length > 1);
    const pairs = judged.flatMap(costOf);
    const within = residuals(judged);
    const means = judged.map((launch) => mean(costOf(launch).map(cpu)));
    const seconds = mean(pairs.map(({ wallSeconds }) => wallSeconds));
    const steal = pairs.map(({ host }) => host.stealRatio ?? 0).toSorted((a, b) => a - b);
    console.log(
      [
        scenario.name,
        `${judged.length}, ${pairs.length}`,
        seconds.toFixed(2),
        `${sd(within).toFixed(2)} (${madSd(within).toFixed(2)})`,
        `${(sd(within) * Math.sqrt(seconds / 60)).toFixed(2)}`,
        `${sd(means).toFixed(2)} (${madSd(means).toFixed(2)})`,
        `${mean(means).toFixed(2)} ± ${(sd(means) / Math.sqrt(means.length)).toFixed(2)}`,
        median(pairs.map(({ host }) => host.foreignCpus ?? 0)).toFixed(2),
        (steal[Math.floor(steal.length * 0.95)] ?? 0).toFixed(3),
      ].join(' | '),
    );
  }
}
