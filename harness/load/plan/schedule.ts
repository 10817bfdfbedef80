/**
 * Which request comes when: pure functions of (seed, request number), so that both sides, every launch and every
 * replay by number get the same load.
 */
import { UsageError } from '../../errors.ts';
import type { LoadPlan } from './messages.ts';

export interface Schedule {
  /** Index of the route of request `number`: exact weighted shares in each block, shuffled within the block. */
  readonly routeOf: (number: number) => number;
  /** Data row of request `number`: every row once per pass over the table, in an order drawn anew for each pass. */
  readonly rowOf: (number: number) => number;
  /** Whether head is sent before base for request `number`: a fair coin. */
  readonly headFirst: (number: number) => boolean;
}

/** One stream of draws per question, so that an answer never depends on how often another one was asked. */
const STREAM = { route: 0x1b873593, row: 0x2545f491, order: 0x6c62272e, connection: 0x9e3779b1 } as const;

/** 32-bit finaliser with good avalanche: `lowbias32`, C. Wellons, "Prospecting for Hash Functions" (2018). */
const mix = (value: number): number => {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
};

const TWO_32 = 4294967296;

/** 32 uniform bits for (seed, stream, number); all of a 53-bit seed or number counts. */
const bitsOf = (seed: number, stream: number, number: number): number => {
  const keyed = mix(mix(stream ^ (seed % TWO_32)) + Math.floor(seed / TWO_32));
  return mix(mix(keyed ^ (number % TWO_32)) + Math.floor(number / TWO_32));
};

/** Fisher-Yates; `draw(i)` gives 32 uniform bits, reduced to 0..i without a bias that matters (i < 2^20). */
const shuffle = (values: Uint32Array, draw: (index: number) => number): void => {
  for (let i = values.length - 1; i > 0; i--) {
    const j = Math.floor((draw(i) / TWO_32) * (i + 1));
    const kept = values[i] ?? 0;
    values[i] = values[j] ?? 0;
    values[j] = kept;
  }
};

/** Longest block; weights finer than this are rounded to it. */
const MAX_BLOCK = 1000;

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));

/** Smallest whole counts in the proportion of `weights` (up to three decimals), or undefined when they exceed a block. */
const exactCounts = (weights: readonly number[]): readonly number[] | undefined => {
  const scaled = weights.map((weight) => Math.round(weight * 1000));
  if (scaled.some((count, index) => Math.abs(count / 1000 - (weights[index] ?? 0)) > 1e-9)) return undefined;
  const divisor = scaled.reduce(gcd, 0);
  const counts = scaled.map((count) => count / divisor);
  return counts.reduce((sum, count) => sum + count, 0) <= MAX_BLOCK ? counts : undefined;
};

/** Largest-remainder apportionment of a full block; every route gets at least one request. */
const roundedCounts = (weights: readonly number[]): readonly number[] => {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const ideal = weights.map((weight) => (weight / total) * MAX_BLOCK);
  const counts = ideal.map((share) => Math.max(1, Math.floor(share)));
  const missing = MAX_BLOCK - counts.reduce((sum, count) => sum + count, 0);
  const byRemainder = ideal
    .map((share, index) => ({ index, remainder: share - Math.floor(share) }))
    .sort((a, b) => b.remainder - a.remainder || a.index - b.index);
  for (const { index } of byRemainder.slice(0, Math.max(0, missing))) counts[index] = (counts[index] ?? 0) + 1;
  return counts;
};

/** Requests of each route in one block. */
export const blockCounts = (weights: readonly number[]): readonly number[] => {
  if (weights.length === 0 || weights.some((weight) => !(weight > 0 && Number.isFinite(weight)))) {
    throw new UsageError(
      'WEIGHT_INVALID',
      `Request weights must be positive numbers, at least one of them; got [${weights.join(', ')}]`,
      'Give every request in load.requests a weight above 0, or remove it.',
    );
  }
  return exactCounts(weights) ?? roundedCounts(weights);
};

/** Requests in the shortest stretch that holds every route's exact share: windows of whole blocks have equal mixes. */
export const blockLengthOf = (weights: readonly number[]): number =>
  blockCounts(weights).reduce((sum, count) => sum + count, 0);

/**
 * Shuffled blocks, made when first asked for. Readers of the two sides are at most a few dozen requests apart, so a
 * handful of remembered blocks is enough; a forgotten one is made again, equal.
 */
const shuffledBlocks = (
  ordered: Uint32Array,
  seed: number,
  stream: number,
  remembered: number,
): ((number: number) => number) => {
  const length = ordered.length;
  const numbers = Float64Array.from({ length: remembered }, () => -1);
  const blocks = Array.from({ length: remembered }, () => new Uint32Array(length));
  return (number) => {
    const block = Math.floor(number / length);
    const place = block % remembered;
    const values = blocks[place] ?? ordered;
    if (numbers[place] !== block) {
      values.set(ordered);
      shuffle(values, (index) => bitsOf(seed, stream, block * length + index));
      numbers[place] = block;
    }
    return values[number - block * length] ?? 0;
  };
};

/** Enough for 64 requests in flight per side even when a block is a single request. */
const REMEMBERED_BLOCKS = 256;
const REMEMBERED_PASSES = 2;

/** `weights` one per route; `rows` of the data table, 0 without one. Throws {@link UsageError} `WEIGHT_INVALID`. */
export const createSchedule = (plan: {
  readonly seed: number;
  readonly weights: readonly number[];
  readonly rows: number;
}): Schedule => {
  const counts = blockCounts(plan.weights);
  const routes = Uint32Array.from(counts.flatMap((count, route) => Array.from({ length: count }, () => route)));
  const rows = Uint32Array.from({ length: Math.max(1, plan.rows) }, (_, row) => row);
  const remembered = Math.max(2, Math.ceil(REMEMBERED_BLOCKS / routes.length));
  return {
    routeOf: shuffledBlocks(routes, plan.seed, STREAM.route, remembered),
    rowOf: shuffledBlocks(rows, plan.seed, STREAM.row, plan.rows > REMEMBERED_BLOCKS ? REMEMBERED_PASSES : 256),
    headFirst: (number) => (bitsOf(plan.seed, STREAM.order, number) & 1) === 1,
  };
};

/** Whether launch `launch` connects to head first: epoll answers in the order of descriptors, so it must be random. */
export const connectsHeadFirst = (seed: number, launch: number): boolean =>
  (bitsOf(seed, STREAM.connection, launch) & 1) === 1;

/** For each request the number of its first turn from `from` on; every block of the schedule holds all of them. */
export const firstOfEach = (plan: Pick<LoadPlan, 'seed' | 'requests' | 'data'>, from: number): readonly number[] => {
  const weights = plan.requests.map(({ weight }) => weight);
  const { routeOf } = createSchedule({ seed: plan.seed, weights, rows: plan.data?.rows.length ?? 0 });
  const first = new Map<number, number>();
  for (let number = from; first.size < weights.length; number++) {
    const route = routeOf(number);
    if (!first.has(route)) first.set(route, number);
  }
  return weights.map((_, route) => first.get(route) ?? from);
};

/** Numbers of the `count` requests from `from` on, by the index of their route. */
export const numbersByRoute = (
  plan: Pick<LoadPlan, 'seed' | 'requests' | 'data'>,
  from: number,
  count: number,
): ReadonlyMap<number, readonly number[]> => {
  const weights = plan.requests.map(({ weight }) => weight);
  const { routeOf } = createSchedule({ seed: plan.seed, weights, rows: plan.data?.rows.length ?? 0 });
  return Map.groupBy(
    Array.from({ length: count }, (_, at) => from + at),
    routeOf,
  );
};
