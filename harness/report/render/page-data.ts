/** What the page's script gets: figures only, under short keys, embedded as JSON. Built here, read by `page/`. */
import type {
  Comparison,
  FunctionComparison,
  LatencySummary,
  MetricId,
  MetricUnit,
  RunFile,
  ScenarioComparison,
  ScenarioRun,
} from '../../model/index.ts';
import { METRIC_IDS, SIDES } from '../../model/index.ts';
import { measureWindow, metricDef, profileKind, witnessesOf } from '../../metrics/index.ts';
import { isRuntime } from '../../profile/index.ts';
import { isOnlyNoise } from '../../units/index.ts';
import { impactText } from '../words/amounts.ts';
import { visibleText } from '../text/escape.ts';
import { byWeight, isChanged } from '../words/metric-row.ts';
import { worstFirst } from '../words/sentence.ts';
import { type StackSource, stackTree } from './stacks.ts';

export interface PageData {
  readonly flames: readonly FlameData[];
  readonly scenarios: readonly ScenarioPlots[];
  /** What is shown first, as places in the choosers' lists: the profile and the pairs of the metric that decided. */
  readonly opens: { readonly flame: number; readonly plot: number };
}

/** A stack tree with both sides' own values per request; node 0 is the root, parents come before children. */
export interface FlameData {
  readonly scenario: string;
  readonly title: string;
  readonly unit: MetricUnit;
  readonly perRequest: boolean;
  readonly names: readonly string[];
  readonly parent: readonly number[];
  readonly name: readonly number[];
  readonly base: readonly number[];
  readonly head: readonly number[];
  /** Ids of names whose own cost is their caller's: the runtime works for somebody. */
  readonly charged: readonly number[];
  /** name → the comparison's effect with interval, where it has one. */
  readonly impacts: Readonly<Record<string, string>>;
}

export interface ScenarioPlots {
  readonly scenario: string;
  readonly metrics: readonly MetricPlot[];
  readonly latency: LatencyPlot | null;
}

export interface MetricPlot {
  readonly metric: MetricId;
  readonly label: string;
  readonly unit: MetricUnit;
  readonly points: readonly PlotPoint[];
  /** The comparison's ratio with its interval, drawn as a band; null for differences and for mere noise. */
  readonly effect: readonly [estimate: number, low: number, high: number] | null;
}

/** One pair. */
export interface PlotPoint {
  readonly launch: number;
  readonly base: number;
  readonly head: number;
  readonly discarded: string | null;
}

export interface LatencyPlot {
  /** Where the times begin: planned (open model) or sent (couples). */
  readonly kind: 'response' | 'service';
  /** HdrHistogram V2, compressed, base64, µs. */
  readonly base: readonly string[];
  readonly head: readonly string[];
}

/** A profile of both sides, scaled to one request by the caller (share × exact total, docs/method.md). */
export interface ProfilePair {
  readonly scenario: string;
  /** Shown in the list of profiles, e.g. `CPU`. */
  readonly title: string;
  /** Which function rows belong to it; null: none are compared. */
  readonly compared: FunctionComparison['profile'] | null;
  readonly unit: MetricUnit;
  /** False for snapshots (live heap, goroutines), whose values are as they are. */
  readonly perRequest: boolean;
  readonly base: StackSource;
  readonly head: StackSource;
}

/** Six digits are more than any profile knows, and a third of the bytes. */
const short = (value: number): number => Number(value.toPrecision(6));

/** Told by where goroutines wait, which is in the runtime. */
const isWaiting = ({ compared }: ProfilePair): boolean =>
  compared !== null && profileKind(compared).charged === 'library';

const flameData = (pair: ProfilePair, comparison: Comparison): FlameData => {
  const tree = stackTree([pair.base, pair.head]);
  const rows = comparison.scenarios
    .filter((scenario) => scenario.scenario === pair.scenario)
    .flatMap((scenario) => scenario.functions.filter((row) => row.profile === pair.compared));
  return {
    scenario: visibleText(pair.scenario),
    title: visibleText(pair.title),
    unit: pair.unit,
    perRequest: pair.perRequest,
    names: tree.names.map(visibleText),
    parent: tree.parent,
    name: tree.name,
    base: (tree.self[0] ?? []).map(short),
    head: (tree.self[1] ?? []).map(short),
    charged: isWaiting(pair) ? [] : tree.names.flatMap((name, id) => (id > 0 && isRuntime(name) ? [id] : [])),
    impacts: Object.fromEntries(rows.map((row) => [visibleText(row.function), impactText(row)])),
  };
};

const pairPoints = (run: ScenarioRun, metric: MetricId): readonly PlotPoint[] =>
  run.launches
    .filter((launch) => launch.stage === 'judged' || launch.stage === 'latency')
    .flatMap((launch) =>
      launch.pairs.flatMap((pair) => {
        const base = measureWindow(pair.base, pair.phase)[metric];
        const head = measureWindow(pair.head, pair.phase)[metric];
        const discarded = pair.discarded === null ? null : visibleText(pair.discarded);
        return base === undefined || head === undefined ? [] : [{ launch: launch.index, base, head, discarded }];
      }),
    );

const effectOf = (scenario: ScenarioComparison, metric: MetricId): MetricPlot['effect'] => {
  const found = scenario.metrics.find((one) => one.metric === metric);
  if (found === undefined || found.effectRatio === null || found.ciRatio === null || isOnlyNoise(found.ciRatio))
    return null;
  return [found.effectRatio, ...found.ciRatio];
};

const metricPlots = (scenario: ScenarioComparison, run: ScenarioRun): readonly MetricPlot[] =>
  METRIC_IDS.flatMap((metric) => {
    const points = pairPoints(run, metric);
    const { label, unit } = metricDef(metric);
    return points.length === 0 ? [] : [{ metric, label, unit, points, effect: effectOf(scenario, metric) }];
  });

/** More add nothing to a curve and much to the file. */
const MOST_HISTOGRAMS = 60;

const latencyPlot = (run: ScenarioRun): LatencyPlot | null => {
  const pairs = run.launches.flatMap((launch) => launch.pairs).filter((pair) => pair.discarded === null);
  const open = pairs.filter((pair) => pair.phase === 'latency');
  const kind = open.length > 0 ? 'response' : 'service';
  const used = open.length > 0 ? open : pairs.filter((pair) => pair.phase === 'cost');
  const [base, head] = SIDES.map((side) =>
    used
      .map((pair): LatencySummary | null => pair[side][kind])
      .flatMap((summary) => (summary === null || summary.histogram === '' ? [] : [summary.histogram]))
      .slice(0, MOST_HISTOGRAMS),
  );
  return base === undefined || head === undefined || base.length === 0 || head.length === 0
    ? null
    : { kind, base, head };
};

const scenarioPlots = (scenario: ScenarioComparison, run: RunFile | undefined): ScenarioPlots => {
  const own = run?.runs.find((one) => one.scenario.name === scenario.scenario);
  return {
    scenario: visibleText(scenario.scenario),
    metrics: own === undefined ? [] : metricPlots(scenario, own),
    latency: own === undefined ? null : latencyPlot(own),
  };
};

/** The scenario that comes first in the report, and the metric that comes first in its table of what changed. */
const decided = ({ scenarios }: Comparison): { readonly scenario: string; readonly metric: MetricId } | null => {
  const [worst] = worstFirst(scenarios);
  const first = worst?.metrics.toSorted(byWeight).find(isChanged);
  return worst === undefined || first === undefined ? null : { scenario: worst.scenario, metric: first.metric };
};

/** 0, the first of its list, where nothing fits. */
const opensOn = (
  comparison: Comparison,
  profiles: readonly ProfilePair[],
  plots: readonly ScenarioPlots[],
): PageData['opens'] => {
  const found = decided(comparison);
  if (found === null) return { flame: 0, plot: 0 };
  const witnesses = witnessesOf(found.metric);
  const flame = witnesses
    .map((witness) =>
      profiles.findIndex(({ scenario, compared }) => scenario === found.scenario && compared === witness),
    )
    .find((place) => place >= 0);
  const plot = plots
    .flatMap(({ scenario, metrics }) => metrics.map(({ metric }) => ({ scenario, metric })))
    .findIndex(({ scenario, metric }) => scenario === visibleText(found.scenario) && metric === found.metric);
  return { flame: flame ?? 0, plot: Math.max(0, plot) };
};

/** Everything the script draws. */
export const pageData = (
  comparison: Comparison,
  run: RunFile | undefined,
  profiles: readonly ProfilePair[],
): PageData => {
  const scenarios = comparison.scenarios.map((scenario) => scenarioPlots(scenario, run));
  return {
    flames: profiles.map((pair) => flameData(pair, comparison)),
    scenarios,
    opens: opensOn(comparison, profiles, scenarios),
  };
};

/**
 * JSON that may stand inside a script element: no `<` can end it or open a comment, and U+2028/9 are line ends to older
 * parsers.
 */
export const embedJson = (value: unknown): string =>
  JSON.stringify(value).replaceAll('<', '\\u003c').replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
