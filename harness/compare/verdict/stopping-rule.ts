/** The stopping rule: what the launches so far decide, and whether more of them would decide more. */
import { countedPairs, FEWEST_REQUESTS_FOR_CPU, metricDef } from '../../metrics/index.ts';
import { type Launch, type MetricId, type MetricVerdict, type ScenarioRun, SIDES } from '../../model/index.ts';
import { metricOutcomeOf, notJudged, type MetricOutcome } from './metric-outcome.ts';
import { failuresOf, isFailing } from './failures.ts';
import { fewLayoutsOutcome } from './few-layouts.ts';
import { judgedGates, limitsIn, looksOf, type Family, type JudgedMetric, withToolchainGates } from './gates.ts';
import { goroutineGrowthOutcome, heapGrowthOutcome, isHeapGrowth, type HeapOutcome } from './growth.ts';
import { judgeSequence } from './judge.ts';
import { hasSlowLatency, nextLatencyLook } from './latency.ts';
import { type Basis, basisOf, type Reading, readingOf, type Units } from './reading.ts';
import { allocatesNothing, launchesOf, launchValues, measuredSides, seriesOf } from './launch-series.ts';

export interface LookVerdict {
  readonly metric: MetricId;
  readonly verdict: MetricVerdict | 'open';
  /** head ÷ base − 1 at the last look; null before the first, and for metrics compared by difference. */
  readonly estimateRatio: number | null;
  readonly ciRatio: readonly [number, number] | null;
  /** Launches (or link seeds) it would take in all; null when decided or unknown. */
  readonly unitsNeeded: number | null;
  /** Launches (or link seeds) at the last look taken; null before the first. */
  readonly units: number | null;
}

export interface Look {
  /** Judged launches so far. */
  readonly launches: number;
  /** Code layouts that they were of, the unfinished one left out. */
  readonly layouts: number;
  /** Whether a verdict may fall at exactly this many. */
  readonly isLook: boolean;
  readonly verdicts: readonly LookVerdict[];
  /** Every gate that judged launches can decide is decided, or no look is left. */
  readonly done: boolean;
  /** Judged launches at the next look; null after the last. */
  readonly nextLook: number | null;
  /** Judged launches at which CPU has its first look; null where it had one, or is no gate that can be judged here. */
  readonly firstCpuLook: number | null;
  /** Launches of the latency phase at its next look; null where it is decided, or more of them would decide nothing. */
  readonly nextLatencyLook: number | null;
  /** Growth metrics that only a growth launch can settle. */
  readonly suspectGrowth: readonly MetricId[];
  /** A latency gate regressed. */
  readonly latencyFired: boolean;
  /** Head fails requests: decided, and no cost of it is worth measuring. */
  readonly headFails: boolean;
}

/** CPU and times mean nothing where the sides and the loader share their CPUs by chance. */
export const unpinnedReason = ({ settings }: ScenarioRun): string | null =>
  settings.pinned ? null : `not pinned to a CPU: ${settings.unpinnedReason ?? 'no permission'}`;

/** Metrics made of CPU time or waiting. */
export const needsPinning = (metric: MetricId): boolean => {
  const { unit } = metricDef(metric);
  return unit === 'ns' || unit === 'ms';
};

const whatIsMissing = (launches: readonly Launch[], metric: MetricId): string | null => {
  const { base, head } = measuredSides(launches, metric);
  if (base && head) return noneCounted(launches, metric);
  const reason = tooFewRequests(launches, metric);
  if (reason !== null) return reason;
  if (base) return 'not measured on head';
  return head ? 'not measured on base' : 'not measured here';
};

/** Nothing on either side is not *unchanged*: net/http takes a dozen for every request. */
const noneCounted = (launches: readonly Launch[], metric: MetricId): string | null => {
  if (metric !== 'mallocsPerRequest' && metric !== 'allocBytesPerRequest') return null;
  const pairs = launches.flatMap((launch) => countedPairs(launch, 'cost'));
  if (SIDES.some((side) => !allocatesNothing(pairs, side))) return null;
  const answered = pairs.reduce((sum, { base, head }) => sum + base.answered + head.answered, 0);
  return `next to no allocations in ${answered} answered requests: the service takes none, or other processes do its work`;
};

/** CPU was counted, but on windows too short to divide it by their requests. */
const tooFewRequests = (launches: readonly Launch[], metric: MetricId): string | null => {
  if (metric !== 'cpuNsPerRequest') return null;
  const pairs = launches.flatMap((launch) => countedPairs(launch, 'cost'));
  const counted = pairs.some(
    ({ base, head }) => base.counters.cpuNs !== undefined && head.counters.cpuNs !== undefined,
  );
  return counted ? `fewer than ${FEWEST_REQUESTS_FOR_CPU} requests per window` : null;
};

const sequenceOutcome = ({ units, looks, levels }: Basis, judged: JudgedMetric): MetricOutcome =>
  metricOutcomeOf(judged, judgeSequence(seriesOf(units, launchValues(judged.metric)), judged, looks, levels), 'judged');

/** What judged launches say of one metric; `suspect`: a growth launch is wanted. */
export const outcomeFromLaunches = (reading: Reading, asked: JudgedMetric): HeapOutcome => {
  const judged = limitsIn(reading.run, asked);
  const { run } = reading;
  const basis = basisOf(reading, judged.metric);
  const { units, looks, levels } = basis;
  const missing = units.length > 0 ? whatIsMissing(units.flat(), judged.metric) : null;
  const unpinned = needsPinning(judged.metric) ? unpinnedReason(run) : null;
  if (isHeapGrowth(judged.metric) && !missing) {
    // Decided once, so the level of all looks is its own.
    const whole = { ...levels, change: levels.change * looks.length };
    return heapGrowthOutcome(run, units, judged, looks, whole);
  }
  const growth = metricDef(judged.metric).method === 'growth';
  const outcome = growth ? goroutineGrowthOutcome(units, judged, looks, levels) : sequenceOutcome(basis, judged);
  const barred = missing ?? unpinned;
  const final = barred === null ? outcome : notJudged(outcome, barred);
  return { outcome: final, suspect: false, withoutGrowthLaunch: final };
};

/** Gates that are decided launch by launch; latency, contention and exact counts are measured once. */
const decidedByLaunches = ({ metric }: JudgedMetric): boolean => {
  const { stage, method } = metricDef(metric);
  return (stage === 'cost' || stage === 'launch') && method !== 'errors';
};

const describe = ({ judged, judgement, verdict }: MetricOutcome): LookVerdict => {
  const ratio = judgement !== null && judgement.scale === 'ratio';
  return {
    metric: judged.metric,
    verdict,
    estimateRatio: ratio ? Math.expm1(judgement.centre) : null,
    ciRatio: ratio ? [Math.expm1(judgement.interval[0]), Math.expm1(judgement.interval[1])] : null,
    unitsNeeded:
      verdict === 'open' && judgement !== null && Number.isFinite(judgement.needed)
        ? Math.ceil((judgement.needed * judgement.units) / judgement.n)
        : null,
    units: judgement?.units ?? null,
  };
};

/** Launches per unit: link seeds that are launched several times over make one unit. */
const launchesPerUnit = (units: Units): number => units[0]?.length ?? 1;

/** Head fails where base does not: the verdict is certain and no cost will be compared. */
const headFails = (run: ScenarioRun, gates: readonly JudgedMetric[]): boolean => {
  const gate = gates.find(({ metric }) => metric === 'errorRatio');
  return gate !== undefined && isFailing(failuresOf(run).head, gate.practicalAbsolute);
};

/** Launches that gave no unit (all pairs discarded) have to be made up for. */
const launchesAt = (run: ScenarioRun, units: Units, wanted: number): number => {
  const judged = launchesOf(run, 'judged').length;
  const perUnit = launchesPerUnit(units);
  const used = units.reduce((total, launches) => total + launches.length, 0);
  return wanted * perUnit + (perUnit === 1 ? judged - used : 0);
};

const nextLookOf = (reading: Reading, { metric }: JudgedMetric): number | null => {
  const { units, looks } = basisOf(reading, metric);
  const next = looks.find((count) => count > units.length);
  return next === undefined ? null : launchesAt(reading.run, units, next);
};

const isAtLook = (reading: Reading, { metric }: JudgedMetric): boolean => {
  const { units, looks } = basisOf(reading, metric);
  return looks.includes(units.length);
};

/** Null where CPU had it, or cannot be judged here at all. */
const firstCpuLook = (reading: Reading, gates: readonly JudgedMetric[]): number | null => {
  const cpu = gates.find(({ metric }) => metric === 'cpuNsPerRequest');
  const [first = 0] = looksOf(reading.run.scenario);
  if (cpu === undefined || reading.layouts.length >= first) return null;
  const { outcome } = outcomeFromLaunches(reading, cpu);
  return outcome.verdict === 'open' ? launchesAt(reading.run, reading.layouts, first) : null;
};

const lookAt = (
  measured: ScenarioRun,
  family: Family,
  read: (reading: Reading, judged: JudgedMetric) => HeapOutcome,
): Look => {
  const run = withToolchainGates(measured);
  const reading = readingOf(run, family);
  const gates = judgedGates(run.scenario);
  const ours = gates.filter(decidedByLaunches);
  const outcomes = ours.map((gate) => read(reading, gate));
  const nextLook = ours
    .flatMap((gate) => nextLookOf(reading, gate) ?? [])
    .reduce<number | null>((least, next) => (least === null ? next : Math.min(least, next)), null);
  const failing = headFails(run, gates);
  const settled = outcomes.every(({ outcome, suspect }) => outcome.verdict !== 'open' || suspect);
  const [first = 0] = looksOf(run.scenario);
  return {
    launches: launchesOf(run, 'judged').length,
    layouts: reading.layouts.length,
    isLook: ours.some((gate) => isAtLook(reading, gate)),
    verdicts: outcomes.map(({ outcome }) => describe(outcome)),
    done: nextLook === null || failing || (settled && reading.launches.length >= first),
    nextLook,
    firstCpuLook: firstCpuLook(reading, ours),
    nextLatencyLook: nextLatencyLook(reading, gates),
    suspectGrowth: outcomes.flatMap(({ outcome, suspect }) => (suspect ? [outcome.judged.metric] : [])),
    latencyFired: hasSlowLatency(reading, gates),
    headFails: failing,
  };
};

/**
 * What the judged launches so far decide. Pure: looks are replayed over prefixes, so asking twice, late or between
 * looks changes nothing. Throws {@link UsageError} when the scenario's gates are finer than their metrics can carry.
 */
export const judgeSoFar = (run: ScenarioRun, family: Family): Look => lookAt(run, family, outcomeFromLaunches);

/** {@link judgeSoFar} once no judged launch will follow: CPU is then judged over the layouts there are. */
export const judgeAtEnd = (run: ScenarioRun, family: Family): Look =>
  lookAt(run, family, (reading, judged) => {
    const found = outcomeFromLaunches(reading, judged);
    const few = found.outcome.verdict === 'open' ? fewLayoutsOutcome(reading, judged) : null;
    return few === null ? found : { outcome: few, suspect: false, withoutGrowthLaunch: few };
  });
