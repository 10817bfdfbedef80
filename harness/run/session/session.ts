/** What all launches of one scenario share. */
import type { BySide, Launch, RunSettings, ScenarioRun } from '../../model/index.ts';
import type { PreparedBuild } from '../../service/index.ts';
import type { RunClock } from './clock.ts';
import type { Lane } from './lane.ts';
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
  readonly lanes: readonly [Lane, ...Lane[]];
  readonly clock: RunClock;
  readonly upkeep: Upkeep;
  /** Folder of mode 0700 with a short path, for the agents' sockets. */
  readonly socketDir: string;
  /** Ports the service insists on, moved to free ones where both sides live at once; its main port first if that is one. */
  readonly movedPorts: readonly number[];
  /** Launches so far, all stages. */
  readonly launches: Launch[];
  readonly notes: Set<string>;
}

/** Launches are numbered through all stages, so that a number names one folder of profiles and one log. */
export const nextLaunchIndex = (session: Session): number => session.launches.length + 1;

export const answersOf = ({ lanes: [{ loader }] }: Session): Pick<ScenarioRun, 'answers'> => {
  const answers = loader.comparedAnswers();
  return answers === null ? {} : { answers };
};

/** Of the requests that are measured: those left out are said elsewhere. */
export const failedRequestsOf = ({ lanes: [{ loader }], plan }: Session): Pick<ScenarioRun, 'failedRequests'> => {
  const names = new Set(plan.scenario.load.requests.map(({ name }) => name));
  const failedRequests = loader.failedRequests().filter(({ route }) => names.has(route));
  return failedRequests.length > 0 ? { failedRequests } : {};
};
