/** Where launches run one after the other: CPUs for the services and for the loader, and a loader that no other lane has. */
import { join } from 'node:path';
import { type Loader, startLoader } from '../../load/index.ts';
import type { LaneCpus, Side } from '../../model/index.ts';

export interface Lane {
  /** From 1. */
  readonly number: number;
  /** null: its processes are not bound. */
  readonly cpus: LaneCpus | null;
  readonly loader: Loader;
  /** Number of the next request of the seeded schedule. */
  readonly schedule: { next: number };
}

export type Lanes = readonly [Lane, ...Lane[]];

/** More than a lane ever sends, so that no request is sent in two lanes; numbers stay well within 32 bits. */
const REQUESTS_OF_A_LANE = 10_000_000;

export interface LanesSpec {
  /** Of each lane; none: there is one, whose processes are not bound. */
  readonly cpus: readonly LaneCpus[];
  readonly logFolder: string;
  readonly signal: AbortSignal;
  /** Of the first lane, where it was started before; left out: it is started now. Whoever started it stops it, too. */
  readonly firstLoader?: Loader;
}

const startLaneLoader = async (
  { logFolder, signal }: Pick<LanesSpec, 'logFolder' | 'signal'>,
  cpus: LaneCpus | null,
  number: number,
): Promise<Loader> => {
  const logFile = join(logFolder, number === 1 ? 'loader.log' : `loader-${number}.log`);
  return startLoader({ cpus: cpus?.loaderCpus ?? null, signal, logFile });
};

/** The loader of the first lane, before there are lanes: a process that takes half a second to be there. */
export const withFirstLoader = async <T>(
  spec: Omit<LanesSpec, 'firstLoader'>,
  use: (loader: Loader) => Promise<T>,
): Promise<T> => {
  const loader = await startLaneLoader(spec, spec.cpus[0] ?? null, 1);
  try {
    return await use(loader);
  } finally {
    await loader.stop();
  }
};

/** Starts a loader for each lane that has none yet and stops them after `use`, whatever happens. */
export const withLanes = async <T>(spec: LanesSpec, use: (lanes: Lanes) => Promise<T>): Promise<T> => {
  const { firstLoader } = spec;
  const opened: Lane[] = [];
  const open = async (cpus: LaneCpus | null): Promise<Lane> => {
    const number = opened.length + 1;
    const before = number === 1 ? firstLoader : undefined;
    const loader = before ?? (await startLaneLoader(spec, cpus, number));
    const lane = { number, cpus, loader, schedule: { next: opened.length * REQUESTS_OF_A_LANE } };
    opened.push(lane);
    return lane;
  };
  const [first = null, ...others] = spec.cpus;
  try {
    const lanes: [Lane, ...Lane[]] = [await open(first)];
    for (const cpus of others) lanes.push(await open(cpus));
    return await use(lanes);
  } finally {
    await Promise.all(opened.map(async ({ loader }) => (loader === firstLoader ? undefined : loader.stop())));
  }
};

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
