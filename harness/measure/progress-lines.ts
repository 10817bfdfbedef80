/** What happens in a run, in a line each: what is over in words that stand, what goes on in words that count. */
import type { RunProgress } from '../run/index.ts';
import {
  formatCount,
  formatDuration,
  formatNumberOf,
  formatPercentRange,
  formatSignedPercent,
  isOnlyNoise,
  TOO_NOISY,
} from '../units/index.ts';
import type { Meanwhile } from './step.ts';

const STAGES = {
  judged: 'measuring',
  latency: 'latency at a steady rate',
  exact: 'counting for exact mode',
  explain: 'collecting profiles to name the function',
  growth: 'counting growth over many requests',
  capture: 'counting allocation sites',
  trace: 'following requests through a trace',
  perf: 'sampling C and the kernel by perf',
  routes: 'measuring each request name by itself',
} as const;

const describeGate = (gate: Extract<RunProgress, { kind: 'look' }>['gates'][number]): string => {
  const { metric, verdict, estimateRatio, ciRatio } = gate;
  if (ciRatio !== null && isOnlyNoise(ciRatio)) return `${metric} ${verdict}, ${TOO_NOISY}`;
  const effect = estimateRatio === null ? '' : ` ${formatSignedPercent(estimateRatio)}`;
  const interval = ciRatio === null ? '' : ` (${formatPercentRange(ciRatio)})`;
  return `${metric} ${verdict}${effect}${interval}`;
};

const whole = (seconds: number): string => formatDuration(Math.max(0, Math.round(seconds)));

/** `base: make assets, 12 s`; what has only begun goes without. */
export const withSeconds = (text: string, seconds: number): string =>
  seconds < 1 ? text : `${text}, ${whole(seconds)}`;

/** Fewer packages in less time tell nothing of the others. */
const PACE_PACKAGES = 20;
const PACE_SECONDS = 5;

/** Packages that were compiled in an earlier build are among those ahead, and take no time: it may well be less. */
const aheadText = (compiled: number, packages: number, seconds: number): string =>
  compiled < PACE_PACKAGES || seconds < PACE_SECONDS || compiled >= packages
    ? ''
    : `; about ${whole((seconds * (packages - compiled)) / compiled)} to go at this pace`;

type Stage = Extract<RunProgress, { kind: 'build stage' }>;

const describeStage = ({ side, stage }: Stage, seconds: number): string => {
  switch (stage.kind) {
    case 'listing':
      return withSeconds(`${side}: listing packages`, seconds);
    case 'fetching':
      return withSeconds(`${side}: fetching modules, ${formatCount(stage.modules)} so far`, seconds);
    case 'compiling': {
      const { compiled, packages } = stage;
      if (compiled === 0) return withSeconds(`building ${side}`, seconds);
      const done = `building ${side}: package ${formatCount(compiled)} of at most ${formatCount(packages)}`;
      return `${withSeconds(done, seconds)}${aheadText(compiled, packages, seconds)}`;
    }
    case 'linking':
      return withSeconds(`building ${side}: linking`, seconds);
  }
};

type Launch = Extract<RunProgress, { kind: 'launch' }>;

const decisionText = ({ decision }: Launch['outlook']): string => {
  if (decision === null) return '';
  const { launches, isFirstOfCpu } = decision;
  return isFirstOfCpu ? `, CPU can be decided after launch ${launches}` : `, next decision after launch ${launches}`;
};

/** Never more than the budget has left. */
const togoText = ({ secondsLeft, outlook }: Launch, seconds: number): string => {
  const most = whole(secondsLeft - seconds);
  const about = outlook.aboutSeconds;
  if (about === null || about >= secondsLeft) return `at most ${most} to go`;
  return `about ${whole(about - seconds)} to go, at most ${most}`;
};

const describeLaunch = (event: Launch, seconds: number): string => {
  const { part } = event.outlook;
  const which = part === null ? '' : ` (${part[0]} of ${part[1]})`;
  const what = `${STAGES[event.stage]}${which}${decisionText(event.outlook)}`;
  return `launch ${event.number}: ${what}; ${togoText(event, seconds)}`;
};

/** null: nothing worth a line. */
export const describeProgress = (event: RunProgress): string | Meanwhile | null => {
  switch (event.kind) {
    case 'building':
      return `building ${event.side}`;
    case 'build stage':
      return { topic: null, line: (seconds) => describeStage(event, event.seconds + seconds) };
    case 'built':
      return `built in ${formatDuration(event.seconds)}`;
    case 'links':
      return {
        topic: null,
        line: (seconds) => `waiting for the next binaries, about ${whole(event.secondsToGo - seconds)}`,
      };
    case 'launch':
      return { topic: event.stage, line: (seconds) => describeLaunch(event, seconds) };
    case 'look': {
      const [cpu] = event.gates.filter(({ metric }) => metric === 'cpuNsPerRequest');
      return cpu === undefined || cpu.estimateRatio === null
        ? null
        : `after ${formatNumberOf(event.launches, 'launch', 'launches')}: ${describeGate(cpu)}`;
    }
    case 'note':
      return event.text;
    case 'linked':
    case 'ready':
    case 'prepared':
      return null;
  }
};
