/**
 * Recorded launches of identical code as the noise of simulated runs: drawn again with replacement, in blocks of neighbours
 * so that spells stay spells, each block with a random sign, since identical code has no direction; then judged by the
 * shipped code with every gate that launches decide.
 */
import { familyOf, judgeSoFar, looksOf, type Look } from '../../harness/compare/index.ts';
import type { Launch, MetricId, MetricVerdict } from '../../harness/model/index.ts';
import { type RandomSource, randomFrom } from '../../harness/stats/index.ts';
import { growthOf, launchOf, pairOf, runOf, windowOf } from '../builders/synthetic-run.ts';
import { scenarioWith } from '../builders/scenarios.ts';
import type { EvidenceRow } from './campaign.ts';

/** ln(head ÷ base), of growth head − base; metrics that were not measured are absent. */
export type RecordedLaunch = Partial<Readonly<Record<MetricId, number>>>;

/** Launches of one kind of noise, run by run, in their order. */
export interface Recorded {
  readonly name: string;
  readonly runs: readonly (readonly RecordedLaunch[])[];
}

const METRICS_DRAWN = [
  'cpuNsPerRequest',
  'mallocsPerRequest',
  'allocBytesPerRequest',
  'heapGrowthBytesPerRequest',
  'goroutineGrowthPerRequest',
] as const satisfies readonly MetricId[];

/** One launch per unit: the n-th value of each metric. */
export const launchesFrom = (contrasts: EvidenceRow['contrasts']): readonly RecordedLaunch[] => {
  const count = contrasts['cpuNsPerRequest']?.length ?? 0;
  return Array.from({ length: count }, (_, index) =>
    Object.fromEntries(
      METRICS_DRAWN.flatMap((metric) => {
        const value = contrasts[metric]?.[index];
        return value === undefined ? [] : [[metric, value]];
      }),
    ),
  );
};

const isEqualCode = ({ rung, verdict }: EvidenceRow): boolean =>
  /^(equal|moved|none)/.test(rung) && verdict !== 'invalid';

/** Rows of identical code, by service and condition: one machine's quiet launches say nothing of another's busy ones. */
export const recordedIn = (rows: readonly EvidenceRow[]): readonly Recorded[] =>
  [...Map.groupBy(rows.filter(isEqualCode), ({ service, condition }) => `${service}, ${condition}`)].map(
    ([name, group]) => ({
      name,
      runs: group.map(({ contrasts }) => launchesFrom(contrasts)).filter((launches) => launches.length > 0),
    }),
  );

export const launchCount = ({ runs }: Recorded): number => runs.reduce((sum, launches) => sum + launches.length, 0);

/** Correlation of a launch with the one before it, over all runs; NaN of fewer than three pairs. */
export const lagOneCorrelation = ({ runs }: Recorded): number => {
  const centred = runs.map((launches) => launches.map(({ cpuNsPerRequest = 0 }) => cpuNsPerRequest));
  const all = centred.flat();
  const mean = all.reduce((a, b) => a + b, 0) / all.length;
  const pairs = centred.flatMap((values) =>
    values.slice(1).map((value, index) => [(values[index] ?? 0) - mean, value - mean] as const),
  );
  if (pairs.length < 3) return Number.NaN;
  const square = all.reduce((sum, value) => sum + (value - mean) ** 2, 0) / all.length;
  return pairs.reduce((sum, [one, next]) => sum + one * next, 0) / pairs.length / square;
};

/** An endless series of launches: blocks of `length` neighbours of one run, the sides exchanged at random. */
function* drawn({ runs }: Recorded, length: number, random: RandomSource): Generator<RecordedLaunch, never> {
  for (;;) {
    const run = runs[Math.floor(random() * runs.length)] ?? [];
    const first = Math.floor(random() * Math.max(1, run.length - length + 1));
    const sign = random() < 0.5 ? -1 : 1;
    for (const launch of run.slice(first, first + length)) {
      yield Object.fromEntries(Object.entries(launch).map(([metric, value]) => [metric, sign * value]));
    }
  }
}

const REQUESTS = 1000;
const CPU_NS = 1e6;
const MALLOCS = 500;
const ALLOC_BYTES = 40_000;

const times = (value: number, logRatio: number | undefined): number | undefined =>
  logRatio === undefined ? undefined : value * Math.exp(logRatio);

const defined = <T extends object>(values: T): { readonly [K in keyof T]?: number } =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: number };

/** In the shape the conductor writes, with a cost of the head that is `effect` (log-ratio) higher. */
const launchFrom = (recorded: RecordedLaunch, index: number, effect: number): Launch => {
  const { cpuNsPerRequest, mallocsPerRequest, allocBytesPerRequest } = recorded;
  const { heapGrowthBytesPerRequest: heap, goroutineGrowthPerRequest: goroutines } = recorded;
  const base = windowOf(defined({ cpuNs: CPU_NS, mallocs: times(MALLOCS, 0), allocBytes: times(ALLOC_BYTES, 0) }));
  const head = windowOf(
    defined({
      cpuNs: times(CPU_NS, cpuNsPerRequest === undefined ? undefined : cpuNsPerRequest + effect),
      mallocs: times(MALLOCS, mallocsPerRequest),
      allocBytes: times(ALLOC_BYTES, allocBytesPerRequest),
    }),
  );
  const still = growthOf({ requests: REQUESTS });
  const grown = {
    ...still,
    liveHeapBytesEnd: still.liveHeapBytesStart + (heap ?? 0) * REQUESTS,
    liveObjectsEnd: still.liveObjectsStart + ((heap ?? 0) * REQUESTS) / 64,
    goroutinesEnd: still.goroutinesStart + (goroutines ?? 0) * REQUESTS,
  };
  const growth = heap === undefined ? { base: null, head: null } : { base: still, head: grown };
  return launchOf(index, [pairOf(base, head)], { growth });
};

export interface ReplayedRun {
  readonly cpu: MetricVerdict | 'open';
  /** Gates that were called regressed or improved. */
  readonly alarms: readonly MetricId[];
  readonly launches: number;
  /** Whether the CPU interval shown holds the true effect. */
  readonly covered: boolean;
}

const scenario = scenarioWith({ latency: null });
const family = familyOf([scenario]);

/** One run as the conductor makes it, launch by launch until every gate is final or the last look is taken. */
const replay = (series: Iterator<RecordedLaunch>, effect: number): ReplayedRun => {
  const launches: Launch[] = [];
  let answer: Look | null = null;
  for (let next: number | null = looksOf(scenario)[0] ?? null; next !== null && !answer?.done; next = answer.nextLook) {
    while (launches.length < next) launches.push(launchFrom(series.next().value, launches.length, effect));
    answer = judgeSoFar(runOf(launches, { scenario }), family);
  }
  const verdicts = answer?.verdicts ?? [];
  const cpu = verdicts.find(({ metric }) => metric === 'cpuNsPerRequest');
  if (!cpu?.ciRatio) throw new Error('no look was taken');
  const truth = Math.expm1(effect);
  return {
    cpu: cpu.verdict,
    alarms: verdicts
      .filter(({ verdict }) => verdict === 'regressed' || verdict === 'improved')
      .map(({ metric }) => metric),
    launches: launches.length,
    covered: cpu.ciRatio[0] <= truth && truth <= cpu.ciRatio[1],
  };
};

export interface ReplayPlan {
  /** True ln(head ÷ base) of CPU. */
  readonly effect: number;
  /** Neighbours drawn together; 1: each launch on its own. */
  readonly block: number;
  readonly runs: number;
  readonly seed: number;
}

export const replayRuns = (recorded: Recorded, { effect, block, runs, seed }: ReplayPlan): readonly ReplayedRun[] => {
  const random = randomFrom(seed);
  return Array.from({ length: runs }, () => replay(drawn(recorded, block, random), effect));
};
