/**
 * Whole simulated runs with every default gate, taken through the conductor's steps by the shipped code: launches until
 * the stopping rule is satisfied, a growth launch where one is asked for, latency launches, then the comparison.
 *
 * Noise of the counters: the spreads measured on real services (docs/method.md); heap snapshots are an assumption.
 */
import { compareRun, familyOf, judgeAtEnd, judgeSoFar } from '../../harness/compare/index.ts';
import type { Comparison, Growth, Launch, ScenarioRun, Window } from '../../harness/model/index.ts';
import { normalDeviates, randomFrom, type RandomSource } from '../../harness/stats/index.ts';
import { fileOf, growthOf, latencyOf, launchOf, pairOf, runOf, windowOf } from '../builders/synthetic-run.ts';
import { scenarioWith } from '../builders/scenarios.ts';

/** sd of log-ratios, as ratios. */
const NOISE = {
  window: 0.008,
  launch: 0.005,
  layout: 0.009,
  mallocs: 1e-4,
  allocBytes: 7e-4,
  latency: 0.05,
  latencyLaunch: 0.035,
  wait: 0.2,
};
/** sd of one heap snapshot. */
const SNAPSHOT_BYTES = 2000;
const SHORT_REQUESTS = 650;
const LONG_REQUESTS = 10_000;

/** What head does more than base; 0 is no change. Ratios, and per request for growth. */
export interface Fault {
  readonly cpu: number;
  readonly mallocs: number;
  readonly latency: number;
  readonly heapBytes: number;
  readonly goroutines: number;
}

export const NO_FAULT: Fault = { cpu: 0, mallocs: 0, latency: 0, heapBytes: 0, goroutines: 0 };

interface Sides {
  readonly base: Window;
  readonly head: Window;
}

const costPair = (normal: RandomSource, fault: Fault, launchRatio: number): Sides => {
  const side = (cpu: number, mallocs: number, latency: number): Window =>
    windowOf(
      {
        cpuNs: 1e6 * cpu * Math.exp((NOISE.window / Math.SQRT2) * normal()),
        mallocs: 100 * mallocs * Math.exp(NOISE.mallocs * normal()),
        allocBytes: 9000 * mallocs * Math.exp(NOISE.allocBytes * normal()),
      },
      { service: latencyOf(2000 * latency * Math.exp(NOISE.latency * normal())) },
    );
  return {
    base: side(1, 1, 1),
    head: side(Math.exp(launchRatio) * (1 + fault.cpu), 1 + fault.mallocs, 1 + fault.latency),
  };
};

const growthSide = (normal: RandomSource, requests: number, fault: Fault): Growth => {
  const start = SNAPSHOT_BYTES * normal();
  const end = SNAPSHOT_BYTES * normal() + fault.heapBytes * requests;
  return growthOf({
    requests,
    liveHeapBytesStart: 5e6 + start,
    liveHeapBytesEnd: 5e6 + end,
    liveObjectsStart: 2e4 + start / 64,
    liveObjectsEnd: 2e4 + end / 64,
    goroutinesEnd: 10 + Math.floor(fault.goroutines * requests),
  });
};

const judgedLaunch = (normal: RandomSource, index: number, fault: Fault): Launch => {
  const ratio = NOISE.launch * normal() + NOISE.layout * normal();
  const pairs = [0, 1, 2].map((number) => {
    const { base, head } = costPair(normal, fault, ratio);
    return pairOf(base, head, { index: number });
  });
  const growth = {
    base: growthSide(normal, SHORT_REQUESTS, NO_FAULT),
    head: growthSide(normal, SHORT_REQUESTS, fault),
  };
  return launchOf(index, pairs, { growth });
};

const latencyLaunch = (normal: RandomSource, index: number, fault: Fault): Launch => {
  const response = (factor: number): Window =>
    windowOf({}, { response: latencyOf(4000 * factor * Math.exp(NOISE.latency * normal())) });
  const loader = { eventLoopRatio: 0.3, cpuNs: 1e8, lagP50Us: 100, lagP99Us: 900 };
  const ratio = Math.exp(NOISE.latencyLaunch * normal());
  const pairs = [0, 1].map((number) =>
    pairOf(response(1), response(ratio * (1 + fault.latency)), { index: number, phase: 'latency', loader }),
  );
  return launchOf(index, pairs, { stage: 'latency' });
};

const growthLaunch = (normal: RandomSource, index: number, fault: Fault): Launch =>
  launchOf(index, [], {
    stage: 'growth',
    growth: {
      base: growthSide(normal, LONG_REQUESTS, NO_FAULT),
      head: growthSide(normal, LONG_REQUESTS, fault),
    },
  });

export interface WholeRun {
  readonly comparison: Comparison;
  readonly judgedLaunches: number;
  readonly growthLaunch: boolean;
  readonly latencyLaunches: number;
}

export const simulateWholeRun = (seed: number, fault: Fault): WholeRun => {
  const normal = normalDeviates(randomFrom(seed));
  const scenario = scenarioWith({});
  const family = familyOf([scenario]);
  const launches: Launch[] = [];
  const run = (): ScenarioRun => runOf([...launches], { scenario });
  let answer = judgeSoFar(run(), family);
  for (let next = answer.nextLook; next !== null && !answer.done; next = answer.nextLook) {
    while (launches.length < next) launches.push(judgedLaunch(normal, launches.length, fault));
    answer = judgeSoFar(run(), family);
  }
  const judgedLaunches = launches.length;
  const suspect = answer.suspectGrowth.length > 0;
  if (suspect) launches.push(growthLaunch(normal, launches.length, fault));
  const before = launches.length;
  while (answer.nextLatencyLook !== null) {
    launches.push(latencyLaunch(normal, launches.length, fault));
    answer = judgeAtEnd(run(), family);
  }
  const latencyLaunches = launches.length - before;
  return { comparison: compareRun(fileOf([run()])), judgedLaunches, growthLaunch: suspect, latencyLaunches };
};
