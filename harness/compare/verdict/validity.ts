/** Whether a pair, or a run, is worth judging at all; asked before anything is compared. */
import { counterPerRequest, countedPairs } from '../../metrics/index.ts';
import {
  type HostWindow,
  type InvalidRun,
  type Launch,
  type ScenarioRun,
  SIDES,
  type Window,
} from '../../model/index.ts';
import { describeFailures, failuresOf, isFailing } from './failures.ts';
import { judgedGates } from './gates.ts';
import { allocatesNothing } from './launch-series.ts';
import { formatNumberOf } from '../../units/index.ts';

/** Above this share of stolen CPU time a pair is left out (sd of the duet rose four-fold there). */
const MOST_STEAL = 0.15;
/** Above this share of discarded cost pairs the machine is too noisy to judge. */
const MOST_DISCARDED = 0.2;
/** Two discards of six are chance, five of 24 are not. */
const FEWEST_PAIRS_TO_CONDEMN = 24;

/**
 * Why a pair is left out of every estimate; null: it counts. Knows only what cannot depend on which side is slower,
 * and is asked before the sides are compared.
 */
export const discardReason = (host: HostWindow, base: Window, head: Window): string | null => {
  const { stealRatio } = host;
  if (stealRatio !== undefined && stealRatio > MOST_STEAL) return `steal ${Math.round(stealRatio * 100)} %`;
  return base.planned === 0 && head.planned === 0 ? 'no requests' : null;
};

const judgedLaunches = (run: ScenarioRun): readonly Launch[] =>
  run.launches.filter(({ stage }) => stage === 'judged' || stage === 'latency');

const unequalRequests = (run: ScenarioRun): InvalidRun | null => {
  for (const launch of judgedLaunches(run)) {
    for (const { index, base, head, discarded } of launch.pairs) {
      if (discarded !== null || base.planned === head.planned) continue;
      return {
        code: 'unequal-requests',
        message: `Launch ${launch.index}, pair ${index}: ${formatNumberOf(base.planned, 'request')} went to base, ${head.planned} to head`,
        side: null,
      };
    }
  }
  return null;
};

const unequalSettings = ({ builds: { base, head } }: ScenarioRun): InvalidRun | null => {
  if (base.seededLinks !== head.seededLinks) {
    return {
      code: 'unequal-settings',
      message: `Only ${base.seededLinks ? 'base' : 'head'} was linked with a seeded layout (Go ${base.goVersion} and ${head.goVersion}); seeded code is slower as such`,
      side: null,
    };
  }
  const flags = { base: base.buildFlags.join(' '), head: head.buildFlags.join(' ') };
  if (flags.base === flags.head) return null;
  return {
    code: 'unequal-settings',
    message: `Build flags differ: base "${flags.base}", head "${flags.head}"`,
    side: null,
  };
};

const tooManyDiscards = (run: ScenarioRun): InvalidRun | null => {
  const pairs = run.launches
    .filter(({ stage }) => stage === 'judged')
    .flatMap((launch) => launch.pairs.filter(({ phase }) => phase === 'cost'));
  const discarded = pairs.filter((pair) => pair.discarded !== null).length;
  if (pairs.length < FEWEST_PAIRS_TO_CONDEMN || discarded <= pairs.length * MOST_DISCARDED) return null;
  return {
    code: 'discarded-pairs',
    message: `${discarded} of ${pairs.length} pairs were discarded: this machine is too noisy now`,
    side: null,
  };
};

const failing = (run: ScenarioRun): InvalidRun | null => {
  const gate = judgedGates(run.scenario).find(({ metric }) => metric === 'errorRatio');
  // A scenario that takes the gate away says that its errors are part of the work.
  if (!gate) return null;
  const limit = gate.practicalAbsolute;
  const { base, head } = failuresOf(run);
  if (!isFailing(base, limit)) return null;
  return isFailing(head, limit)
    ? {
        code: 'errors-on-both',
        message: `Both sides fail: base ${describeFailures(base)}, head ${describeFailures(head)}`,
        side: null,
      }
    : { code: 'errors-on-base', message: `Base fails: ${describeFailures(base)}`, side: 'base' };
};

/** To take a request from the kernel and answer it costs more than this on any machine. */
const LEAST_CPU_NS = 1000;

/** A process that neither works nor allocates while its requests are answered is not the one that answers them. */
const nothingMeasured = (run: ScenarioRun): InvalidRun | null => {
  const pairs = judgedLaunches(run).flatMap((launch) => countedPairs(launch, 'cost'));
  for (const side of SIDES) {
    const cpuNs = counterPerRequest(pairs, side, 'cpuNs');
    if (cpuNs === undefined || cpuNs >= LEAST_CPU_NS || !allocatesNothing(pairs, side)) continue;
    return {
      code: 'nothing-measured',
      message: `${side} answered its requests with ${Math.round(cpuNs)} ns of CPU and no allocation for each: other processes do the work`,
      side,
    };
  }
  return null;
};

/**
 * Why this measurement is not worth judging, from what it holds so far; null: it is. Errors on head alone are a
 * verdict (`errorRatio` regressed), not a fault of the measurement.
 */
export const invalidity = (run: ScenarioRun): InvalidRun | null =>
  run.invalid ??
  unequalSettings(run) ??
  unequalRequests(run) ??
  failing(run) ??
  nothingMeasured(run) ??
  tooManyDiscards(run);

/** `exact: only`, and exact mode refused. */
export const notCounted = (refusal: string): InvalidRun => ({
  code: 'not-counted',
  message: `exact mode could not count: ${refusal}`,
  side: null,
});

/** A head that died while base lived under the same requests is head's doing: a verdict, not a spoilt measurement. */
export const isHeadsDoing = (invalid: InvalidRun): boolean => invalid.code === 'target-died' && invalid.side === 'head';
