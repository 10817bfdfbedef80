/** Where services are counted: one after the other, or both sides at once where there is a CPU for each. */
import { join } from 'node:path';
import { folderOf } from '../../folders.ts';
import { type Loader, startLoader } from '../../load/index.ts';
import { portsFor, type SidePorts } from '../launch/start-side.ts';
import { insistedOn } from '../session/insisted-ports.ts';
import type { Session } from '../session/session.ts';

export interface CountingPlace {
  /** Sends its requests, and no others. */
  readonly loader: Loader;
  /** null: not bound. */
  readonly cpus: readonly number[] | null;
  /** The same for all launches here: answers may hold them. */
  readonly ports: SidePorts;
}

export type CountingPlaces = readonly [CountingPlace, ...CountingPlace[]];

/** The one where launches go one after the other. */
export const onlyPlace = async ({ plan, lanes: [{ loader, cpus }] }: Session): Promise<CountingPlace> => ({
  loader,
  cpus: cpus?.targetCpus ?? null,
  ports: await portsFor(plan.scenario),
});

/**
 * Both sides at once, each on a CPU of its own: judged launches have shown that they run beside each other, the clock
 * decides nothing here, and one request at a time leaves a CPU to service and loader in turn. A port that a service
 * insists on is one side's at a time.
 */
export const countsAtOnce = ({ plan, settings, lanes: [{ cpus }], launches, movedPorts }: Session): boolean =>
  settings.mode === 'together' &&
  cpus !== null &&
  launches.some(({ stage }) => stage === 'judged') &&
  insistedOn(plan.scenario).length === 0 &&
  movedPorts.length === 0;

/**
 * Two places where sides can be counted at once, else one. Each service's loader has the other one's CPU: with its own
 * service on one CPU, launches of the demo differed by up to 0.005 %, so by 0.0001 %, as they do one after the other
 * (docs/exact.md).
 */
export const withPlaces = async <T>(
  session: Session,
  atOnce: boolean,
  use: (places: CountingPlaces) => Promise<T>,
): Promise<T> => {
  const { plan, lanes } = session;
  const only = await onlyPlace(session);
  const [{ cpus }] = lanes;
  const [other] = cpus?.loaderCpus ?? [];
  if (!atOnce || cpus === null || other === undefined) return use([only]);
  const logFile = join(plan.outDir, 'logs', folderOf(plan.scenario.name), 'loader-counting.log');
  const loader = await startLoader({ cpus: cpus.targetCpus, signal: plan.signal, logFile });
  try {
    return await use([only, { loader, cpus: [other], ports: await portsFor(plan.scenario) }]);
  } finally {
    await loader.stop();
  }
};
