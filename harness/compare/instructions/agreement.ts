/**
 * What follows from the two answers together, instructions and CPU time. Each gate decides for itself: instructions
 * neither license a CPU alarm nor silence one; they explain it.
 *
 * | instructions | CPU time | what is said |
 * |---|---|---|
 * | more, fewer | the same way | the function; both saw it |
 * | more, fewer | unchanged | what they are worth by estimate, and what CPU time could have seen |
 * | more, fewer | the other way | what is executed costs more or less |
 * | unchanged | up, down | the counters that moved with it: kernel, memory, contention, collection; else what is left |
 * | unchanged | unchanged | neither changed |
 * | either not judged | | nothing |
 */
import type { BySide, MetricComparison, MetricId } from '../../model/index.ts';
import { median } from '../../stats/index.ts';
import { formatSignedPercent, formatPercent } from '../../units/index.ts';
import { INSTRUCTIONS_PER_NS } from '../counts/rate.ts';

type Movement = 'up' | 'down' | 'same' | 'unknown';

export interface AgreementInput {
  readonly rows: readonly MetricComparison[];
  /** The function that the counts name. */
  readonly culprit: string | null;
  /** Page faults per request, launch by launch; none where this machine does not count them. */
  readonly pageFaults: readonly BySide<number>[];
}

const directionOf = (row: MetricComparison | undefined): Movement => {
  if (row === undefined || row.effectRatio === null) return 'unknown';
  if (row.verdict === 'unchanged') return 'same';
  const isTold = row.verdict === 'regressed' || row.verdict === 'improved' || row.verdict === 'changed';
  if (!isTold) return 'unknown';
  return row.effectRatio > 0 ? 'up' : 'down';
};

/** Counters of what instructions cannot see: what each means, and how it is called. */
const WITNESSES: readonly (readonly [metric: MetricId, means: string, name: string])[] = [
  ['syscallsPerRequest', 'the kernel', 'system calls per request'],
  ['allocBytesPerRequest', 'garbage collection', 'bytes allocated per request'],
  ['mallocsPerRequest', 'garbage collection', 'allocations per request'],
  ['gcCpuNsPerRequest', 'garbage collection', 'its CPU time per request'],
  ['mutexWaitNsPerRequest', 'contention', 'waiting for locks per request'],
];

/** A difference in page faults counts when every launch agrees and it is at least this much. */
const LEAST_FAULTS_RATIO = 0.05;
const LEAST_FAULTS = 0.02;
const LEAST_LAUNCHES = 2;

const movedRow = (row: MetricComparison | undefined, direction: 'up' | 'down'): string | null => {
  if (row === undefined) return null;
  if (directionOf(row) === direction) return formatSignedPercent(row.effectRatio ?? 0);
  // From none to some there is no ratio.
  const came = row.effectAbsolute !== null && (row.verdict === 'regressed' || row.verdict === 'improved');
  return came && Math.sign(row.effectAbsolute ?? 0) === (direction === 'up' ? 1 : -1) ? 'from none' : null;
};

const movedFaults = (launches: AgreementInput['pageFaults'], direction: 'up' | 'down'): string | null => {
  if (launches.length < LEAST_LAUNCHES) return null;
  const sign = direction === 'up' ? 1 : -1;
  if (!launches.every(({ base, head }) => sign * (head - base) > 0)) return null;
  const [base, head] = [median(launches.map((each) => each.base)), median(launches.map((each) => each.head))];
  const isEnough = Math.abs(head - base) >= Math.max(LEAST_FAULTS, LEAST_FAULTS_RATIO * base);
  if (!isEnough) return null;
  return base === 0 ? 'from none' : formatSignedPercent(head / base - 1);
};

const witnesses = ({ rows, pageFaults }: AgreementInput, direction: 'up' | 'down'): readonly string[] => {
  const moved = WITNESSES.flatMap(([id, means, name]) => {
    const text = movedRow(
      rows.find(({ metric }) => metric === id),
      direction,
    );
    return text === null ? [] : [`${means} (${name} ${text})`];
  });
  const faults = movedFaults(pageFaults, direction);
  return faults === null ? moved : [...moved, `memory (page faults per request ${faults})`];
};

const elsewhere = (input: AgreementInput, direction: 'up' | 'down'): string => {
  const seen = witnesses(input, direction);
  const moved = `CPU time went ${direction} while the same instructions were executed`;
  return seen.length > 0
    ? `${moved}; what went with it: ${seen.join(', ')}.`
    : `${moved}, and no counter went with it: caches, the kernel, contention, or where the linker put the code.`;
};

/** What the instructions are worth, against the smallest change of CPU time that this run could have seen. */
const tooFew = (instructions: MetricComparison | undefined, cpu: MetricComparison | undefined): string => {
  const ns = ((instructions?.head ?? 0) - (instructions?.base ?? 0)) / INSTRUCTIONS_PER_NS;
  const cpuNs = cpu?.base ?? 0;
  if (cpuNs <= 0) return 'too few to show in CPU time';
  const could = cpu?.smallestDetectableRatio ?? null;
  const limit = could === null ? '' : `, of which this run could see ${formatPercent(could)}`;
  return `too few to show in CPU time: by estimate ${formatSignedPercent(ns / cpuNs)} of it${limit}`;
};

/** One sentence, or null when one of the two was not judged. */
export const describeAgreement = (input: AgreementInput): string | null => {
  const rowOf = (id: MetricId) => input.rows.find(({ metric }) => metric === id);
  const instructions = directionOf(rowOf('instructionsPerRequest'));
  const cpu = directionOf(rowOf('cpuNsPerRequest'));
  if (instructions === 'unknown' || cpu === 'unknown') return null;
  if (instructions === 'same') {
    return cpu === 'same' ? 'Neither instructions nor CPU time changed.' : elsewhere(input, cpu);
  }
  const what = `It executes ${instructions === 'up' ? 'more' : 'fewer'} instructions${
    input.culprit === null ? '' : `, most in ${input.culprit}`
  }`;
  if (cpu === 'same') return `${what}, ${tooFew(rowOf('instructionsPerRequest'), rowOf('cpuNsPerRequest'))}.`;
  if (cpu === instructions) return `${what}, and CPU time went the same way.`;
  return `${what}, yet CPU time went ${cpu}: what it executes now costs ${cpu === 'up' ? 'more' : 'less'}.`;
};
