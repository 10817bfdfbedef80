/** Runs made of numbers that a test chooses, in the shape the conductor writes. Nothing here is measured. */
import type {
  BySide,
  Growth,
  Launch,
  LatencySummary,
  Pair,
  Phase,
  RunFile,
  ScenarioRun,
  Stage,
  Window,
  WindowCounters,
} from '../../harness/model/index.ts';
import { buildOf } from './builds.ts';
import { environment, settings } from './settings.ts';
import { scenarioWith } from './scenarios.ts';

const build = buildOf('go1.26.8', {}, { package: './cmd/demo', importPath: 'example.com/demo/cmd/demo' });

const REQUESTS = 200;

export const latencyOf = (p50Us: number): LatencySummary => ({
  count: REQUESTS,
  meanUs: p50Us,
  p50Us,
  p90Us: p50Us * 2,
  p99Us: p50Us * 4,
  maxUs: p50Us * 8,
  histogram: '',
});

/** Counters are given per request, as a test thinks of them. */
export type PerRequest = { readonly [K in keyof WindowCounters]?: number };

export const windowOf = (perRequest: PerRequest, changes: Partial<Window> = {}): Window => ({
  planned: REQUESTS,
  answered: REQUESTS,
  lost: 0,
  timedOut: 0,
  failed: 0,
  failedStatus: {},
  counters: Object.fromEntries(Object.entries(perRequest).map(([name, value]) => [name, (value ?? 0) * REQUESTS])),
  service: null,
  response: null,
  routes: [],
  ...changes,
});

export const pairOf = (base: Window, head: Window, changes: Partial<Pair> = {}): Pair => ({
  index: 0,
  phase: 'cost' satisfies Phase,
  discarded: null,
  wallSeconds: 0.5,
  host: {},
  loader: { eventLoopRatio: 0.3, cpuNs: 1e8 },
  base,
  head,
  ...changes,
});

export const growthOf = (changes: Partial<Growth> = {}): Growth => ({
  requests: 1000,
  liveHeapBytesStart: 5e6,
  liveHeapBytesEnd: 5e6,
  liveObjectsStart: 2e4,
  liveObjectsEnd: 2e4,
  goroutinesStart: 10,
  goroutinesEnd: 10,
  ...changes,
});

export const launchOf = (
  index: number,
  pairs: readonly Pair[],
  changes: {
    readonly stage?: Stage;
    readonly linkSeed?: number | null;
    readonly growth?: BySide<Growth | null>;
  } = {},
): Launch => {
  const side = (growth: Growth | null) => ({ pid: 1, growth, profiles: {}, profiled: { requests: 0 } });
  return {
    index,
    stage: changes.stage ?? 'judged',
    linkSeed: changes.linkSeed === undefined ? 1000 + index : changes.linkSeed,
    firstSide: 'base',
    startSeconds: 0,
    warmup: { seconds: 1.2, requests: 100, gcCycles: { base: 2, head: 2 } },
    wallSeconds: 3,
    pairs,
    sides: { base: side(changes.growth?.base ?? null), head: side(changes.growth?.head ?? null) },
  };
};

export const runOf = (launches: readonly Launch[], changes: Partial<ScenarioRun> = {}): ScenarioRun => ({
  scenario: scenarioWith({}),
  settings,
  builds: { base: build, head: build },
  launches,
  timing: { buildSeconds: 10, measureSeconds: 30, judgedSeconds: 15, linkWaitSeconds: 0 },
  stop: 'decided',
  invalid: null,
  notes: [],
  ...changes,
});

export const unseededBuilds: ScenarioRun['builds'] = (() => {
  const unseeded = { ...build, seededLinks: false, unseededReason: 'Go 1.22 has no -randlayout' };
  return { base: unseeded, head: unseeded };
})();

export const fileOf = (runs: readonly ScenarioRun[], changes: Partial<RunFile> = {}): RunFile => ({
  schemaVersion: 1,
  godynoVersion: '0.1.0',
  createdAt: '2026-01-01T00:00:00Z',
  seed: 1,
  base: { revision: 'b'.repeat(40), label: 'main', kind: 'git' },
  head: { revision: 'a'.repeat(40), label: 'topic', kind: 'git' },
  environment,
  diff: [],
  moduleChanges: [],
  runs,
  ...changes,
});

/** Base and head exchanged everywhere: what the mirrored measurement would have recorded. */
export const mirrored = (run: ScenarioRun): ScenarioRun => ({
  ...run,
  builds: { base: run.builds.head, head: run.builds.base },
  launches: run.launches.map((launch) => ({
    ...launch,
    sides: { base: launch.sides.head, head: launch.sides.base },
    pairs: launch.pairs.map((pair) => ({ ...pair, base: pair.head, head: pair.base })),
  })),
});

/** One launch per log-ratio, one window each, where head costs e^ratio times base's millisecond of CPU. */
export const cpuRun = (logRatios: readonly number[], changes: Partial<ScenarioRun> = {}): ScenarioRun =>
  runOf(
    logRatios.map((ratio, index) =>
      launchOf(index, [pairOf(windowOf({ cpuNs: 1e6 }), windowOf({ cpuNs: 1e6 * Math.exp(ratio) }))]),
    ),
    changes,
  );
