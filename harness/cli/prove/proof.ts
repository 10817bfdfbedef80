/** Whether a planted fault was found: caught by a gate, named by the report, and how soon. Pure. */
import { metricDef } from '../../metrics/index.ts';
import type { Comparison, MetricComparison, MetricId, RunVerdict, ScenarioComparison } from '../../model/index.ts';
import type { FaultKind } from '../../plant/index.ts';
import type { RunProgress } from '../../run/index.ts';
import {
  formatDuration,
  formatPercentRange,
  formatSignedPercent,
  formatSignedQuantity,
  isOnlyNoise,
  TOO_NOISY,
} from '../../units/index.ts';
import { WATCHED_BY } from './sizes.ts';

/** `first`: the culprit of the verdict sentence; `listed`: among the functions of the report. */
export type NamedWhere = 'first' | 'listed' | 'no' | 'not possible';

export interface Proof {
  readonly scenario: string;
  readonly fault: FaultKind;
  /** Share of CPU or allocations, nanoseconds per request, objects or goroutines per request. */
  readonly size: number;
  readonly function: string;
  readonly callsPerRequest: number;
  readonly caught: boolean;
  /** Gates that failed because of it. */
  readonly by: readonly MetricId[];
  readonly named: NamedWhere;
  readonly passed: boolean;
  /** Of the gate that caught it, after the builds; null when none did. */
  readonly secondsToVerdict: number | null;
  readonly measuredSeconds: number;
  readonly metric: MetricId | null;
  readonly effectRatio: number | null;
  readonly ciRatio: readonly [number, number] | null;
  readonly effectAbsolute: number | null;
  readonly verdict: RunVerdict;
  /** Seconds that a verdict on it would have taken, where the time did not hold one; null where it did. */
  readonly needsSeconds: number | null;
  /** Why it was missed, or named late; null when all is well. */
  readonly why: string | null;
}

/**
 * Profiles show who computes, allocates, and waits for locks and channels. Who sleeps is told by a trace only, for which
 * there may be no time. Of leaks they show more than they must: the planted goroutine waits in a function of its own, and
 * who keeps memory takes a growth launch.
 */
const NAMEABLE: Readonly<Record<FaultKind, boolean>> = {
  cpu: true,
  alloc: true,
  lock: true,
  block: true,
  sleep: false,
  'leak-heap': false,
  'leak-goroutine': false,
};

export interface ProofRequest {
  readonly fault: FaultKind;
  readonly size: number;
  readonly function: string;
  /** What profiles may call it: inlined copies of a closure have names of their own. */
  readonly names: readonly string[];
  readonly callsPerRequest: number;
  readonly comparison: Comparison;
  /** Looks of the run in their order. */
  readonly looks: readonly Extract<RunProgress, { kind: 'look' }>[];
}

const namedIn = (scenario: ScenarioComparison, names: readonly string[]): NamedWhere => {
  const culprit = scenario.attribution?.culprit ?? null;
  if (culprit !== null && names.includes(culprit)) return 'first';
  const rows = scenario.functions.filter((row) => names.includes(row.function));
  return rows.some(({ kind }) => kind === 'regressed' || kind === 'new') ? 'listed' : 'no';
};

const whyMissed = (fault: FaultKind, scenario: ScenarioComparison, rows: readonly MetricComparison[]): string => {
  if (scenario.verdict === 'invalid') return `the run was invalid: ${scenario.reason ?? 'no reason given'}`;
  const gates = rows.filter(({ gate }) => gate);
  if (gates.length === 0) {
    const labels = WATCHED_BY[fault].map((metric) => metricDef(metric).label).join(', ');
    return `no gate of this scenario watches it (${labels})`;
  }
  return gates
    .map(
      ({ metric, verdict, reason }) => `${metricDef(metric).label} ${verdict}${reason === null ? '' : ` (${reason})`}`,
    )
    .join('; ');
};

const whyOpen = (seconds: number, ...rest: Parameters<typeof whyMissed>): string =>
  `not enough time: needs about ${formatDuration(Math.ceil(seconds / 30) * 30)} for this fault (${whyMissed(...rest)})`;

/** Launches at which CPU has its first look (docs/method.md). */
const FIRST_LOOK = 8;

/** More time would have decided it: open, or judged only with the limits of the few launches there were. */
const lacksTime = ({ gate, verdict, reason }: MetricComparison): boolean =>
  gate && (verdict === 'inconclusive' || verdict === 'notJudged' || (verdict === 'unchanged' && reason !== null));

/** null: the run had its time, or could not have judged it in any. */
const secondsNeeded = (scenario: ScenarioComparison, rows: readonly MetricComparison[]): number | null => {
  const { stop, settings, durationSeconds, launches } = scenario;
  const undecided = rows.filter(lacksTime);
  if (stop !== 'budget' || scenario.verdict === 'invalid' || !settings.pinned || undecided.length === 0) return null;
  const times = undecided.map(({ unitsNeeded, decidedBy }) =>
    unitsNeeded !== null && decidedBy !== null ? unitsNeeded / decidedBy.n : FIRST_LOOK / Math.max(1, launches),
  );
  // What was begun and cut short takes at least half as long again.
  return durationSeconds * Math.max(1.5, Math.min(...times));
};

const firstSeen = (looks: ProofRequest['looks'], by: readonly MetricId[]): number | null =>
  looks.find(({ gates }) => gates.some(({ metric, verdict }) => by.includes(metric) && verdict === 'regressed'))
    ?.seconds ?? null;

/** Throws nothing; a comparison without the scenario proves nothing and counts as missed. */
export const proofOf = (request: ProofRequest): Proof | null => {
  const { fault, comparison, looks, function: name } = request;
  const [scenario] = comparison.scenarios;
  if (scenario === undefined) return null;
  const rows = WATCHED_BY[fault].flatMap((id) => scenario.metrics.find(({ metric }) => metric === id) ?? []);
  const failed = rows.filter(({ gate, verdict }) => gate && verdict === 'regressed');
  const by = failed.map(({ metric }) => metric);
  const caught = failed.length > 0;
  const found = namedIn(scenario, request.names);
  const named = found === 'no' && !NAMEABLE[fault] ? 'not possible' : found;
  const shown = failed[0] ?? rows[0];
  const culprit = scenario.attribution?.culprit ?? null;
  const needsSeconds = caught ? null : secondsNeeded(scenario, rows);
  const missed =
    needsSeconds === null ? whyMissed(fault, scenario, rows) : whyOpen(needsSeconds, fault, scenario, rows);
  const unnamed = named === 'no' ? `the report names ${culprit ?? 'no function'}` : null;
  return {
    scenario: scenario.scenario,
    fault,
    size: request.size,
    function: name,
    callsPerRequest: request.callsPerRequest,
    caught,
    by,
    named,
    passed: caught && named !== 'no',
    secondsToVerdict: caught ? (firstSeen(looks, by) ?? scenario.durationSeconds) : null,
    measuredSeconds: scenario.durationSeconds,
    metric: shown?.metric ?? null,
    effectRatio: shown?.effectRatio ?? null,
    ciRatio: shown?.ciRatio ?? null,
    effectAbsolute: shown?.effectAbsolute ?? null,
    verdict: scenario.verdict,
    needsSeconds,
    why: caught ? unnamed : missed,
  };
};

export const describeEffect = ({ metric, effectRatio, ciRatio, effectAbsolute }: Proof): string => {
  if (metric === null) return '–';
  const { label, unit } = metricDef(metric);
  if (ciRatio !== null && isOnlyNoise(ciRatio)) return `${label} ${TOO_NOISY}`;
  if (effectRatio !== null) {
    const interval = ciRatio === null ? '' : ` (${formatPercentRange(ciRatio)})`;
    return `${label} ${formatSignedPercent(effectRatio)}${interval}`;
  }
  return effectAbsolute === null ? `${label} not measured` : `${label} ${formatSignedQuantity(effectAbsolute, unit)}`;
};
