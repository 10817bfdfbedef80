/**
 * Wilcoxon's signed-rank test, its Hodges-Lehmann estimate and its exact interval from Walsh averages
 * (Hollander, Wolfe & Chicken, Nonparametric Statistical Methods, §3.1 to 3.3). Needs symmetry of the differences,
 * which the random order of sides gives under "no change".
 */

/** P(W+ ≤ w) for w = 0 … n(n+1)/2, all 2^n sign patterns equally likely; doubles hold the counts beyond n = 900. */
const cumulatives = new Map<number, Float64Array>();

const countSums = (ranks: readonly number[]): Float64Array => {
  const top = ranks.reduce((total, rank) => total + rank, 0);
  const ways = new Float64Array(top + 1);
  ways[0] = 1;
  let reached = 0;
  for (const rank of ranks) {
    reached += rank;
    for (let w = reached; w >= rank; w--) ways[w] = ((ways[w] ?? 0) + (ways[w - rank] ?? 0)) / 2;
    for (let w = Math.min(rank, reached + 1) - 1; w >= 0; w--) ways[w] = (ways[w] ?? 0) / 2;
  }
  return ways;
};

const accumulate = (probabilities: Float64Array): Float64Array => {
  let total = 0;
  return probabilities.map((probability) => (total += probability));
};

const cumulative = (n: number): Float64Array => {
  const known = cumulatives.get(n);
  if (known) return known;
  const made = accumulate(countSums(Array.from({ length: n }, (_, index) => index + 1)));
  cumulatives.set(n, made);
  return made;
};

/** P(W+ ≤ w) without ties or zeros. */
export const signedRankCdf = (w: number, n: number): number => {
  const table = cumulative(n);
  if (w < 0) return 0;
  return table[Math.min(Math.floor(w), table.length - 1)] ?? 1;
};

const criticalIndices = new Map<string, number>();

/**
 * Largest k with P(W+ < k) ≤ `level`: the k-th smallest Walsh average is then a lower bound of one-sided level `level`,
 * the k-th largest an upper one. 0: with so few values no bound of this level exists.
 */
export const signedRankIndex = (n: number, level: number): number => {
  const key = `${n}:${level}`;
  const known = criticalIndices.get(key);
  if (known !== undefined) return known;
  const table = cumulative(n);
  let k = 0;
  while (k < table.length && (table[k] ?? 1) <= level) k++;
  criticalIndices.set(key, k);
  return k;
};

/** All n(n+1)/2 Walsh averages (x_i + x_j) / 2, i ≤ j, ascending. */
export const walshAverages = (values: readonly number[]): Float64Array => {
  const n = values.length;
  const averages = new Float64Array((n * (n + 1)) / 2);
  let at = 0;
  for (let i = 0; i < n; i++) {
    const left = values[i] ?? 0;
    for (let j = i; j < n; j++) averages[at++] = (left + (values[j] ?? 0)) / 2;
  }
  return averages.sort();
};

/** Hodges-Lehmann estimate: the median of sorted Walsh averages. */
export const walshMedian = (averages: Float64Array): number => {
  const m = averages.length;
  return ((averages[(m - 1) >> 1] ?? Number.NaN) + (averages[m >> 1] ?? Number.NaN)) / 2;
};

export const hodgesLehmann = (values: readonly number[]): number => walshMedian(walshAverages(values));

/** Exact interval of one-sided level `level` per side from sorted Walsh averages of n values; infinite where none exists. */
export const walshInterval = (averages: Float64Array, n: number, level: number): readonly [number, number] => {
  const k = signedRankIndex(n, level);
  return [averages[k - 1] ?? -Infinity, k > 0 ? (averages[averages.length - k] ?? Infinity) : Infinity];
};

interface RankedSigns {
  /** Twice the mid-ranks of |x|, so that they are whole. */
  readonly doubledRanks: readonly number[];
  readonly positiveSum: number;
}

/** Zeros keep their (mid-)rank and count half to each side, so that all-equal data give p = 1. */
const rankSigns = (values: readonly number[]): RankedSigns => {
  const sorted = values.map((value) => ({ size: Math.abs(value), value })).sort((a, b) => a.size - b.size);
  const doubledRanks: number[] = [];
  let positiveSum = 0;
  for (let start = 0; start < sorted.length; ) {
    let end = start;
    while (end < sorted.length && sorted[end]?.size === sorted[start]?.size) end++;
    const doubled = start + 1 + end;
    for (const { value } of sorted.slice(start, end)) {
      if (value !== 0) doubledRanks.push(doubled);
      if (value > 0) positiveSum += doubled;
    }
    start = end;
  }
  return { doubledRanks, positiveSum };
};

/**
 * Exact two-sided p-value of "the differences are symmetric around 0"; ties by the exact conditional distribution of
 * mid-ranks, zeros keep their ranks but carry no sign (Pratt 1959).
 */
export const signedRankTwoSidedP = (values: readonly number[]): number => {
  const { doubledRanks, positiveSum } = rankSigns(values);
  if (doubledRanks.length === 0) return 1;
  const total = doubledRanks.reduce((sum, rank) => sum + rank, 0);
  const tail = Math.min(positiveSum, total - positiveSum);
  const n = values.length;
  const untied = doubledRanks.length === n && new Set(doubledRanks).size === n;
  const below = untied ? signedRankCdf(tail / 2, n) : (accumulate(countSums(doubledRanks))[tail] ?? 1);
  return Math.min(1, 2 * below);
};
