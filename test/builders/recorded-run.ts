import type { Launch, LatencySummary, Pair, RunFile, ScenarioRun, Window } from '../../harness/model/index.ts';
import { buildOf } from './builds.ts';
import { scenarioWith } from './scenarios.ts';
import { environment, settings } from './settings.ts';

/** As long as a real histogram of a half-second window. */
const summary = (count: number): LatencySummary => ({
  count,
  meanUs: 800.5,
  p50Us: 790,
  p90Us: 1000,
  p99Us: 1500,
  maxUs: 4000,
  histogram: 'H'.repeat(700),
});

const sampleWindow = (mallocs: number): Window => ({
  planned: 300,
  answered: 300,
  lost: 0,
  timedOut: 0,
  failed: 0,
  failedStatus: {},
  counters: { cpuNs: 250_000_000, mallocs, allocBytes: 4_000_000 },
  service: summary(300),
  response: null,
  routes: ['list', 'search', 'render'].map((route) => ({
    route,
    answered: 100,
    service: summary(100),
    response: null,
    lag: null,
  })),
});

export const samplePair = (index: number, change: Partial<Pair> = {}): Pair => ({
  index,
  phase: 'cost',
  discarded: null,
  wallSeconds: 0.5,
  host: {},
  loader: { eventLoopRatio: 0.2, cpuNs: 1e8 },
  base: sampleWindow(80_000 + index),
  head: sampleWindow(80_100 + index),
  ...change,
});

const sampleLaunch = (index: number): Launch => ({
  index,
  stage: 'judged',
  linkSeed: index,
  firstSide: 'base',
  startSeconds: 0.2,
  warmup: { seconds: 1.2, requests: 700, gcCycles: { base: 3, head: 3 } },
  wallSeconds: 3,
  pairs: [0, 1, 2].map((pair) => samplePair(pair)),
  sides: {
    base: { pid: 100, growth: null, profiles: {}, profiled: { requests: 900 } },
    head: {
      pid: 101,
      growth: null,
      profiles: { cpu: { file: 'profiles/demo/head/launch-0/cpu.pb.gz', before: null, requests: 900 } },
      profiled: { requests: 900 },
    },
  },
});

export const COMMIT = 'c0ffee'.padEnd(40, '0');
export const FINGERPRINT = '0123456789abcdef';

export interface SampleChange {
  readonly scenario?: string;
  readonly digest?: string;
  readonly revision?: string;
  readonly createdAt?: string;
  readonly fingerprint?: string;
  readonly launches?: number;
  readonly part?: Partial<ScenarioRun>;
}

/** A run of one scenario, a commit against itself. */
export const sampleRun = (change: SampleChange = {}): RunFile => {
  const revision = { revision: change.revision ?? COMMIT, label: 'main', kind: 'git' } as const;
  const build = buildOf(
    'go1.26.8',
    {},
    {
      package: './cmd/demo',
      importPath: 'example.com/demo/cmd/demo',
      modulePath: 'example.com/demo',
      moduleDir: '/src/demo',
      binaryBytes: 9_000_000,
      linkSeconds: [2],
    },
  );
  const part: ScenarioRun = {
    scenario: scenarioWith({
      name: change.scenario ?? 'demo',
      digest: change.digest ?? 'd1',
      target: { ready: { method: 'GET', path: '/healthz', timeoutSeconds: 10 } },
      load: { data: { file: 'items.csv', columns: ['id'], rows: [['1'], ['2']] }, timeoutSeconds: 5 },
    }),
    settings,
    builds: { base: build, head: build },
    launches: Array.from({ length: change.launches ?? 8 }, (_, index) => sampleLaunch(index)),
    timing: { buildSeconds: 5, measureSeconds: 30, judgedSeconds: 15, linkWaitSeconds: 0 },
    stop: 'recorded',
    invalid: null,
    notes: [],
    ...change.part,
  };
  return {
    schemaVersion: 1,
    godynoVersion: '0.1.0',
    createdAt: change.createdAt ?? '2026-09-01T10:00:00.000Z',
    seed: 1,
    base: revision,
    head: revision,
    environment: { ...environment, fingerprint: change.fingerprint ?? FINGERPRINT },
    diff: [],
    moduleChanges: [],
    runs: [part],
  };
};
