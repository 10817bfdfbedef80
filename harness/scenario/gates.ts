/** What a scenario may ask of each metric, and how far down: design constants of docs/method.md. */
import type { GateLimit, MetricId } from '../model/index.ts';
import { formatPercent, parsePercentRatio, parseSizeBytes } from '../units/index.ts';

export interface GateRule {
  /** `ratio`: head ÷ base; `count`, `bytes`, `points`: head − base. */
  readonly limit: 'ratio' | 'count' | 'bytes' | 'points';
  /** Smallest limit that any run can decide; below it the scenario is refused. */
  readonly floorRatio?: number;
  readonly tightFloorRatio?: number;
  readonly about: string;
}

export const GATE_RULES: Readonly<Record<MetricId, GateRule>> = {
  cpuNsPerRequest: { limit: 'ratio', floorRatio: 0.01, tightFloorRatio: 0.005, about: 'CPU time per request' },
  instructionsPerRequest: { limit: 'ratio', floorRatio: 0.001, about: 'Instructions per request, in exact mode' },
  syscallsPerRequest: { limit: 'ratio', about: 'System calls per request' },
  mallocsPerRequest: { limit: 'ratio', floorRatio: 0.005, about: 'Heap allocations per request' },
  allocBytesPerRequest: { limit: 'ratio', floorRatio: 0.005, about: 'Bytes allocated per request' },
  gcCpuNsPerRequest: { limit: 'ratio', about: 'CPU time of the garbage collector per request' },
  gcCyclesPerRequest: { limit: 'ratio', about: 'Garbage collections per request' },
  mutexWaitNsPerRequest: { limit: 'ratio', about: 'Waiting for locks per request' },
  blockWaitNsPerRequest: { limit: 'ratio', about: 'Waiting on channels and conditions per request' },
  latencyP50Ms: { limit: 'ratio', floorRatio: 0.05, about: 'Median latency' },
  latencyP90Ms: { limit: 'ratio', floorRatio: 0.05, about: 'Latency, 90th percentile' },
  latencyP99Ms: { limit: 'ratio', floorRatio: 0.05, about: 'Latency, 99th percentile' },
  liveHeapBytes: { limit: 'ratio', about: 'Live heap after a collection' },
  heapGrowthBytesPerRequest: { limit: 'bytes', about: 'Live heap that each request leaves behind (a leak)' },
  goroutines: { limit: 'ratio', about: 'Goroutines' },
  goroutineGrowthPerRequest: { limit: 'count', about: 'Goroutines that each request leaves behind (a leak)' },
  peakRssBytes: { limit: 'ratio', about: 'Peak resident memory' },
  errorRatio: { limit: 'points', about: 'Share of requests that fail' },
};

const LIMIT_EXPECTED: Readonly<Record<Exclude<GateRule['limit'], 'ratio'>, string>> = {
  count: 'expected a number above 0 such as "0.01" (head minus base, per request)',
  bytes: 'expected a size above 0 such as "64B" (head minus base, per request)',
  points: 'expected percentage points above 0 such as "0.1%" (head minus base)',
};

/** What to write as `fail`, with an example that would be accepted. */
export const limitExpected = (metric: MetricId): string => {
  const { limit, floorRatio = 0 } = GATE_RULES[metric];
  if (limit !== 'ratio') return LIMIT_EXPECTED[limit];
  return `expected a percentage above 0 such as "${floorRatio > 0.02 ? '+10%' : '+2%'}"`;
};

const amountOf: Readonly<Record<GateRule['limit'], (text: string) => number | undefined>> = {
  ratio: parsePercentRatio,
  points: parsePercentRatio,
  bytes: parseSizeBytes,
  count: (text) => (/^\+?(?:\d+\.?\d*|\.\d+)$/.test(text.trim()) ? Number(text) : undefined),
};

/** Reads a `fail` limit; a string is why it is not one for this metric. The floor of tight mode applies here. */
export const parseGate = (metric: MetricId, fail: string | number): GateLimit | string => {
  const { limit, floorRatio, tightFloorRatio = floorRatio } = GATE_RULES[metric];
  const amount = amountOf[limit](typeof fail === 'string' ? fail.replace(/^\s*\+/, '') : String(fail));
  if (amount === undefined || !(amount > 0)) return limitExpected(metric);
  if (limit !== 'ratio') return { failRatio: null, failAbsolute: amount };
  if (tightFloorRatio !== undefined && amount < tightFloorRatio) return belowFloor(amount, tightFloorRatio);
  return { failRatio: amount, failAbsolute: null };
};

const belowFloor = (amount: number, floor: number): string =>
  `no run can decide a change of ${formatPercent(amount)}: the smallest limit here is ${formatPercent(floor)}`;

/** Why a limit that tight mode could decide is too small without it; undefined when it is not. */
export const needsTightMode = (metric: MetricId, gate: GateLimit): string | undefined => {
  const { floorRatio, tightFloorRatio } = GATE_RULES[metric];
  if (floorRatio === undefined || tightFloorRatio === undefined) return undefined;
  if (gate.failRatio === null || gate.failRatio >= floorRatio) return undefined;
  return `${belowFloor(gate.failRatio, floorRatio)}; with \`measure: { tight: true }\` it is ${formatPercent(tightFloorRatio)}`;
};
