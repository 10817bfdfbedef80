/** `--faults` and `--size`: which faults are planted, and how large. */
import { judgedGates } from '../../compare/index.ts';
import { UsageError } from '../../errors.ts';
import type { MetricId, Scenario } from '../../model/index.ts';
import { FAULT_KINDS, type FaultKind, faultKindOf } from '../../plant/index.ts';
import { formatDuration, formatSignedPercent, parseDurationSeconds, parsePercentRatio } from '../../units/index.ts';

/** Both leaks, in one word. */
const LEAK = 'leak';
const LEAKS: readonly FaultKind[] = ['leak-heap', 'leak-goroutine'];

type SizeScale = 'share' | 'time' | 'count';

const SCALES: Readonly<Record<FaultKind, SizeScale>> = {
  cpu: 'share',
  alloc: 'share',
  lock: 'time',
  sleep: 'time',
  block: 'time',
  'leak-heap': 'count',
  'leak-goroutine': 'count',
};

/** What the gates of a fault are, whatever the scenario: any of them may catch it. */
export const WATCHED_BY: Readonly<Record<FaultKind, readonly MetricId[]>> = {
  cpu: ['cpuNsPerRequest', 'instructionsPerRequest'],
  alloc: ['mallocsPerRequest', 'allocBytesPerRequest'],
  lock: ['latencyP50Ms', 'mutexWaitNsPerRequest', 'blockWaitNsPerRequest', 'latencyP90Ms', 'latencyP99Ms'],
  sleep: ['latencyP50Ms', 'latencyP90Ms', 'latencyP99Ms', 'blockWaitNsPerRequest'],
  block: ['latencyP50Ms', 'blockWaitNsPerRequest', 'latencyP90Ms', 'latencyP99Ms'],
  'leak-heap': ['heapGrowthBytesPerRequest', 'liveHeapBytes'],
  'leak-goroutine': ['goroutineGrowthPerRequest', 'goroutines'],
};

/** `leak` stands for both leaks. Throws {@link UsageError} `FAULT_UNKNOWN`. */
export const faultsFrom = (text: string): readonly FaultKind[] => {
  const kinds = text.split(',').flatMap((word): readonly FaultKind[] => {
    const name = word.trim();
    if (name === LEAK) return LEAKS;
    const kind = faultKindOf(name);
    if (kind !== null) return [kind];
    throw new UsageError(
      'FAULT_UNKNOWN',
      `--faults: there is no fault "${name}"`,
      `Use a list of ${[...FAULT_KINDS, LEAK].join(', ')}.`,
    );
  });
  return [...new Set(kinds)];
};

export type Sizes = ReadonlyMap<FaultKind, number>;

const EXAMPLES: Readonly<Record<SizeScale, string>> = {
  share: '5% (of the CPU or the allocations of a request)',
  time: '2ms (added to a request)',
  count: '1 (kept for ever per 100 requests)',
};

const parsers: Readonly<Record<SizeScale, (text: string) => number | undefined>> = {
  share: parsePercentRatio,
  time: (text) => {
    const seconds = parseDurationSeconds(text);
    return seconds === undefined ? undefined : seconds * 1e9;
  },
  count: (text) => (text === '' || Number.isNaN(Number(text)) ? undefined : Number(text) / 100),
};

const sizeFrom = (kind: FaultKind, text: string): number => {
  const size = parsers[SCALES[kind]](text);
  if (size !== undefined && size > 0) return size;
  throw new UsageError(
    'SIZE_INVALID',
    `--size: "${text}" is no size of ${kind}`,
    `Write it as ${EXAMPLES[SCALES[kind]]}.`,
  );
};

/** `5%` for what is a share, or `cpu=5%,sleep=2ms,leak-heap=1`. Throws {@link UsageError} `SIZE_INVALID`, `FAULT_UNKNOWN`. */
export const sizesFrom = (text: string | undefined): Sizes => {
  const sizes = new Map<FaultKind, number>();
  for (const part of text === undefined ? [] : text.split(',')) {
    const [word = '', value] = part.split('=').map((one) => one.trim());
    if (value !== undefined) for (const kind of faultsFrom(word)) sizes.set(kind, sizeFrom(kind, value));
    else for (const kind of FAULT_KINDS.filter((one) => SCALES[one] === 'share')) sizes.set(kind, sizeFrom(kind, word));
  }
  return sizes;
};

/** Five times the limit that fails, where limits are the defaults. */
const DEFAULT_SHARE = 0.05;
/** The leak that the promise names: one in 100 requests. */
const DEFAULT_LEAK = 0.01;
/** Go's timers wake a program that is idle to the millisecond. */
const LEAST_WAIT_NS = 1e6;

/**
 * Share, nanoseconds per request, or objects per request. Without `--size`: twice what the scenario's own limits let
 * pass, at least the sizes above.
 * @param serviceNs what a request takes now
 */
export const sizeOf = (kind: FaultKind, sizes: Sizes, scenario: Scenario, serviceNs: number): number => {
  const asked = sizes.get(kind);
  if (asked !== undefined) return asked;
  const gate = judgedGates(scenario).find(({ metric }) => metric === WATCHED_BY[kind][0]);
  const limit = gate?.practicalRatio ?? 0;
  const floor = gate?.practicalAbsolute ?? 0;
  switch (SCALES[kind]) {
    case 'share':
      return Math.max(DEFAULT_SHARE, 2 * limit);
    case 'time':
      // The floor of a latency gate is in milliseconds.
      return Math.max(LEAST_WAIT_NS, 2 * limit * serviceNs, 2 * floor * 1e6);
    case 'count':
      return DEFAULT_LEAK;
  }
};

/** For people: what was planted. */
export const describeSize = (kind: FaultKind, size: number): string => {
  const hundred = Number((size * 100).toPrecision(3));
  switch (kind) {
    case 'cpu':
      return `${formatSignedPercent(size)} CPU`;
    case 'alloc':
      return `${formatSignedPercent(size)} allocations`;
    case 'lock':
      return `lock held ${formatDuration(size / 1e9)}`;
    case 'sleep':
      return `asleep ${formatDuration(size / 1e9)}`;
    case 'block':
      return `blocked ${formatDuration(size / 1e9)}`;
    case 'leak-heap':
      return `${hundred} KiB kept in 100`;
    case 'leak-goroutine':
      return `${hundred} ${hundred === 1 ? 'goroutine' : 'goroutines'} in 100`;
  }
};
