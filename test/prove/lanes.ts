/**
 * Prints how many turns simulated whole runs take with one lane and with two: launches at the same time are one turn.
 * How many launches a run has is decided by the shipped code (whole-run-models.ts); which of them go together by that, too.
 *
 * node test/prove/lanes.ts [runs per fault, default 200] [seconds a launch, default 3.5] [seconds a latency launch, default 3.2]
 */
import { mean } from '../../harness/stats/index.ts';
import { markdownTable } from './evidence-table.ts';
import { type Fault, NO_FAULT, simulateWholeRun } from './whole-run-models.ts';

const [runs = 200, launchSeconds = 3.5, latencySeconds = 3.2] = process.argv.slice(2).map(Number);

/** As long as anything is open there are looks at these (docs/method.md). */
const JUDGED_LOOKS = [4, 6, 8, 10, 12, 16, 20, 24, 32, 40] as const;
const LATENCY_LOOKS = [4, 6, 8, 12] as const;

/** The first of `alone` launches goes by itself, and none across a look. */
const turnsOf = (launches: number, lanes: number, looks: readonly number[], alone: number): number => {
  let turns = 0;
  for (let done = 0; done < launches; turns++) {
    const next = looks.find((look) => look > done) ?? launches;
    done += done < alone ? 1 : Math.min(lanes, next - done);
  }
  return turns;
};

const FAULTS: readonly (readonly [string, Partial<Fault>])[] = [
  ['none', {}],
  ['CPU +2 %', { cpu: 0.02 }],
  ['CPU +3 %', { cpu: 0.03 }],
  ['CPU +5 %', { cpu: 0.05 }],
];

const lineOf = (name: string, fault: Fault, firstSeed: number): readonly string[] => {
  const made = Array.from({ length: runs }, (_, index) => simulateWholeRun(firstSeed + index, fault));
  const secondsWith = (lanes: number) => ({
    verdict: mean(made.map((run) => launchSeconds * turnsOf(run.judgedLaunches, lanes, JUDGED_LOOKS, 1))),
    latency: mean(made.map((run) => latencySeconds * turnsOf(run.latencyLaunches, lanes, LATENCY_LOOKS, 0))),
  });
  const [one, two] = [secondsWith(1), secondsWith(2)];
  const whole = ({ verdict, latency }: typeof one): number => verdict + latency;
  return [
    name,
    mean(made.map(({ judgedLaunches }) => judgedLaunches)).toFixed(1),
    `${one.verdict.toFixed(0)} s`,
    `${two.verdict.toFixed(0)} s`,
    `${whole(one).toFixed(0)} s`,
    `${whole(two).toFixed(0)} s`,
    (whole(two) / whole(one)).toFixed(2),
  ];
};

const head = ['change', 'launches, mean', 'CPU, one lane', 'CPU, two', 'and latency, one', 'two', 'two ÷ one'];
console.log(
  markdownTable(
    head,
    FAULTS.map(([name, fault], index) => lineOf(name, { ...NO_FAULT, ...fault }, 1_000_000 + index * 100_000)),
  ),
);
