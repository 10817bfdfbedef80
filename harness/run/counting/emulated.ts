/**
 * The exact pass: both sides in turn under the emulator, the instructions of the same requests counted, as many launches
 * as the counts call for. What they mean is decided in `compare`.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type CountsLook, FIRST_LAUNCHES, judgeTotals, lookAtCounts, mergeCounts } from '../../compare/index.ts';
import { type GoTables, type QemuEngine, readGoTables } from '../../exact/index.ts';
import {
  type BySide,
  bothSides,
  type ExactLaunch,
  type ExactRun,
  SIDES,
  type TotalsLaunch,
} from '../../model/index.ts';
import { numbersByRoute } from '../../load/index.ts';
import { decodeProfile } from '../../profile/index.ts';
import type { Binary } from '../../service/index.ts';
import { buildExact, type ExactBinaries, FOR_EXACT_MODE } from './build.ts';
import { conditionsOf } from './conditions.ts';
import {
  countAgainIfNeeded,
  type CountedLaunchSpec,
  type CountedWindow,
  type CountingRun,
  type LaunchWaits,
  PATIENT_WAITS,
  TooMany,
  USUAL_WAITS,
} from './launch.ts';
import { type CountingPlaces, countsAtOnce, withPlaces } from './places.ts';
import { byFunction, inTotal, workBetween } from './reading.ts';
import { countedRequests, type ExactFacts, isNameless, orRefused } from './refusal.ts';
import { buildInOwnTime, hasTimeFor, type Pace, requireTimeFor, tellLaunch } from './time.ts';
import { inTurn } from './in-turn.ts';
import { loadPlan } from '../launch/load-plan.ts';
import { type CountsRead, type RunPlan, UNKNOWN_CHANGE } from '../session/plan.ts';
import { type Session, whileNothingIsMeasured } from '../session/session.ts';

/** Of the machine's memory, for one counted process. */
const MOST_MEMORY_SHARE = 0.5;

export interface ExactPass {
  readonly run: ExactRun;
  /** Of the last look; null: nothing was counted by function. */
  readonly read: CountsRead | null;
}

/** Counts both sides under the emulator. */
export const exactPass = async (session: Session, facts: ExactFacts, engine: QemuEngine): Promise<ExactPass> => {
  let read: CountsRead | null = null;
  const run = await orRefused(session, engine.kind, async () => {
    const counted = await count(session, facts, engine);
    read = counted.read;
    return counted.run;
  });
  // The tables of both programs are not wanted any more.
  collectOwnGarbage();
  return { run, read };
};

/**
 * A launch leaves some 60 MB of resolved addresses behind, and V8 would let those of six launches add up before it
 * collects them, and keep the pages afterwards: 340 MB instead of 200. Only its last resort gives them back.
 */
export const collectOwnGarbage: () => void = (() => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as (how: object) => void;
  return () => collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
})();

const count = async (session: Session, facts: ExactFacts, engine: QemuEngine): Promise<ExactPass> => {
  const requests = countedRequests(facts);
  const built = await buildInOwnTime(session, FOR_EXACT_MODE, async () => buildExact(session));
  return countBinaries(session, engine, built, requests, facts);
};

/** Launches of both sides in turn, as many as the counts call for. */
export const countBinaries = async (
  session: Session,
  engine: QemuEngine,
  { binaries, unsteadyReason }: ExactBinaries,
  requests: number,
  facts: ExactFacts,
): Promise<ExactPass> => {
  const atOnce = countsAtOnce(session) && fitBeside(facts);
  return withPlaces(session, atOnce, async (places) => {
    const counting: Counting = { session, engine, places, binaries, requests, pace: USUAL_WAITS };
    try {
      const tables = bothSides((side) => readGoTables(binaries[side].path));
      collectOwnGarbage();
      return await asFit(counting, facts, async (...fit) => countRounds(...fit, { tables, unsteadyReason }));
    } catch (error) {
      if (!isNameless(error)) throw error;
      const reasons = { unsteadyReason, namelessReason: withoutPaths(error.message, binaries) };
      return asFit(counting, facts, async (...fit) => ({ run: await countTotals(...fit, reasons), read: null }));
    }
  });
};

/** Each name takes about a fifth of a second of the one launch a side in which names are counted apart. */
const MOST_ROUTES = 8;
/** Counts of one name repeat to a few parts in a thousand over so many. */
const REQUESTS_OF_A_ROUTE = 12;

/** Of the counted requests, the first of each name; none where there is one name, or too many of them. */
const routesToCount = (session: Session, requests: number): ReadonlyMap<number, readonly number[]> => {
  const plan = loadPlan(session, { launch: 1, timeoutSeconds: 0, connections: 1 });
  const names = plan.requests.length;
  if (names < 2 || names > MOST_ROUTES) return new Map();
  const all = numbersByRoute(plan, requests, requests);
  return new Map([...all].map(([route, numbers]) => [route, numbers.slice(0, REQUESTS_OF_A_ROUTE)]));
};

/** What all launches of a pass share. */
interface Counting extends Omit<CountingRun, 'place' | 'meanwhile'> {
  readonly places: CountingPlaces;
}

/** Two services in memory take no requests away. */
const fitBeside = (facts: ExactFacts): boolean =>
  countedRequests({ ...facts, memoryBytes: facts.memoryBytes / 2 }) === countedRequests(facts);

/** Beside each other, as many as there are places; `work` is done while they warm up. */
const countBeside = async (
  { places, ...counting }: Counting,
  launches: readonly CountedLaunchSpec[],
  facts: ExactFacts,
  work: () => Promise<void>,
): Promise<readonly CountedWindow[]> => {
  let begun: Promise<void> | undefined;
  const meanwhile = async (): Promise<void> => (begun ??= work());
  const ended = await Promise.allSettled(
    launches.map(async (launch, index) =>
      countAgainIfNeeded({ ...counting, place: places[index] ?? places[0], meanwhile }, launch, facts),
    ),
  );
  return ended.map((each) => {
    if (each.status === 'rejected') throw each.reason;
    return each.value;
  });
};

export const withoutPaths = (text: string, { base, head }: BySide<Binary>): string =>
  [base.path, head.path].reduce((left, path) => left.replace(`${path}: `, ''), text);

/** Anew with fewer requests, where the first launch shows that not all of them fit into memory. */
const asFit = async <T>(
  counting: Counting,
  facts: ExactFacts,
  count: (counting: Counting, facts: ExactFacts) => Promise<T>,
): Promise<T> => {
  try {
    return await count(counting, facts);
  } catch (error) {
    if (!(error instanceof TooMany)) throw error;
    const known = { ...facts, allocBytesPerRequest: error.bytesPerRequest };
    return count({ ...counting, requests: countedRequests(known) }, known);
  }
};

/** Without names of functions: what all threads executed. */
const countTotals = async (
  counting: Counting,
  facts: ExactFacts,
  reasons: { readonly unsteadyReason: string | null; readonly namelessReason: string },
): Promise<ExactRun> => {
  const { session } = counting;
  const { scenario } = session.plan;
  const { cpuNsPerRequest } = facts;
  const run = (totals: readonly TotalsLaunch[]): ExactRun => ({
    engine: 'qemu',
    refusal: null,
    steady: reasons.unsteadyReason === null,
    ...reasons,
    launches: [],
    totals,
    warnings: [],
  });
  const totals = await inTurn(
    session,
    async (launch) => {
      const windows = await countBeside(counting, [launch], facts, async () => whileNothingIsMeasured(session));
      return inTotal(windows[0] as CountedWindow);
    },
    (counted) => judgeTotals({ run: run(counted), scenario, cpuNsPerRequest }).launchesWanted,
    facts.leaveSeconds,
  );
  return run(totals);
};

/** Without collection, twice the requests more need up to three times the memory. */
export const patientPace = (counted: readonly ExactLaunch[], { memoryBytes }: ExactFacts): LaunchWaits => {
  const { requests } = counted[0] ?? { requests: 1 };
  const peakBytes = Math.max(...counted.map(({ peakRssBytes }) => peakRssBytes ?? Infinity));
  const wantedBytes = peakBytes * (1 + PATIENT_WAITS.moreWarmUp / (2 * requests));
  return wantedBytes <= MOST_MEMORY_SHARE * memoryBytes ? PATIENT_WAITS : { ...PATIENT_WAITS, moreWarmUp: 0 };
};

const countRounds = async (
  counting: Counting,
  facts: ExactFacts,
  { tables, unsteadyReason }: { readonly tables: BySide<GoTables>; readonly unsteadyReason: string | null },
): Promise<ExactPass> => {
  const { session, engine, requests } = counting;
  const steady = unsteadyReason === null;
  const conditions = await conditionsOf(session, { engine, binary: counting.binaries.head, requests, steady });
  const run = (launches: readonly ExactLaunch[]): ExactRun => ({
    engine: 'qemu',
    refusal: null,
    steady,
    unsteadyReason,
    launches,
    conditions,
    warnings: [],
  });
  const counted: ExactLaunch[] = [];
  /** Their counts are large: they go as soon as they are read. */
  const unread: CountedWindow[] = [];
  const timed: Pick<CountedWindow, 'wallSeconds'>[] = [];
  const atOnce = counting.places.length;
  const soFar: Pace = { counted: timed, atOnce };
  const read = byFunction(tables);
  const numbers = facts.hasFired === true ? routesToCount(session, requests) : new Map<number, readonly number[]>();
  const routes = { numbers, workBetween: workBetween(tables) };
  const readAll = async (): Promise<void> => {
    for (let window = unread.shift(); window !== undefined; window = unread.shift()) {
      counted.push(await read(window));
      collectOwnGarbage();
    }
  };
  const seen: { refused: CountsRead | null } = { refused: null };
  let wanted = FIRST_LAUNCHES;
  let pace: LaunchWaits = USUAL_WAITS;
  for (let round = 0; ; round++) {
    // Sides change places from round to round.
    const sides = round % 2 === 0 ? SIDES : SIDES.toReversed();
    for (const beside of atOnce > 1 ? [sides] : sides.map((side) => [side])) {
      tellLaunch(session, soFar, wanted * SIDES.length, facts.leaveSeconds);
      const launches = beside.map((side, index) => ({ side, number: timed.length + index + 1 }));
      const work = async (): Promise<void> => {
        await readAll();
        // What is refused now is refused after more launches, too.
        if (round === 1) seen.refused ??= lookAt(session, run(counted), facts, ({ isRefused }) => isRefused);
        await whileNothingIsMeasured(session);
      };
      // Once is enough: what one name executes repeats to a few parts in ten thousand.
      const apart = round === wanted - 1 && numbers.size > 0 ? { routes } : {};
      const windows = await countBeside({ ...counting, pace, ...apart }, launches, facts, work);
      // Counters of every name came and went.
      if (apart.routes !== undefined) collectOwnGarbage();
      unread.push(...windows);
      timed.push(...windows.map(({ wallSeconds }) => ({ wallSeconds })));
      if (seen.refused !== null) return { run: seen.refused.reading.run, read: seen.refused };
      requireTimeFor(session, soFar, FIRST_LAUNCHES * SIDES.length, facts.leaveSeconds);
    }
    // In between nothing is decided: to look costs the reading of all profiles.
    if (round !== FIRST_LAUNCHES - 1 && round < wanted - 1) continue;
    await readAll();
    const enough = lookAt(session, run(counted), facts, ({ isRefused, isUnstable, launchesWanted }) => {
      if (isRefused || round !== FIRST_LAUNCHES - 1) return isRefused || round >= wanted - 1;
      // A change is only confirmed; launches that do not agree need time, and are no worse off without it.
      if (isUnstable) {
        pace = patientPace(counted, facts);
        if (!hasTimeFor(session, soFar, launchesWanted * SIDES.length, facts.leaveSeconds)) return true;
      } else requireTimeFor(session, soFar, launchesWanted * SIDES.length, facts.leaveSeconds);
      wanted = launchesWanted;
      return wanted === FIRST_LAUNCHES;
    });
    if (enough !== null) return { run: enough.reading.run, read: enough };
  }
};

export const withProfiles = ({ outDir }: RunPlan, launches: readonly ExactLaunch[]) =>
  launches.map((launch) => ({
    launch,
    profile: decodeProfile(readFileSync(join(outDir, launch.profile)), launch.profile),
  }));

/**
 * Null, unless `isEnough` says that these launches are all. Their profiles are read back for it: kept, those of six
 * launches would be most of our memory.
 */
const lookAt = (
  { plan }: Session,
  run: ExactRun,
  { modulePath = null, cpuMoved = null }: ExactFacts,
  isEnough: (look: CountsLook) => boolean,
): CountsRead | null => {
  const launches = withProfiles(plan, run.launches);
  const { scenario, change = UNKNOWN_CHANGE } = plan;
  const look = lookAtCounts({ run, launches, scenario, modulePath, cpuMoved, ...change });
  if (!isEnough(look)) return null;
  const reading = look.read();
  collectOwnGarbage();
  return { reading, merged: mergeCounts(launches) };
};
