/** Several processes of one service, each with an agent, as one: counters are added up, profiles are merged. */
import { reasonOf } from '../errors.ts';
import { type Agent, AgentRefusedError } from './agent.ts';
import { type AgentCounters, type AgentHello, present, type ProcessUsage } from './agent-replies.ts';

/** One profile of several of the same kind. May throw. */
export type MergeProfiles = (profiles: readonly Uint8Array[], name: string) => Uint8Array;

type Agents = readonly [Agent, Agent, ...Agent[]];

const sumOf = <T>(all: readonly T[], read: (one: T) => number): number => all.reduce((sum, one) => sum + read(one), 0);

/** Only where all have it: a part is no sum. */
const sumIfAll = <T>(all: readonly T[], read: (one: T) => number | undefined): number | undefined => {
  const known = all.map(read).filter((value) => value !== undefined);
  return known.length === all.length ? sumOf(known, (value) => value) : undefined;
};

const usageOf = (all: readonly (ProcessUsage | undefined)[]): ProcessUsage | undefined => {
  const known = all.filter((usage) => usage !== undefined);
  if (known.length < all.length) return undefined;
  return {
    userNs: sumOf(known, ({ userNs }) => userNs),
    systemNs: sumOf(known, ({ systemNs }) => systemNs),
    childrenNs: sumOf(known, ({ childrenNs }) => childrenNs),
    maxRssBytes: sumOf(known, ({ maxRssBytes }) => maxRssBytes),
    minorFaults: sumOf(known, ({ minorFaults }) => minorFaults),
    majorFaults: sumOf(known, ({ majorFaults }) => majorFaults),
    voluntarySwitches: sumOf(known, ({ voluntarySwitches }) => voluntarySwitches),
    involuntarySwitches: sumOf(known, ({ involuntarySwitches }) => involuntarySwitches),
  };
};

export const sumCounters = (all: readonly AgentCounters[]): AgentCounters =>
  present<AgentCounters>({
    mallocs: sumOf(all, ({ mallocs }) => mallocs),
    allocBytes: sumOf(all, ({ allocBytes }) => allocBytes),
    liveHeapBytes: sumOf(all, ({ liveHeapBytes }) => liveHeapBytes),
    liveObjects: sumOf(all, ({ liveObjects }) => liveObjects),
    gcCycles: sumOf(all, ({ gcCycles }) => gcCycles),
    gcPauseNs: sumOf(all, ({ gcPauseNs }) => gcPauseNs),
    goroutines: sumOf(all, ({ goroutines }) => goroutines),
    mutexWaitNs: sumIfAll(all, ({ mutexWaitNs }) => mutexWaitNs),
    gcCpuNs: sumIfAll(all, ({ gcCpuNs }) => gcCpuNs),
    gcOwedNs: sumIfAll(all, ({ gcOwedNs }) => gcOwedNs),
    begin: usageOf(all.map(({ begin }) => begin)),
    end: usageOf(all.map(({ end }) => end)),
  });

/** The first one's, but for what one reading of all adds; a setting that is not the same everywhere is the odd one. */
const helloOf = (hellos: readonly [AgentHello, ...AgentHello[]]): AgentHello => {
  const [first] = hellos;
  const odd = hellos.find(({ gomaxprocs }) => gomaxprocs !== first.gomaxprocs);
  return {
    ...first,
    gomaxprocs: odd?.gomaxprocs ?? first.gomaxprocs,
    ownMallocs: sumOf(hellos, ({ ownMallocs }) => ownMallocs),
    ownBytes: sumOf(hellos, ({ ownBytes }) => ownBytes),
    profiles: first.profiles.filter((name) => hellos.every(({ profiles }) => profiles.includes(name))),
  };
};

/** Where one says no, what the others have begun is ended. */
const startAll = async (agents: Agents, hz: number | undefined): Promise<void> => {
  const started = await Promise.allSettled(agents.map(async (agent) => agent.startCpuProfile(hz)));
  const refused = started.find((result) => result.status === 'rejected');
  if (refused === undefined) return;
  await Promise.allSettled(
    agents.filter((_, index) => started[index]?.status === 'fulfilled').map(async (agent) => agent.stopCpuProfile()),
  );
  throw refused.reason;
};

const merged = (merge: MergeProfiles, profiles: readonly Uint8Array[], name: string): Uint8Array => {
  try {
    return merge(profiles, name);
  } catch (error) {
    throw new AgentRefusedError(name, reasonOf(error));
  }
};

/** Everything is asked of all of them; what is one process's own (traces, coverage) of none. */
export const joinAgents = (agents: Agents, merge: MergeProfiles): Agent => {
  const [first, ...others] = agents;
  const ofAll = async <T>(ask: (agent: Agent) => Promise<T>): Promise<readonly T[]> => Promise.all(agents.map(ask));
  const noneOf = (asked: string) => async (): Promise<never> =>
    Promise.reject(new AgentRefusedError(asked, `${agents.length} processes of the service take the requests`));
  return {
    hello: helloOf([first.hello, ...others.map(({ hello }) => hello)]),
    counters: async () => sumCounters(await ofAll(async (agent) => agent.counters())),
    collectGarbage: async () => sumCounters(await ofAll(async (agent) => agent.collectGarbage())),
    setRates: async (rates) => void (await ofAll(async (agent) => agent.setRates(rates))),
    startCpuProfile: async (hz) => startAll(agents, hz),
    stopCpuProfile: async () => {
      const all = await ofAll(async (agent) => agent.stopCpuProfile());
      const bytes = merged(
        merge,
        all.map((profile) => profile.bytes),
        'cpu',
      );
      return { bytes, spanNs: Math.max(...all.map(({ spanNs }) => spanNs)) };
    },
    snapshot: async (name) => merged(merge, await ofAll(async (agent) => agent.snapshot(name)), name),
    snapshotAfterGc: async (name) => merged(merge, await ofAll(async (agent) => agent.snapshotAfterGc(name)), name),
    watchGoroutines: async (intervalMs) => void (await ofAll(async (agent) => agent.watchGoroutines(intervalMs))),
    // Peaks of one moment or not: together they are the most that there can have been.
    goroutinePeak: async () => {
      const all = await ofAll(async (agent) => agent.goroutinePeak());
      return {
        goroutines: sumOf(all, ({ goroutines }) => goroutines),
        samples: Math.min(...all.map(({ samples }) => samples)),
      };
    },
    // An id is one process's own.
    stacks: noneOf('stacks'),
    startTrace: noneOf('trace.start'),
    traceBytes: noneOf('trace.size'),
    stopTrace: noneOf('trace.stop'),
    startFlightRecorder: noneOf('flight.start'),
    flightSnapshot: noneOf('flight.snapshot'),
    stopFlightRecorder: noneOf('flight.stop'),
    coverage: noneOf('coverage'),
    close: () => {
      for (const agent of agents) agent.close();
    },
  };
};
