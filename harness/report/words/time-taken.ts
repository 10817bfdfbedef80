/** What a run took, in one sentence: from the builds to its report, and on what. */
import type { Comparison, ScenarioTime } from '../../model/index.ts';
import { formatDuration } from '../../units/index.ts';

/** Shorter parts are not worth a word. */
const TOLD_SECONDS = 1;

const whole = (seconds: number): string => formatDuration(Math.round(seconds));

interface Part {
  readonly seconds: number;
  readonly words: string;
}

const told = (parts: readonly Part[]): readonly string[] =>
  parts.filter(({ seconds }) => seconds >= TOLD_SECONDS).map(({ seconds, words }) => `${whole(seconds)} ${words}`);

type Key = keyof ScenarioTime;

/** Over all scenarios; what one of them does not tell adds nothing. */
const sumOf = (times: readonly ScenarioTime[], ...keys: readonly Key[]): number =>
  times.reduce((sum, time) => sum + keys.reduce((own, key) => own + (time[key] ?? 0), 0), 0);

/** What launches are spent on, in their order. */
const LAUNCH_PARTS = [
  ['linkWaitSeconds', 'waiting for links'],
  ['startSeconds', 'starting'],
  ['warmUpSeconds', 'warming up'],
  ['windowsSeconds', 'in measured windows'],
  ['contentionSeconds', 'with many requests at once'],
  ['collectingSeconds', 'collecting profiles'],
] as const satisfies readonly (readonly [Key, string])[];

const LATER_PARTS = [
  ['growthSeconds', 'growth'],
  ['exactSeconds', 'exact mode'],
  ['exactBuildSeconds', 'building for exact mode'],
  ['allocationsSeconds', 'allocation sites'],
  ['latencySeconds', 'latency'],
  ['routesSeconds', 'each request name by itself'],
  ['explainSeconds', 'finding the function'],
  ['stopSeconds', 'stopping services'],
] as const satisfies readonly (readonly [Key, string])[];

const partsOf = (times: readonly ScenarioTime[], parts: readonly (readonly [Key, string])[]): readonly string[] =>
  told(parts.map(([key, words]) => ({ seconds: sumOf(times, key), words })));

/**
 * Launches end with the verdict on CPU where it is the last one that they bring; where other gates go on, or something
 * else came between, both times are told.
 */
const launchesText = (times: readonly ScenarioTime[]): readonly string[] => {
  const seconds = sumOf(times, ...LAUNCH_PARTS.map(([key]) => key));
  if (seconds < TOLD_SECONDS) return [];
  const within = partsOf(times, LAUNCH_PARTS).join(', ');
  const verdicts = times.flatMap(({ cpuVerdictSeconds }) => cpuVerdictSeconds ?? []);
  const verdict = verdicts.reduce((sum, one) => sum + one, 0);
  if (verdicts.length < times.length) return [`${whole(seconds)} launches (${within})`];
  return Math.abs(verdict - seconds) <= Math.max(TOLD_SECONDS, seconds / 10)
    ? [`${whole(verdict)} to the verdict on CPU (${within})`]
    : [`${whole(seconds)} launches (${within}), with the verdict on CPU after ${whole(verdict)}`];
};

const beforeText = (sources: number, build: number, count: number): string => {
  const before = told([{ seconds: sources, words: 'of fetching sources' }]);
  const builds = `${count === 1 ? 'a build' : 'builds'} of ${whole(build)}`;
  return ` after ${[...before, ...(build < TOLD_SECONDS ? [] : [builds])].join(' and ')}`;
};

/**
 * `Took 58 s after a build of 12 s: 28 s to the verdict on CPU (…), 26 s latency.` Parts of less than a second are not
 * named. Null: nobody kept the time.
 */
export const tookSentence = ({ took, scenarios }: Comparison): string | null => {
  const times = scenarios.flatMap((scenario) => scenario.took ?? []);
  if (took === undefined || times.length === 0) return null;
  const build = sumOf(times, 'buildSeconds');
  const { wholeSeconds, sourcesSeconds, readingSeconds = 0, reportingSeconds = 0 } = took;
  const rest = told([
    { seconds: readingSeconds, words: 'reading profiles' },
    { seconds: reportingSeconds, words: 'writing the report' },
    { seconds: sumOf(times, 'otherSeconds'), words: 'in between' },
  ]);
  const before = Math.max(build, sourcesSeconds) < TOLD_SECONDS ? '' : beforeText(sourcesSeconds, build, times.length);
  const parts = [...launchesText(times), ...partsOf(times, LATER_PARTS), ...rest];
  const after = whole(Math.max(0, wholeSeconds - sourcesSeconds - build));
  return `Took ${after}${before}${parts.length === 0 ? '' : `: ${parts.join(', ')}`}.`;
};
