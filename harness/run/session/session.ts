/** What all launches of one scenario share. */
import type { Loader } from '../../load/index.ts';
import type { BySide, Launch, RunSettings, ScenarioRun, Side } from '../../model/index.ts';
import type { PreparedBuild } from '../../service/index.ts';
import type { RunClock } from './clock.ts';
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
  readonly loader: Loader;
  readonly clock: RunClock;
  readonly upkeep: Upkeep;
  /** Folder of mode 0700 with a short path, for the agents' sockets. */
  readonly socketDir: string;
  /** Ports the service insists on, moved to free ones where both sides live at once; its main port first if that is one. */
  readonly movedPorts: readonly number[];
  /** Number of the next request of the seeded schedule. */
  readonly schedule: { next: number };
  /** Launches so far, all stages. */
  readonly launches: Launch[];
  readonly notes: Set<string>;
}

/** Launches are numbered through all stages, so that a number names one folder of profiles and one log. */
export const nextLaunchIndex = (session: Session): number => session.launches.length + 1;

/** Requests of every name whose answers are looked at before the warm-up of a launch, and after all its windows. */
const PER_ROUTE = 3;
const LOOK_SECONDS = 0.3;

/**
 * Looks at the answers of a fresh service: the same requests in every launch, so that what varies by itself shows. The
 * schedule goes on behind them.
 */
export const askOnceBefore = async ({ loader, schedule }: Session, side?: Side): Promise<void> => {
  const one = side === undefined ? {} : { side };
  const next = await loader.answers({ first: 0, perRoute: PER_ROUTE, seconds: LOOK_SECONDS, ...one });
  schedule.next = Math.max(schedule.next, next);
};

/** The same with the requests that come next: some services answer otherwise when they have had enough. */
export const askOnceAfter = async ({ loader, schedule }: Session): Promise<void> => {
  schedule.next = await loader.answers({ first: schedule.next, perRoute: PER_ROUTE, seconds: LOOK_SECONDS });
};

export const answersOf = ({ loader }: Session): Pick<ScenarioRun, 'answers'> => {
  const answers = loader.comparedAnswers();
  return answers === null ? {} : { answers };
};

/** Of the requests that are measured: those left out are said elsewhere. */
export const failedRequestsOf = ({ loader, plan }: Session): Pick<ScenarioRun, 'failedRequests'> => {
  const names = new Set(plan.scenario.load.requests.map(({ name }) => name));
  const failedRequests = loader.failedRequests().filter(({ route }) => names.has(route));
  return failedRequests.length > 0 ? { failedRequests } : {};
};
