import { setImmediate as turn } from 'node:timers/promises';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { TargetStartError } from '../../harness/errors.ts';
import type { BySide, Launch, Side } from '../../harness/model/index.ts';
import { conduct, type MeasuredRun } from '../../harness/run/conduct.ts';
import { TargetDiedError } from '../../harness/run/launch/death.ts';
import type { JudgedLaunch } from '../../harness/run/launch/judged.ts';
import type { LaunchSpec } from '../../harness/run/launch/running-pair.ts';
import { startClock } from '../../harness/run/session/clock.ts';
import type { LinkedPair, Links } from '../../harness/run/session/links.ts';
import type { RunProgress } from '../../harness/run/session/plan.ts';
import type { Session } from '../../harness/run/session/session.ts';
import { buildOf } from '../builders/builds.ts';
import { scenarioWith } from '../builders/scenarios.ts';
import { settings } from '../builders/settings.ts';
import { growthOf, launchOf, pairOf, windowOf } from '../builders/synthetic-run.ts';

type Launching = (place: LaunchSpec) => Promise<JudgedLaunch>;
const made = vi.hoisted((): { launching: Launching } => ({ launching: async () => Promise.reject(new Error('none')) }));

/** Nothing is started: what a launch measures is what the test says. */
vi.mock('../../harness/run/launch/either-way.ts', async (original) => ({
  ...(await original<object>()),
  launchOf: async (_session: Session, place: LaunchSpec) => made.launching(place),
}));

const PACE = { couplesPerSecond: 1000, cpuNsPerRequest: 1e6 };

/** Identical sides, and equal from launch to launch. */
const quietLaunch = ({ index, linked }: LaunchSpec): JudgedLaunch => {
  const window = windowOf({ cpuNs: 1e6, mallocs: 100, allocBytes: 9000 });
  const launch = launchOf(index, [pairOf(window, window), pairOf(window, window)], {
    linkSeed: linked.linkSeed,
    growth: { base: growthOf(), head: growthOf() },
  });
  return { launch, pace: PACE };
};

interface Watched {
  readonly session: Session;
  readonly said: RunProgress[];
  /** Launches that were under way at the same time, at every begin of one. */
  readonly atOnce: number[];
  readonly interrupt: AbortController;
}

/** Launches end in reverse order of those that began with them, as far as `measure` does not fail. */
const twoLanes = (measure: (place: LaunchSpec) => JudgedLaunch): Watched => {
  const said: RunProgress[] = [];
  const atOnce: number[] = [];
  const interrupt = new AbortController();
  let underWay = 0;
  made.launching = async (place) => {
    underWay += 1;
    atOnce.push(underWay);
    try {
      for (let turns = place.lane.number === 1 ? 4 : 1; turns > 0; turns--) await turn();
      return measure(place);
    } finally {
      underWay -= 1;
    }
  };
  const lane = (number: number, cpus: { readonly targetCpus: number[]; readonly loaderCpus: number[] }) => ({
    number,
    cpus,
    loader: { comparedAnswers: () => null, failedRequests: () => [] },
    schedule: { next: 0 },
  });
  const scenario = scenarioWith({ latency: null });
  const session = {
    plan: {
      scenario: { ...scenario, measure: { ...scenario.measure, exact: 'off' } },
      seed: 1,
      budgetSeconds: 120,
      family: { gates: 4 },
      purpose: 'compare',
      outDir: '/nowhere',
      onProgress: (event: RunProgress) => said.push(event),
      signal: interrupt.signal,
    },
    settings,
    clock: startClock(120, () => 0),
    upkeep: { notes: () => [] },
    lanes: [lane(1, { targetCpus: [0], loaderCpus: [1] }), lane(2, { targetCpus: [2], loaderCpus: [3] })],
    movedPorts: [],
    launches: [],
    notes: new Set<string>(),
  };
  return { session: session as unknown as Session, said, atOnce, interrupt };
};

const linksOf = (): Links & { readonly asked: number[] } => {
  const asked: number[] = [];
  let seed = 0;
  return {
    asked,
    next: async (launches) => {
      asked.push(launches);
      return Promise.resolve(Array.from({ length: launches }, () => ({ linkSeed: ++seed }) as LinkedPair));
    },
    again: () => ({ linkSeed: seed }) as LinkedPair,
    secondsToNext: () => 0,
    waitedSeconds: () => 0,
    linkSeconds: () => ({ base: [], head: [] }),
    recorded: () => null,
  };
};

const builds: BySide<ReturnType<typeof buildOf>> = { base: buildOf('go1.26.8'), head: buildOf('go1.26.8') };

const lanesOf = ({ launches }: MeasuredRun): readonly (number | undefined)[] => launches.map(({ lane }) => lane);
const numbersOf = (launches: readonly Launch[]): readonly number[] => launches.map(({ index }) => index);
const oneByOne = (count: number): readonly number[] => Array.from({ length: count }, () => 1);

const died = (side: Side): TargetDiedError => new TargetDiedError([side], `${side}: the service ended`, null);

beforeEach(() => {
  made.launching = async () => Promise.reject(new Error('none'));
});

describe('with two lanes', () => {
  it('the first launch goes alone, then two at a time up to each look, numbered in order', async () => {
    const { session, said, atOnce } = twoLanes(quietLaunch);
    const links = linksOf();
    const run = await conduct(session, links, builds);
    expect(run).toMatchObject({ stop: 'decided', invalid: null });
    expect(links.asked).toEqual([1, 2, 1, 2, 2]);
    expect(numbersOf(run.launches)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(lanesOf(run)).toEqual([1, 1, 2, 1, 1, 2, 1, 2]);
    expect(atOnce).toEqual([1, 1, 2, 1, 1, 2, 1, 2]);
    expect(run.launches.map(({ linkSeed }) => linkSeed)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(said.flatMap((event) => (event.kind === 'look' ? [event.launches] : []))).toEqual([1, 3, 4, 6, 8]);
    expect(session.notes).toEqual(new Set());
  });

  it.each<[string, (place: LaunchSpec) => Error | null, string]>([
    [
      'does not start',
      ({ index }) => (index === 3 ? new TargetStartError('TARGET_EXITED', 'locked', '') : null),
      'locked',
    ],
    ['dies', ({ index }) => (index === 2 ? died('head') : null), 'head: the service ended'],
  ])('a service that %s where two go beside each other for the first time has one at a time', async (_, fails, why) => {
    let failed = 0;
    const { session, atOnce } = twoLanes((place) => {
      const error = failed === 0 ? fails(place) : null;
      if (error === null) return quietLaunch(place);
      failed += 1;
      throw error;
    });
    const links = linksOf();
    const run = await conduct(session, links, builds);
    expect(run).toMatchObject({ stop: 'decided', invalid: null });
    expect(links.asked).toEqual([1, 2, ...oneByOne(7)]);
    expect(atOnce.slice(3)).toEqual(oneByOne(7));
    expect(numbersOf(run.launches)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(lanesOf(run)).toEqual(oneByOne(8));
    expect([...session.notes]).toEqual([
      `Launches went one at a time though there are CPUs for two: two at a time went wrong (${why}).`,
    ]);
  });

  it('requests that fail there for the first time are made again one launch at a time', async () => {
    const { session } = twoLanes((place) => {
      const { launch, pace } = quietLaunch(place);
      if (place.lane.number === 1) return { launch, pace };
      const failing = windowOf({ cpuNs: 1e6 }, { failed: 100, failedStatus: { 500: 100 } });
      return { launch: { ...launch, pairs: [pairOf(failing, failing)] }, pace };
    });
    const run = await conduct(session, linksOf(), builds);
    expect(run).toMatchObject({ stop: 'decided', invalid: null });
    expect(lanesOf(run)).toEqual(oneByOne(8));
    expect([...session.notes]).toEqual([expect.stringContaining('Both sides fail')]);
  });

  it('a service that dies later spoils the run; the launch beside it is let finish and kept', async () => {
    const { session } = twoLanes((place) => {
      if (place.index === 6) throw died('head');
      return quietLaunch(place);
    });
    const run = await conduct(session, linksOf(), builds);
    expect(run).toMatchObject({ stop: 'invalid', invalid: { code: 'target-died', side: 'head' } });
    expect(numbersOf(run.launches)).toEqual([1, 2, 3, 4, 5]);
  });

  it('deaths of different sides are neither side’s doing', async () => {
    const { session } = twoLanes((place) => {
      if (place.index === 5) throw died('base');
      if (place.index === 6) throw died('head');
      return quietLaunch(place);
    });
    const run = await conduct(session, linksOf(), builds);
    expect(run.invalid).toMatchObject({ code: 'target-died', side: null, message: 'base: the service ended' });
  });

  it('a death is the verdict whatever the later launch beside it ends with', async () => {
    const { session } = twoLanes((place) => {
      if (place.index === 5) throw died('head');
      if (place.index === 6) throw new TargetStartError('TARGET_NOT_READY', 'no answer', '');
      return quietLaunch(place);
    });
    const run = await conduct(session, linksOf(), builds);
    expect(run.invalid).toMatchObject({ code: 'target-died', side: 'head' });
  });

  const notStarting = (): Error => new TargetStartError('TARGET_EXITED', 'head exited', '');
  const dyingHead = (): Error => died('head');
  it.each<[string, () => Error, number]>([
    ['does not start at all', notStarting, 1],
    ['does not start a second time', notStarting, 2],
    ['dies under load in every launch', dyingHead, 1],
    ['dies under load in every launch but the first', dyingHead, 2],
    ['dies under load in every launch from the fifth on', dyingHead, 5],
  ])('a head that %s ends the run as it does with one lane', async (_, failure, from) => {
    const endingOf = async (lanes: 1 | 2): Promise<unknown> => {
      const { session } = twoLanes((place) => {
        if (place.index >= from) throw failure();
        return quietLaunch(place);
      });
      session.lanes = lanes === 1 ? [session.lanes[0]] : session.lanes;
      try {
        const { stop, invalid } = await conduct(session, linksOf(), builds);
        return { stop, invalid };
      } catch (error) {
        return error;
      }
    };
    const alone = await endingOf(1);
    expect(await endingOf(2)).toEqual(alone);
    expect(alone).toMatchObject(
      failure === dyingHead ? { invalid: { code: 'target-died', side: 'head' } } : { code: 'TARGET_EXITED' },
    );
  });

  it('what is no death ends the run when both launches are over', async () => {
    const { session, atOnce } = twoLanes((place) => {
      if (place.index === 6) throw new TargetStartError('TARGET_NOT_READY', 'no answer', '');
      return quietLaunch(place);
    });
    await expect(conduct(session, linksOf(), builds)).rejects.toMatchObject({ code: 'TARGET_NOT_READY' });
    expect(atOnce).toHaveLength(6);
    expect(numbersOf(session.launches)).toEqual([1, 2, 3, 4, 5]);
  });

  it('Ctrl-C ends the run with its reason, not with what broke because of it', async () => {
    const watched = twoLanes((place) => {
      if (place.index < 2) return quietLaunch(place);
      watched.interrupt.abort(new Error('interrupted'));
      throw died('base');
    });
    await expect(conduct(watched.session, linksOf(), builds)).rejects.toThrow('interrupted');
  });
});
