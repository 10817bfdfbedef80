/** What all launches of one scenario share. */
import type { Loader } from '../load/index.ts';
import type { BySide, Launch, RunSettings, ScenarioRun } from '../model/index.ts';
import type { PreparedBuild } from '../target/index.ts';
import type { RunClock } from './clock.ts';
import type { RunPlan } from './plan.ts';

export interface Session {
  readonly plan: RunPlan;
  /** Changes once: from `together` to `alternate`, when the service turns out not to run twice. */
  settings: RunSettings;
  readonly prepared: BySide<PreparedBuild>;
  readonly loader: Loader;
  readonly clock: RunClock;
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

export const failedRequestsOf = ({ loader }: Session): Pick<ScenarioRun, 'failedRequests'> => {
  const failedRequests = loader.failedRequests();
  return failedRequests.length > 0 ? { failedRequests } : {};
};
