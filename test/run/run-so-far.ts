/** A run as its conductor sees it, for tests of what it does next. */
import type { Look, LookVerdict } from '../../harness/compare/index.ts';
import type { MetricId } from '../../harness/model/index.ts';
import type { RunSoFar } from '../../harness/run/next-step.ts';

export const says = (metric: MetricId, verdict: LookVerdict['verdict']): LookVerdict => ({
  metric,
  verdict,
  estimateRatio: null,
  ciRatio: null,
  unitsNeeded: null,
  units: null,
});

export const lookOf = (changes: Partial<Look> = {}): Look => ({
  launches: 5,
  layouts: 5,
  isLook: false,
  verdicts: [says('cpuNsPerRequest', 'open'), says('mallocsPerRequest', 'unchanged')],
  done: false,
  nextLook: 6,
  firstCpuLook: 8,
  nextLatencyLook: 4,
  suspectGrowth: [],
  latencyFired: false,
  headFails: false,
  ...changes,
});

/** Five launches of a quick service in two minutes, nothing decided about CPU. */
export const usual: RunSoFar = {
  purpose: 'compare',
  exact: 'auto',
  explain: true,
  budgetSeconds: 120,
  secondsLeft: 100,
  lanes: 1,
  stop: null,
  look: lookOf(),
  longestSeconds: 4,
  waitSeconds: 0,
  judgedSeconds: 20,
  judgedTurns: 5,
  couplesPerSecond: 1000,
  latency: true,
  latencyDone: 0,
  latencyLaunchSeconds: 3,
  growthDone: false,
  tellsStuck: false,
  captureDone: false,
  movedLatency: null,
  movedNames: [],
  traceDone: false,
  traces: { mode: 'auto', done: 0 },
  names: { mode: 'auto', count: 1, done: 0, areKnown: false },
  perf: { mode: 'auto', tool: 'unknown', done: 0, isHidden: false },
  routesLaunchSeconds: 4,
  explainedSeconds: 0,
  wantsSamples: false,
  hasSamples: false,
  isNamedExactly: false,
  counting: 'not yet',
  engine: 'instructions',
  exactSeconds: 30,
};
