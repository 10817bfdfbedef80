/** One launch of exact mode: started under the emulator, warmed up, its requests counted, within its limits. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { peakRssBytes, usedByUs } from '../../capture/index.ts';
import type { ExactTrouble } from '../../compare/index.ts';
import { GodynoError } from '../../errors.ts';
import { type QemuEngine, snapshot, type Snapshot, startOf } from '../../exact/index.ts';
import type { Loader, SingleLoop } from '../../load/index.ts';
import type { BySide, ExactLaunch, Replies, Side } from '../../model/index.ts';
import type { Binary, RunningTarget } from '../../service/index.ts';
import { type CountedStart, withCountedTarget } from './target.ts';
import { countedRequests, type ExactFacts, CountingRefusal, isNameless } from './refusal.ts';
import type { CountingPlace } from './places.ts';
import type { Session } from '../session/session.ts';

/** Enough for what an answer leaves to do: closing, waking, sleeping again. */
export const SETTLE_MS = 30;
/** Counted without requests before each window: what the clock drives. */
export const IDLE_MS = 500;

export interface LaunchWaits {
  /** Requests before the usual warm-up. */
  readonly moreWarmUp: number;
  readonly idleMs: number;
}

export const USUAL_WAITS: LaunchWaits = { moreWarmUp: 0, idleMs: IDLE_MS };
/**
 * Where launches did not agree. What a service does once in a few seconds falls into some windows only: the idle look
 * has to see it, and what it does once beside requests (opening a second connection to the database) has to be over.
 */
export const PATIENT_WAITS: LaunchWaits = { moreWarmUp: 400, idleMs: 2000 };
/** Beyond the numbers of all requests that are counted. */
const MORE_WARM_UP_FROM = 100_000;

/** A request takes 9 to 18 times as long under the emulator; without an answer for so long it hangs. */
const PATIENCE_SECONDS = 60;
/** How much longer a start may take than the scenario allows natively. */
const START_TIMES = 10;
/** Of one launch, its start included: 200 requests of some 15 ms each. Wall clock would refuse on a busy machine. */
const MOST_CPU_SECONDS = 60;
const WATCH_MS = 500;
const ENDING_MS = 500;
/** Guest threads that plugin/count.c has room for. */
const MOST_THREADS = 64;
/** Twice as many are the fewest that are ever counted (harness/compare). */
const PROBE_REQUESTS = 9;
/** Of the warm-up, after the idle stretch: a connection that was silent for so long is opened anew. */
const WAKE_REQUESTS = 2;
/**
 * Between an answer and the next request. What net/http does about the connection depends on whether the next request is
 * there before the answer's goroutine is done with it: a race against the loader, 0.1 % of a request of 600,000.
 */
export const PAUSE_MS = 3;

export interface CountingRun {
  readonly session: Session;
  readonly engine: QemuEngine;
  readonly place: CountingPlace;
  readonly binaries: BySide<Binary>;
  readonly requests: number;
  readonly pace: LaunchWaits;
  /** Is done before anything is counted, beside the warm-up. */
  readonly meanwhile: () => Promise<void>;
  /** What is counted once more, apart; left out: nothing is. */
  readonly routes?: RoutesToCount;
}

export interface RoutesToCount {
  /** Numbers of counted requests by route. */
  readonly numbers: ReadonlyMap<number, readonly number[]>;
  /** Instructions that are judged; asked at once, since counters are some megabytes each. */
  readonly workBetween: (side: Side, before: Snapshot, after: Snapshot) => number;
}

export interface CountedLaunchSpec {
  readonly side: Side;
  /** Of all launches of the pass. */
  readonly number: number;
}

/** What one launch left: counters before and after, and what came with them. */
export interface CountedWindow extends CountedLaunchSpec {
  readonly counting: CountingRun;
  /** Around the stretch without requests, then around the requests. */
  readonly snapshots: Readonly<Record<'resting' | 'rested' | 'before' | 'after', Snapshot>>;
  readonly routes: NonNullable<ExactLaunch['routes']>;
  readonly windowSeconds: number;
  /** Of the launch, from its start to the last count. */
  readonly wallSeconds: number;
  readonly replies: Replies | null;
  readonly peakBytes: number | undefined;
}

/** The first launch showed that fewer requests fit into memory: counting begins anew. */
export class TooMany extends Error {
  readonly bytesPerRequest: number;

  constructor(bytesPerRequest: number) {
    super(`${bytesPerRequest} bytes per request`);
    this.bytesPerRequest = bytesPerRequest;
  }
}

/** Once more where chance may have done it; a second failure is a reason. */
export const countAgainIfNeeded = async (
  counting: CountingRun,
  launch: CountedLaunchSpec,
  facts: ExactFacts,
): Promise<CountedWindow> => {
  try {
    return await countLaunch(counting, launch, facts);
  } catch (error) {
    counting.session.plan.signal.throwIfAborted();
    const byChance =
      error instanceof CountingRefusal ? error.byChance : error instanceof GodynoError && !isNameless(error);
    if (!byChance) throw error;
    return countLaunch(counting, launch, facts);
  }
};

/** `work`, unless the service ends or uses more CPU time than a launch may. */
const whileItRuns = async <T>(target: RunningTarget, work: () => Promise<T>): Promise<T> => {
  const trouble = Promise.withResolvers<never>();
  void target.exited.then(({ asked }) => {
    if (!asked) trouble.reject(new CountingRefusal({ kind: 'ended', said: target.outputTail() }, true));
  });
  const watch = setInterval(() => {
    const cpuSeconds = (usedByUs([target.pid]) ?? 0) / 1e9;
    const limitSeconds = MOST_CPU_SECONDS;
    if (cpuSeconds > limitSeconds) trouble.reject(new CountingRefusal({ kind: 'slow', cpuSeconds, limitSeconds }));
  }, WATCH_MS);
  try {
    return await Promise.race([work(), trouble.promise]);
  } catch (error) {
    // Requests fail a moment before the end of their service is known.
    const exit = await Promise.race([target.exited, delay(ENDING_MS, null)]);
    throw exit === null || exit.asked ? error : new CountingRefusal({ kind: 'ended', said: target.outputTail() }, true);
  } finally {
    clearInterval(watch);
  }
};

/** Requests by number, one at a time, their answers dropped. */
const send = async (
  { place: { loader } }: CountingRun,
  side: Side,
  numbers: Pick<SingleLoop, 'first' | 'count' | 'pauseMs'>,
): Promise<void> => {
  await loader.single({ side, inFlight: 1, ...numbers });
};

/** As dense as the window, so that what happens beside requests there happens here. */
const warmUpLonger = async (counting: CountingRun, side: Side): Promise<void> => {
  const count = counting.pace.moreWarmUp;
  if (count > 0) await send(counting, side, { first: MORE_WARM_UP_FROM, count, pauseMs: PAUSE_MS });
};

/**
 * As many as will be counted, but those for waking it. Nobody measured how much garbage a request leaves where there were
 * no native launches: then the memory that the second few requests take tells whether all of them fit. (The first ones
 * fill the emulator's own.)
 */
const warmUp = async (counting: CountingRun, side: Side, pid: number, facts: ExactFacts): Promise<void> => {
  const { requests } = counting;
  const last = requests - WAKE_REQUESTS;
  if (facts.allocBytesPerRequest !== null) return send(counting, side, { first: 0, count: last });
  const probe = async (first: number): Promise<number> => {
    await send(counting, side, { first, count: PROBE_REQUESTS });
    return peakRssBytes(pid) ?? 0;
  };
  const begun = await probe(0);
  const grown = (await probe(PROBE_REQUESTS)) - begun;
  const bytesPerRequest = grown / PROBE_REQUESTS;
  if (countedRequests({ ...facts, allocBytesPerRequest: bytesPerRequest }) < requests)
    throw new TooMany(bytesPerRequest);
  const probed = 2 * PROBE_REQUESTS;
  if (last > probed) await send(counting, side, { first: probed, count: last - probed });
};

/** After the window, which they leave as it was: the same requests, route by route, at rest before and after each route. */
const countRoutes = async (
  counting: CountingRun,
  side: Side,
  countsFile: string,
  atRest: Snapshot,
): Promise<CountedWindow['routes']> => {
  if (counting.routes === undefined) return [];
  const { numbers: wanted, workBetween } = counting.routes;
  const counted: { route: number; requests: number; instructions: number }[] = [];
  let before = atRest;
  for (const [route, numbers] of wanted) {
    for (const first of numbers) await send(counting, side, { first, count: 1 });
    await delay(SETTLE_MS);
    const after = snapshot(countsFile);
    counted.push({ route, requests: numbers.length, instructions: workBetween(side, before, after) });
    before = after;
  }
  return counted;
};

const countLaunch = async (
  counting: CountingRun,
  { side, number }: CountedLaunchSpec,
  facts: ExactFacts,
): Promise<CountedWindow> => {
  const { session, engine, binaries, requests, place, pace, meanwhile } = counting;
  const startedMs = performance.now();
  const countsFile = join(session.socketDir, `counts-${number}`);
  const start: CountedStart = {
    binary: binaries[side],
    side,
    number,
    place,
    readyTimes: START_TIMES,
    requestTimeoutSeconds: PATIENCE_SECONDS,
    agentSocketDir: '',
    ...startOf(engine, countsFile),
  };
  try {
    return await withCountedTarget(session, start, async ({ target, attach }) =>
      whileItRuns(target, async () => {
        if (target.servingPids.join() !== String(target.pid)) throw new CountingRefusal(CHILD_SERVES);
        await attach();
        await warmUpLonger(counting, side);
        await Promise.all([warmUp(counting, side, target.pid, facts), meanwhile()]);
        await delay(SETTLE_MS);
        const resting = snapshot(countsFile);
        await delay(pace.idleMs);
        const rested = snapshot(countsFile);
        await send(counting, side, { first: requests - WAKE_REQUESTS, count: WAKE_REQUESTS });
        await delay(SETTLE_MS);
        const before = snapshot(countsFile);
        const beginMs = performance.now();
        const counted = {
          side,
          first: requests,
          count: requests,
          inFlight: 1,
          pauseMs: PAUSE_MS,
          replies: 'read',
        } as const;
        const { window, wallSeconds, replies } = await place.loader.single(counted);
        await delay(SETTLE_MS);
        const windowSeconds = (performance.now() - beginMs) / 1000;
        const after = snapshot(countsFile);
        const peakBytes = peakRssBytes(target.pid);
        const bad = window.planned - window.answered + window.failed;
        if (bad > 0) {
          const trouble = failedRequests(bad, window.planned, wallSeconds, facts, firstFailure(place.loader, side));
          throw new CountingRefusal(trouble);
        }
        const routes = await countRoutes(counting, side, countsFile, after);
        if (after.overflow !== null) throw new CountingRefusal({ kind: after.overflow, most: MOST_THREADS });
        const snapshots = { resting, rested, before, after };
        return {
          counting,
          side,
          number,
          snapshots,
          routes,
          windowSeconds,
          wallSeconds: (performance.now() - startedMs) / 1000,
          replies,
          peakBytes,
        };
      }),
    );
  } finally {
    await rm(countsFile, { force: true });
  }
};

const CHILD_SERVES = 'a child of the service takes requests, and the emulator counts only what it started itself';

const failedRequests = (
  failed: number,
  planned: number,
  wallSeconds: number,
  { cpuNsPerRequest }: ExactFacts,
  how: string | null,
): ExactTrouble => ({
  kind: 'failed',
  failed,
  planned,
  slowdown: cpuNsPerRequest === null ? null : wallSeconds / ((cpuNsPerRequest * planned) / 1e9),
  ...(how !== null && { how }),
});

const firstFailure = (loader: Loader, side: Side): string | null => {
  const first = loader.failedRequests().findLast((failed) => failed.side === side);
  return first === undefined ? null : `${first.request}: ${first.how}`;
};
