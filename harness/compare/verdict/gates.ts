/** Which metrics are judged how strictly: the table's defaults, refined by the scenario, widened by how it was run. */
import { UsageError } from '../../errors.ts';
import {
  ALTERNATE_LIMITS,
  METRICS,
  ONE_LAYOUT_LIMITS,
  TIGHT_CPU,
  metricDef,
  type MetricDef,
} from '../../metrics/index.ts';
import {
  METRIC_IDS,
  type BuildInfo,
  type BySide,
  type GateLimit,
  type MetricId,
  type Scenario,
  type ScenarioRun,
} from '../../model/index.ts';
import { EARLY_LOOKS, LOOKS, TIGHT_LOOKS } from '../../stats/index.ts';
import { formatPercent } from '../../units/index.ts';

/** One metric with its limits in this scenario. Absolute limits are in the metric's unit. */
export interface JudgedMetric {
  readonly metric: MetricId;
  readonly gate: boolean;
  /** The scenario names it, so "not judged" is not an answer. */
  readonly required: boolean;
  /** τ and Δ as ratios; null for metrics compared by difference. */
  readonly practicalRatio: number | null;
  readonly equivalentRatio: number | null;
  readonly changedRatio: number | null;
  /** The smallest difference that fails; for metrics compared by difference τ itself. */
  readonly practicalAbsolute: number;
  readonly equivalentAbsolute: number | null;
  /** Why the limits are wider than asked for; null when they are not. */
  readonly widened: string | null;
}

/** How many gates share the run's level, over all its scenarios. */
export interface Family {
  readonly gates: number;
}

const defaults = (metric: MetricId, scenario: Scenario): JudgedMetric => {
  const def = metricDef(metric);
  const tight = metric === 'cpuNsPerRequest' && scenario.measure.tight ? TIGHT_CPU : {};
  const { practicalRatio, equivalentRatio, changedRatio, practicalAbsolute, equivalentAbsolute } = { ...def, ...tight };
  const limits = { practicalRatio, equivalentRatio, changedRatio, practicalAbsolute, equivalentAbsolute };
  return { metric, gate: def.gate && isMeasured(metric, scenario), required: false, ...limits, widened: null };
};

/** A phase that the scenario leaves out cannot be a default gate. */
const isMeasured = (metric: MetricId, scenario: Scenario): boolean => {
  if (metricDef(metric).stage === 'latency') return scenario.load.latency !== null;
  if (metricDef(metric).stage === 'exact') return scenario.measure.exact !== 'off';
  return true;
};

const refuseTooFine = (metric: MetricId, asked: number, finest: number, scenario: Scenario): never => {
  throw new UsageError(
    'GATE_TOO_FINE',
    `${scenario.file}: gates.${metric} asks to fail at +${formatPercent(asked)}; the finest this metric can carry is +${formatPercent(finest)}`,
    `Set it to +${formatPercent(finest)} or more.`,
  );
};

const refineRatio = (judged: JudgedMetric, spec: GateLimit): JudgedMetric => {
  const { failRatio, failAbsolute } = spec;
  if (failRatio === null && failAbsolute === null) return judged;
  // What the scenario says replaces both default limits: +5 % means +5 %, without our floor in the unit.
  return {
    ...judged,
    practicalRatio: failRatio ?? 0,
    equivalentRatio: 2 * (failRatio ?? 0),
    practicalAbsolute: failAbsolute ?? 0,
  };
};

const refineAbsolute = (judged: JudgedMetric, spec: GateLimit): JudgedMetric => {
  const limit = spec.failAbsolute ?? spec.failRatio;
  if (limit === null) return judged;
  return {
    ...judged,
    practicalAbsolute: limit,
    equivalentAbsolute: Math.max(2 * limit, judged.equivalentAbsolute ?? 0),
  };
};

const refine = (judged: JudgedMetric, spec: GateLimit, def: MetricDef, scenario: Scenario): JudgedMetric => {
  if (def.practicalRatio === null) return refineAbsolute(judged, spec);
  if (spec.failRatio !== null && def.finestRatio !== null && spec.failRatio < def.finestRatio) {
    return refuseTooFine(judged.metric, spec.failRatio, def.finestRatio, scenario);
  }
  return refineRatio(judged, spec);
};

/** Whether the sides were built by two versions of Go. */
export const isBuiltByTwo = ({ base, head }: BySide<BuildInfo>): boolean => base.goVersion !== head.goVersion;

const toolchainLimits = ({ gates }: Scenario): readonly (readonly [MetricId, GateLimit | false])[] =>
  METRIC_IDS.flatMap((metric) => {
    const named = gates[metric];
    return typeof named === 'object' && named.toolchain !== undefined ? [[metric, named.toolchain] as const] : [];
  });

/** Metrics whose gate has a limit of its own for changes of Go. */
export const toolchainGates = (scenario: Scenario): readonly MetricId[] =>
  toolchainLimits(scenario).map(([metric]) => metric);

/** The scenario with the limits that hold for these builds: asked before any of them is judged. */
export const withToolchainGates = <R extends Pick<ScenarioRun, 'scenario' | 'builds'>>(run: R): R => {
  const { scenario, builds } = run;
  if (!isBuiltByTwo(builds)) return run;
  const gates = { ...scenario.gates, ...Object.fromEntries(toolchainLimits(scenario)) };
  return { ...run, scenario: { ...scenario, gates } };
};

/** Every metric with the limits of this scenario; `gate` says which of them fail the run. Throws {@link UsageError}. */
export const judgedMetrics = (scenario: Scenario): readonly JudgedMetric[] =>
  METRIC_IDS.map((metric) => {
    const judged = defaults(metric, scenario);
    const named = scenario.gates[metric];
    if (named === undefined) return judged;
    if (named === false) return { ...judged, gate: false };
    const gate = { ...judged, gate: true, required: true };
    return named === true ? gate : refine(gate, named, METRICS[metric], scenario);
  });

/** The metrics whose regression fails this scenario. Throws {@link UsageError} when one is asked to be too fine. */
export const judgedGates = (scenario: Scenario): readonly JudgedMetric[] =>
  judgedMetrics(scenario).filter(({ gate }) => gate);

/** Gates decided by a level; errors and exact instructions have rules of their own. */
const sharesLevel = ({ metric }: JudgedMetric): boolean => {
  const { method } = metricDef(metric);
  return method === 'launches' || method === 'windows' || method === 'growth';
};

/** The family over which the run's level is divided. */
export const familyOf = (scenarios: readonly Scenario[]): Family => ({
  gates: scenarios.reduce((total, scenario) => total + judgedGates(scenario).filter(sharesLevel).length, 0),
});

/** Launches (of CPU: code layouts) at which a verdict may fall. */
export const looksOf = (scenario: Scenario): readonly number[] => (scenario.measure.tight ? TIGHT_LOOKS : LOOKS);

/** Counters that repeat nearly exactly. */
const repeatsExactly = (metric: MetricId): boolean => {
  const { method } = metricDef(metric);
  return method === 'windows' || method === 'growth';
};

/** {@link looksOf} one metric: what repeats nearly exactly need not wait for what does not. */
export const looksAt = (scenario: Scenario, metric: MetricId): readonly number[] =>
  repeatsExactly(metric) ? [...EARLY_LOOKS, ...looksOf(scenario)] : looksOf(scenario);

/** CPU time depends on where the linker put the functions: launches of one layout have that in common. */
export const movesWithLayout = (metric: MetricId): boolean => {
  const { unit } = metricDef(metric);
  return unit === 'ns' || unit === 'ms';
};

/** Metrics that move with code placement and with the order in which the sides ran. */
const isTime = (metric: MetricId): boolean => metric === 'cpuNsPerRequest' || metricDef(metric).stage === 'latency';

const widen = (
  judged: JudgedMetric,
  limits: { readonly practicalRatio: number; readonly equivalentRatio: number },
  reason: string,
): JudgedMetric => {
  if (judged.practicalRatio === null || judged.practicalRatio >= limits.practicalRatio) return judged;
  return {
    ...judged,
    practicalRatio: limits.practicalRatio,
    equivalentRatio: Math.max(limits.equivalentRatio, judged.equivalentRatio ?? 0),
    widened: reason,
  };
};

/** The limits that this run can carry. */
export const limitsIn = (run: ScenarioRun, judged: JudgedMetric): JudgedMetric => {
  if (!isTime(judged.metric)) return judged;
  const { settings, builds } = run;
  if (!builds.base.seededLinks || !builds.head.seededLinks) return widen(judged, ONE_LAYOUT_LIMITS, 'one layout only');
  if (settings.mode === 'alternate') return widen(judged, ALTERNATE_LIMITS, 'sides measured one after the other');
  if (settings.targetCpus.length > 1) return widen(judged, ALTERNATE_LIMITS, 'sides share several CPUs');
  return judged;
};

/** With fewer launches, or all of one layout, there is no verdict on CPU at all. */
export const FEWEST_FOR_CPU = { launches: 4, layouts: 2 } as const;

/**
 * The limits of a run that ended before it had seen the layouts that CPU's first look needs: placement does not average
 * out over so few (0.9 to 1.3 % each), so they are those of one layout (docs/method.md, slow links).
 */
export const limitsOfFewLayouts = (judged: JudgedMetric, seen: string): JudgedMetric =>
  widen(judged, ONE_LAYOUT_LIMITS, seen);
