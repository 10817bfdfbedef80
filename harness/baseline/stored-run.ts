/** Which runs are worth keeping, and what of them. */
import { InvalidMeasurementError, UsageError } from '../errors.ts';
import type { Launch, LatencySummary, Pair, RouteWindow, RunFile, ScenarioRun, Window } from '../model/index.ts';

/** A baseline lies in the repository; this is for its `baseline.json`, profiles come on top. */
export const MAX_STORED_BYTES = 300_000;

/** More discarded than this, and the machine was not fit to be remembered. */
const MAX_DISCARDED_RATIO = 0.5;

/** One scenario's part of a run, as a run of its own. */
export const runOfScenario = (run: RunFile, scenario: string): RunFile => ({
  ...run,
  runs: run.runs.filter((part) => part.scenario.name === scenario),
});

/**
 * The run's only scenario. Throws {@link UsageError} when the run is not one scenario of one revision against itself,
 * {@link InvalidMeasurementError} when the measurement is not worth keeping.
 */
export const checkStorable = (run: RunFile): ScenarioRun => {
  const [part, ...others] = run.runs;
  if (part === undefined || others.length > 0) {
    throw new UsageError(
      'BASELINE_NOT_ONE_SCENARIO',
      `A baseline holds one scenario, this run has ${run.runs.length}`,
      'Store each scenario of the run on its own.',
    );
  }
  if (run.base.revision !== run.head.revision) {
    throw new UsageError(
      'BASELINE_TWO_REVISIONS',
      `A baseline is a revision measured against itself, but this run compares ${run.base.label} with ${run.head.label}`,
      'Use `godyno baseline record`.',
    );
  }
  const reason = untrustworthy(part);
  if (reason === null) return part;
  throw new InvalidMeasurementError(
    'BASELINE_UNTRUSTED',
    `Scenario ${part.scenario.name} is not stored as a baseline: ${reason}`,
    'Record it again; what went wrong stands in the report of this run.',
  );
};

const untrustworthy = (part: ScenarioRun): string | null => {
  if (part.invalid !== null) return part.invalid.message;
  if (part.stop === 'invalid') return 'its measurement was invalid';
  const pairs = part.launches.flatMap((launch) => launch.pairs);
  const kept = pairs.filter((pair) => pair.discarded === null);
  if (!kept.some((pair) => pair.phase === 'cost')) return 'it has no valid pair of windows';
  const discarded = pairs.length - kept.length;
  if (discarded > MAX_DISCARDED_RATIO * pairs.length) return `${discarded} of its ${pairs.length} pairs were discarded`;
  return troubleOf(kept.flatMap((pair) => [pair.base, pair.head]));
};

const troubleOf = (windows: readonly Window[]): string | null => {
  const sum = (count: (window: Window) => number): number => windows.reduce((total, one) => total + count(one), 0);
  const planned = sum((window) => window.planned);
  for (const [count, what] of [
    [sum((window) => window.lost), 'were lost'],
    [sum((window) => window.timedOut), 'timed out'],
    [sum((window) => window.failed), 'failed'],
  ] as const) {
    if (count > 0) return `${count} of its ${planned} requests ${what}`;
  }
  return null;
};

const percentilesOnly = (summary: LatencySummary | null): LatencySummary | null =>
  summary === null ? null : { ...summary, histogram: '' };

const withoutRouteHistograms = (route: RouteWindow): RouteWindow => ({
  ...route,
  service: percentilesOnly(route.service),
  response: percentilesOnly(route.response),
  lag: percentilesOnly(route.lag),
});

/** What may be left out of a window, gentlest first: every step keeps the counters and percentiles of whole windows. */
const REDUCTIONS: readonly ((window: Window) => Window)[] = [
  (window) => ({ ...window, routes: window.routes.map(withoutRouteHistograms) }),
  (window) => ({ ...window, service: percentilesOnly(window.service), response: percentilesOnly(window.response) }),
  (window) => ({ ...window, routes: [] }),
];

const mapWindows = (part: ScenarioRun, change: (window: Window) => Window): ScenarioRun => {
  const pair = (one: Pair): Pair => ({ ...one, base: change(one.base), head: change(one.head) });
  const launch = (one: Launch): Launch => ({ ...one, pairs: one.pairs.map(pair) });
  return { ...part, launches: part.launches.map(launch) };
};

/** Profiles and counts lie beside the baseline; rows of data files are in the repository, and the digest covers them. */
const withoutBulk = ({ exact: _exact, ...part }: ScenarioRun): ScenarioRun => ({
  ...part,
  scenario: {
    ...part.scenario,
    load: { ...part.scenario.load, data: part.scenario.load.data && { ...part.scenario.load.data, rows: [] } },
  },
  launches: part.launches.map((launch) => ({
    ...launch,
    sides: {
      base: { ...launch.sides.base, profiles: {} },
      head: { ...launch.sides.head, profiles: {} },
    },
  })),
});

/**
 * What is stored: every window with all its counters and percentiles. Histograms per route are left out; as far as the
 * file would otherwise be too large for a repository, those of whole windows too, and then the routes.
 */
export const leanRun = (run: RunFile): RunFile => {
  let lean: RunFile = { ...run, runs: run.runs.map(withoutBulk) };
  for (const reduce of REDUCTIONS) {
    lean = { ...lean, runs: lean.runs.map((part) => mapWindows(part, reduce)) };
    if (JSON.stringify(lean).length <= MAX_STORED_BYTES) break;
  }
  return lean;
};
