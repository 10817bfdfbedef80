/** What the scenario says of its load, as the loader takes it: the same in every mode. */
import type { LoadPlan } from '../../load/index.ts';
import { mixSeed } from '../session/seeds.ts';
import type { Session } from '../session/session.ts';

/** `launch` decides which side is connected first. */
export const loadPlan = (
  { plan }: Session,
  more: Pick<LoadPlan, 'launch' | 'timeoutSeconds' | 'connections'>,
): LoadPlan => {
  const { requests, data, cookies } = plan.scenario.load;
  return { seed: mixSeed(plan.seed, 'schedule'), requests, data, ...(cookies !== undefined && { cookies }), ...more };
};
