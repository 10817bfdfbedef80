/** Something counted in every launch (system calls, allocations), base against head, as a row of the comparison. */
import type { BySide, MetricComparison, MetricVerdict } from '../../model/index.ts';
import { median } from '../../stats/index.ts';
import { isApart, range } from '../counts/spread.ts';
import type { ProfiledLaunch } from '../counts/work.ts';
import type { JudgedMetric } from '../verdict/gates.ts';
import { rowHead } from '../verdict/metric-row.ts';

/** How often more than launches of one side differ by a difference is certain. */
const SPREADS = 3;

export interface Difference {
  readonly base: number;
  readonly head: number;
  readonly isChanged: boolean;
  readonly interval: readonly [number, number];
  /** What is certain from here on. */
  readonly smallest: number;
}

/** Per request, one value for each launch; `floor`: never changed below. */
export const differenceOf = ({ base, head }: BySide<readonly number[]>, floor: number): Difference => {
  const delta = median(head) - median(base);
  const smallest = Math.max(floor, SPREADS * Math.max(range(base), range(head)));
  return {
    base: median(base),
    head: median(head),
    isChanged: isApart({ base, head }) && Math.abs(delta) >= smallest,
    interval: [Math.min(...head) - Math.max(...base), Math.max(...head) - Math.min(...base)],
    smallest,
  };
};

const verdictOf = ({ base, head, isChanged }: Difference, { practicalRatio }: JudgedMetric): MetricVerdict => {
  if (!isChanged) return 'unchanged';
  const ratio = base === 0 ? Infinity : Math.abs(head / base - 1);
  if (ratio < (practicalRatio ?? 0)) return 'changed';
  return head > base ? 'regressed' : 'improved';
};

export const countRow = (
  found: Difference,
  judged: JudgedMetric,
  launches: BySide<readonly Pick<ProfiledLaunch, 'launch'>[]>,
  warnings: readonly string[],
): MetricComparison => {
  const { base, head, interval } = found;
  return {
    ...rowHead(judged),
    base,
    head,
    effectRatio: base === 0 ? null : head / base - 1,
    ciRatio: base === 0 ? null : [interval[0] / base, interval[1] / base],
    effectAbsolute: base === 0 ? head : null,
    ciAbsolute: base === 0 ? interval : null,
    // The smallest and largest difference between launches, not an interval of a level.
    ciLevel: 1,
    pValue: null,
    qValue: null,
    practicalRatio: base === 0 ? null : judged.practicalRatio,
    practicalAbsolute: base === 0 ? judged.practicalAbsolute : null,
    smallestDetectableRatio: null,
    verdict: verdictOf(found, judged),
    reason: null,
    decidedBy: {
      stage: 'exact',
      unit: 'launch',
      n: Math.min(launches.base.length, launches.head.length),
      linkSeeds: new Set([...launches.base, ...launches.head].map(({ launch }) => launch.linkSeed)).size,
    },
    unitsNeeded: null,
    warnings,
  };
};
