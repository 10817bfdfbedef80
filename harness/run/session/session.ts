/** What all launches of one scenario share. */
import type { BySide, FailedRequest, Launch, RouteAnswers, RunSettings, ScenarioRun } from '../../model/index.ts';
import type { PreparedBuild } from '../../service/index.ts';
import type { RunClock } from './clock.ts';
import type { Lanes } from './lane.ts';
import type { RunPlan } from './plan.ts';
import type { Upkeep } from './upkeep.ts';

export interface Session {
  /** Changes once: requests that turn out to be new on head are left out. */
  plan: RunPlan;
  /** Whether each request was tried on both sides. */
  tried: boolean;
  /** Changes once: from `together` to `alternate`, when the service turns out not to run twice. */
  settings: RunSettings;
  readonly prepared: BySide<PreparedBuild>;
  /** Where launches may run at the same time. Changes once: to one, where two would get into each other's way. */
  lanes: Lanes;
  readonly clock: RunClock;
  readonly upkeep: Upkeep;
  /** Folder of mode 0700 with a short path, for the agents' sockets. */
  readonly socketDir: string;
  /** Ports the service insists on, moved to free ones where both sides live at once; its main port first if that is one. */
  readonly movedPorts: readonly number[];
  /** Launches so far, all stages. */
  readonly launches: Launch[];
  readonly notes: Set<string>;
  /** What may be done while a service warms up, natively or under the emulator, once judged launches have ended. */
  idle?: () => Promise<void>;
}

/** Uses the time that a warm-up takes. Where launches go beside each other, another one may be measured by then. */
export const whileItWarmsUp = async (session: Session): Promise<void> =>
  session.lanes.length > 1 ? undefined : whileNothingIsMeasured(session);

export const whileNothingIsMeasured = async ({ idle }: Session): Promise<void> => {
  try {
    await idle?.();
  } catch {
    // It is only the sooner for it: what goes wrong is met again at the end of the run, and said there.
  }
};

/** Launches are numbered through all stages, so that a number names one folder of profiles and one log. */
export const nextLaunchIndex = (session: Session): number => session.launches.length + 1;

/** As a run keeps them. */
export const keptSettings = ({ settings, lanes }: Session, latencyRatePerSecond: number | null): RunSettings => ({
  ...settings,
  ...(lanes.length > 1 && { lanes: lanes.flatMap(({ cpus }) => cpus ?? []) }),
  latencyRatePerSecond,
});

const addAnswers = (one: RouteAnswers, other: RouteAnswers): RouteAnswers => ({
  route: one.route,
  compared: one.compared + other.compared,
  differing: one.differing + other.differing,
  otherStatus: one.otherStatus + other.otherStatus,
  lost: one.lost + other.lost,
  gained: one.gained + other.gained,
  repeated: one.repeated + other.repeated,
  varying: one.varying + other.varying,
  unsteady: one.unsteady + other.unsteady,
  // One that lost its content before others.
  first: one.lost > 0 || other.lost === 0 ? (one.first ?? other.first) : other.first,
});

/** Of all lanes, each of which compared for itself. */
export const answersOf = ({ lanes }: Session): Pick<ScenarioRun, 'answers'> => {
  const seen = lanes.flatMap(({ loader }) => loader.comparedAnswers() ?? []);
  const routes = Map.groupBy(seen, ({ route }) => route);
  const answers = [...routes.values()].map((each) => each.reduce(addAnswers));
  return lanes.some(({ loader }) => loader.comparedAnswers() !== null) ? { answers } : {};
};

/** The first of each kind. */
const firstOfEachKind = (failed: readonly FailedRequest[]): readonly FailedRequest[] => {
  const kinds = Map.groupBy(failed, ({ side, route, kind, status }) => JSON.stringify([side, route, kind, status]));
  return [...kinds.values()].flatMap(([first]) => first ?? []);
};

/** Of the requests that are measured: those left out are said elsewhere. */
export const failedRequestsOf = ({ lanes, plan }: Session): Pick<ScenarioRun, 'failedRequests'> => {
  const names = new Set(plan.scenario.load.requests.map(({ name }) => name));
  const failed = firstOfEachKind(lanes.flatMap(({ loader }) => loader.failedRequests()));
  const failedRequests = failed.filter(({ route }) => names.has(route));
  return failedRequests.length > 0 ? { failedRequests } : {};
};
