/** Where launches run one after the other: CPUs for the services and for the loader, and a loader that no other lane has. */
import type { Loader } from '../../load/index.ts';
import type { LaneCpus, Side } from '../../model/index.ts';

export interface Lane {
  /** null: its processes are not bound. */
  readonly cpus: LaneCpus | null;
  readonly loader: Loader;
  /** Number of the next request of the seeded schedule. */
  readonly schedule: { next: number };
}

/** Requests of every name whose answers are looked at before the warm-up of a launch, and after all its windows. */
const PER_ROUTE = 3;
const LOOK_SECONDS = 0.3;

/**
 * Looks at the answers of a fresh service: the same requests in every launch, so that what varies by itself shows. The
 * schedule goes on behind them.
 */
export const askOnceBefore = async ({ loader, schedule }: Lane, side?: Side): Promise<void> => {
  const one = side === undefined ? {} : { side };
  const next = await loader.answers({ first: 0, perRoute: PER_ROUTE, seconds: LOOK_SECONDS, ...one });
  schedule.next = Math.max(schedule.next, next);
};

/** The same with the requests that come next: some services answer otherwise when they have had enough. */
export const askOnceAfter = async ({ loader, schedule }: Lane): Promise<void> => {
  schedule.next = await loader.answers({ first: schedule.next, perRoute: PER_ROUTE, seconds: LOOK_SECONDS });
};
