/** Launches as a baseline keeps them, sampled by a seeded Poisson source, for tests of what profiles of two days tell. */
import { keepLaunches, type LaunchToKeep } from '../../harness/compare/index.ts';
import type { StoredLaunches } from '../../harness/model/index.ts';
import { normalDeviates, randomFrom } from '../../harness/stats/index.ts';
import { type Costs, poisson, profileOf, total } from '../compare/functions/fixture.ts';

export interface SessionPlan {
  readonly costs: Costs;
  readonly seed: number;
  readonly launches?: number;
  /** CPU samples of all launches. */
  readonly samples?: number;
  /** Sd of each function's cost between sessions, as a ratio. */
  readonly sessionSd?: number;
  /** What the hour or the machine makes of all costs. */
  readonly hour?: number;
  readonly kind?: 'cpu' | 'alloc_space';
}

/** One session behind what `known` holds. */
export const sessionOf = (plan: SessionPlan, known: StoredLaunches | null = null): StoredLaunches => {
  const { costs, seed, launches = 12, samples = 6000, sessionSd = 0, hour = 1, kind = 'cpu' } = plan;
  const random = randomFrom(seed);
  const normal = normalDeviates(random);
  const mine = Object.fromEntries(
    Object.entries(costs).map(([path, cost]) => [path, cost * Math.exp(sessionSd * normal())]),
  );
  const perLaunch = samples / launches / total(mine);
  const kept = Array.from({ length: launches }, (): LaunchToKeep => {
    const events = Object.entries(mine).map(([path, cost]) => [path, poisson(random, cost * perLaunch)] as const);
    return {
      kinds: { [kind]: { requests: 1000, perRequest: total(mine) * 1000 * hour } },
      profiles: new Map([[kind === 'cpu' ? 'cpu' : 'allocs', profileOf(Object.fromEntries(events), kind)]]),
    };
  });
  const session = { createdAt: `2026-11-0${(known?.costs.sessions.length ?? 0) + 1}T10:00:00.000Z`, seed };
  const launchesKept = keepLaunches(known, 'demo', session, kept);
  if (launchesKept === null) throw new Error('a session without launches');
  return launchesKept;
};
