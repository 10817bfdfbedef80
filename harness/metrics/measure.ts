/** Raw counters → values per request. Everything is undefined, never 0, when it was not measured. */
import {
  METRIC_IDS,
  type Launch,
  type LatencySummary,
  type LaunchSide,
  type MetricId,
  type Pair,
  type Phase,
  type RouteWindow,
  type Side,
  type Window,
} from '../model/index.ts';
import { FEWEST_REQUESTS_FOR_CPU, metricDef, type MetricStage } from './table.ts';

export type Measurements = Partial<Readonly<Record<MetricId, number>>>;

const perRequest = (total: number | undefined, requests: number): number | undefined =>
  total === undefined || requests <= 0 ? undefined : total / requests;

const milliseconds = (summary: LatencySummary | null, quantile: 'p50Us' | 'p90Us' | 'p99Us'): number | undefined =>
  summary && summary.count > 0 ? summary[quantile] / 1000 : undefined;

/** Requests that got no answer or a wrong one. */
export const unansweredOf = (window: Window): number => window.failed + window.lost + window.timedOut;

type WindowReader = (window: Window) => number | undefined;

const WINDOW_READERS: Partial<Readonly<Record<MetricId, WindowReader>>> = {
  cpuNsPerRequest: ({ counters, answered }) =>
    answered < FEWEST_REQUESTS_FOR_CPU ? undefined : perRequest(counters.cpuNs, answered),
  mallocsPerRequest: ({ counters, answered }) => perRequest(counters.mallocs, answered),
  allocBytesPerRequest: ({ counters, answered }) => perRequest(counters.allocBytes, answered),
  mutexWaitNsPerRequest: ({ counters, answered }) =>
    perRequest(counters.requestLockNs ?? counters.mutexWaitNs, answered),
  blockWaitNsPerRequest: ({ counters, answered }) =>
    perRequest(counters.requestBlockNs ?? counters.blockWaitNs, answered),
  latencyP50Ms: ({ response }) => milliseconds(response, 'p50Us'),
  latencyP90Ms: ({ response }) => milliseconds(response, 'p90Us'),
  latencyP99Ms: ({ response }) => milliseconds(response, 'p99Us'),
  errorRatio: (window) => perRequest(unansweredOf(window), window.planned),
};

/** Which phase's windows a stage is read from; null: from the launch as a whole, or not from windows. */
const PHASE_OF = {
  cost: 'cost',
  contention: 'contention',
  latency: 'latency',
  launch: null,
  exact: null,
} as const satisfies Record<MetricStage, Phase | null>;

/** The phase whose windows carry `metric`; null when it is a launch's. */
export const phaseOf = (metric: MetricId): Phase | null => PHASE_OF[metricDef(metric).stage];

/** One metric of one window, in the metric's unit. Says nothing of the phase: the caller picks the right windows. */
export const readWindow = (metric: MetricId, window: Window): number | undefined => WINDOW_READERS[metric]?.(window);

const ROUTE_READERS: Partial<Readonly<Record<MetricId, (route: RouteWindow) => number | undefined>>> = {
  latencyP50Ms: ({ response }) => milliseconds(response, 'p50Us'),
};

/** One metric of the requests of one name in a window, in the metric's unit; undefined for those not kept by name. */
export const readRoute = (metric: MetricId, window: Window, route: string): number | undefined => {
  const found = window.routes.find((each) => each.route === route);
  return found === undefined ? undefined : ROUTE_READERS[metric]?.(found);
};

/** {@link serviceP50Ms} of the requests of one name. */
export const routeServiceP50Ms = (window: Window, route: string): number | undefined =>
  milliseconds(window.routes.find((each) => each.route === route)?.service ?? null, 'p50Us');

/** Median time from sending to the end of the answer, in ms; the couples' own measure of speed. */
export const serviceP50Ms = (window: Window): number | undefined => milliseconds(window.service, 'p50Us');

type LaunchReader = (side: LaunchSide) => number | undefined;

const slope = (start: number, end: number, requests: number): number | undefined => perRequest(end - start, requests);

const LAUNCH_READERS: Partial<Readonly<Record<MetricId, LaunchReader>>> = {
  gcCpuNsPerRequest: ({ growth }) => (growth ? perRequest(growth.gcCpuNs, growth.requests) : undefined),
  gcCyclesPerRequest: ({ growth }) => (growth ? perRequest(growth.gcCycles, growth.requests) : undefined),
  liveHeapBytes: ({ growth }) => growth?.liveHeapBytesEnd,
  goroutines: ({ growth }) => growth?.goroutinesEnd,
  heapGrowthBytesPerRequest: ({ growth }) =>
    growth ? slope(growth.liveHeapBytesStart, growth.liveHeapBytesEnd, growth.requests) : undefined,
  goroutineGrowthPerRequest: ({ growth }) =>
    growth ? slope(growth.goroutinesStart, growth.goroutinesEnd, growth.requests) : undefined,
  peakRssBytes: ({ peakRssBytes }) => peakRssBytes,
};

/** One metric of one side of a launch. */
export const readLaunchSide = (metric: MetricId, side: LaunchSide): number | undefined =>
  LAUNCH_READERS[metric]?.(side);

const collect = (read: (metric: MetricId) => number | undefined): Measurements => {
  const values: Partial<Record<MetricId, number>> = {};
  for (const metric of METRIC_IDS) {
    const value = read(metric);
    if (value !== undefined) values[metric] = value;
  }
  return values;
};

/** Every metric that a window of this phase carries. */
export const measureWindow = (window: Window, phase: Phase): Measurements =>
  collect((metric) => (phaseOf(metric) === phase ? readWindow(metric, window) : undefined));

/** Every metric that one side of a launch carries as a whole. */
export const measureLaunch = (launch: Launch, side: Side): Measurements =>
  collect((metric) => readLaunchSide(metric, launch.sides[side]));

/** Pairs of one phase that count. */
export const countedPairs = (launch: Launch, phase: Phase): readonly Pair[] =>
  launch.pairs.filter((pair) => pair.phase === phase && pair.discarded === null);
