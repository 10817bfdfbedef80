/** A run made by hand: counters chosen so that every value per request can be checked by head. */
import type {
  Launch,
  LatencySummary,
  Pair,
  Phase,
  RunFile,
  ScenarioRun,
  Stage,
  Window,
} from '../../harness/model/index.ts';
import { buildOf } from './builds.ts';
import { scenarioOf } from './comparisons.ts';
import { scenarioWith } from './scenarios.ts';

const latency = (p50Us: number): LatencySummary => ({
  count: 1000,
  meanUs: p50Us * 1.1,
  p50Us,
  p90Us: p50Us * 2,
  p99Us: p50Us * 4,
  maxUs: p50Us * 6,
  histogram: '',
});

/** 1,000 answered requests at `cpuUs` each. */
export const windowOf = (cpuUs: number, rest: Partial<Window> = {}): Window => ({
  planned: 1000,
  answered: 1000,
  lost: 0,
  timedOut: 0,
  failed: 0,
  failedStatus: {},
  counters: { cpuNs: cpuUs * 1000 * 1000, mallocs: 412_000, allocBytes: 38_120_000 },
  service: latency(cpuUs * 1.5),
  response: null,
  routes: [],
  ...rest,
});

export const pairOf = (
  index: number,
  phase: Phase,
  base: Window,
  head: Window,
  discarded: string | null = null,
): Pair => ({
  index,
  phase,
  discarded,
  wallSeconds: 0.5,
  host: {},
  loader: { eventLoopRatio: 0.4, cpuNs: 1e8 },
  base,
  head,
});

const side = { pid: 1, growth: null, profiles: {}, profiled: { requests: 0 } };

export const launchOf = (index: number, stage: Stage, pairs: readonly Pair[]): Launch => ({
  index,
  stage,
  linkSeed: index + 100,
  firstSide: index % 2 === 0 ? 'base' : 'head',
  startSeconds: 0.2,
  warmup: { seconds: 1.2, requests: 1000, gcCycles: { base: 2, head: 2 } },
  wallSeconds: 3,
  pairs,
  sides: { base: side, head: side },
});

/** A launch of `index`: base drifts a little, head costs 2 % more; every third has a discarded pair. */
const judgedLaunch = (index: number): Launch => {
  const base = 800 + ((index * 37) % 23);
  return launchOf(index, 'judged', [
    pairOf(0, 'cost', windowOf(base), windowOf(base * 1.02 + ((index * 13) % 7))),
    pairOf(1, 'cost', windowOf(base + 4), windowOf((base + 4) * 1.02)),
    pairOf(2, 'cost', windowOf(base + 9), windowOf((base + 9) * 1.02), index % 3 === 0 ? 'steal 31 %' : null),
  ]);
};

const latencyLaunch = (index: number): Launch =>
  launchOf(index, 'latency', [
    pairOf(0, 'latency', windowOf(800, { response: latency(2_100) }), windowOf(810, { response: latency(2_150) })),
  ]);

const build = buildOf(
  'go1.26.0',
  {},
  {
    importPath: 'example.com/demo',
    modulePath: 'example.com/demo',
    moduleDir: '/src/demo',
  },
);

export const scenarioRunOf = (name: string, launches: readonly Launch[]): ScenarioRun => ({
  scenario: scenarioWith({ name, file: `scenarios/${name}.yml`, digest: '00', target: { package: '.' } }),
  settings: scenarioOf(name, 'unchanged').settings,
  builds: { base: build, head: build },
  launches,
  timing: { buildSeconds: 9, measureSeconds: 41, judgedSeconds: 20, linkWaitSeconds: 0 },
  stop: 'decided',
  invalid: null,
  notes: [],
});

export const runFileOf = (runs: readonly ScenarioRun[]): RunFile => ({
  schemaVersion: 1,
  godynoVersion: '0.1.0',
  createdAt: '2026-01-01T00:00:00Z',
  seed: 7,
  base: { revision: '3f2a9c51d04be87766554433221100ffeeddccbb', label: 'main', kind: 'git' },
  head: { revision: 'b81e07d2c9aa55443322110099887766f5e4d3c2', label: 'faster-json', kind: 'git' },
  environment: scenarioOf('demo', 'unchanged').environment,
  diff: [],
  moduleChanges: [],
  runs,
});

export const RUN: RunFile = runFileOf([
  scenarioRunOf('demo', [
    ...Array.from({ length: 10 }, (_, index) => judgedLaunch(index)),
    ...Array.from({ length: 4 }, (_, index) => latencyLaunch(index + 10)),
  ]),
]);
