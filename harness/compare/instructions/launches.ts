/** Which launches of exact mode are judged, and which are set aside because they did more once. */
import { bothSides, type BySide, type Side, SIDES } from '../../model/index.ts';
import { formatPercent } from '../../units/index.ts';
import { noisiestFunction } from '../counts/function-values.ts';
import type { LaunchWork, ProfiledLaunch } from '../counts/work.ts';

/** What this way of counting can tell apart. */
export interface CountingLimits {
  /** Never called changed below. */
  readonly changedRatio: number;
  /** Launches of one side that differ by more are no ground for "unchanged". */
  readonly unstableRatio: number;
}

/** Launches of each side; two could not tell which of them is the odd one. */
export const FIRST_LAUNCHES = 3;
/**
 * To confirm a change. What happens once in a process, in some launches in the window and in others not, can put the first
 * three of each side apart by chance (2 × 0.35³ × 0.65³ = 2.4 % where it is in one window of three; of five, 0.1 %).
 */
export const CONFIRMED_LAUNCHES = 5;
/** Where the first ones do not agree: as many more, which take their time (harness/run). */
export const MOST_LAUNCHES = 2 * FIRST_LAUNCHES;

/** Those that took their time, once there are three a side of them; else all. */
export const settled = (launches: readonly ProfiledLaunch[]): readonly ProfiledLaunch[] => {
  const patient = launches.filter(({ launch }) => launch.moreWarmUp !== undefined);
  const on = (wanted: Side): number => patient.filter(({ launch }) => launch.side === wanted).length;
  return Math.min(on('base'), on('head')) < FIRST_LAUNCHES ? launches : patient;
};

/**
 * What a launch does once (opening a second connection to a database, which reads the schema) is only ever added. So of
 * five launches of a side and more the three that executed least are judged; of three the two that agree, where the third
 * executed clearly more.
 */
const leastWork = (launches: readonly LaunchWork[], limits: CountingLimits): readonly LaunchWork[] => {
  const sorted = launches.toSorted((a, b) => a.work - b.work);
  const judged = sorted.slice(0, countToJudge(sorted, limits));
  return judged.toSorted((a, b) => a.launch.index - b.launch.index);
};

/** Of launches in the order of their work. */
const countToJudge = (sorted: readonly LaunchWork[], limits: CountingLimits): number => {
  if (sorted.length >= CONFIRMED_LAUNCHES) return FIRST_LAUNCHES;
  const [least = 0, second = 0, third = 0] = sorted.map(({ work }) => work);
  const isOneAbove =
    sorted.length === FIRST_LAUNCHES &&
    second <= least * (1 + limits.changedRatio) &&
    third > second * (1 + limits.unstableRatio);
  return isOneAbove ? FIRST_LAUNCHES - 1 : sorted.length;
};

/** Of each side the launches to judge. */
export const judgedOf = (all: BySide<readonly LaunchWork[]>, limits: CountingLimits): BySide<readonly LaunchWork[]> =>
  bothSides((side) => leastWork(all[side], limits));

/** Says which launches executed clearly more than those that are judged. */
export const setAside = (
  all: BySide<readonly LaunchWork[]>,
  judged: BySide<readonly LaunchWork[]>,
  { unstableRatio }: CountingLimits,
): readonly string[] =>
  SIDES.flatMap((side) => {
    const most = Math.max(...judged[side].map(({ work }) => work));
    const above = all[side].filter(({ work }) => work > most * (1 + unstableRatio));
    if (above.length === 0) return [];
    const more = Math.max(...above.map(({ work }) => work)) / most - 1;
    const noisy = noisiestFunction(all);
    return [
      `${above.length} of ${all[side].length} launches of ${side} executed up to ${formatPercent(more)} more once${noisy === null ? '' : `, most in ${noisy}`}: set aside.`,
    ];
  });
