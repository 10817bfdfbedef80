/**
 * Head counted alone: for a baseline that keeps the counts, or for comparison with one that did. As many launches as a
 * side has where a change is confirmed, since nobody can count more of the other side later.
 */
import { CONFIRMED_LAUNCHES, doAgree, FIRST_LAUNCHES, whyOtherCounts } from '../../compare/index.ts';
import { type GoTables, type QemuEngine, readGoTables } from '../../exact/index.ts';
import type { CountConditions, ExactLaunch, ExactRun } from '../../model/index.ts';
import { type Binary, linkBinary } from '../../service/index.ts';
import { numbersByRoute } from '../../load/index.ts';
import { loadPlan } from '../launch/load-plan.ts';
import { type Session, whileNothingIsMeasured } from '../session/session.ts';
import { tellStages } from '../session/side-build.ts';
import { FOR_COUNTING, FOR_EXACT_MODE, prepareExact } from './build.ts';
import { conditionsOf } from './conditions.ts';
import { collectOwnGarbage, patientPace, withoutPaths, withProfiles } from './emulated.ts';
import { countAgainIfNeeded, type CountingRun, type LaunchWaits, TooMany, USUAL_WAITS } from './launch.ts';
import { onlyPlace } from './places.ts';
import { byFunction, workBetween } from './reading.ts';
import { countedRequests, CountingRefusal, type ExactFacts, isNameless, orRefused } from './refusal.ts';
import { buildInOwnTime, hasTimeFor, type Pace, requireTimeFor, tellLaunch } from './time.ts';

const LINKED = 'head';

/** As counted before, where it is to be compared with that; else as this run is. */
const withSeedOf = (session: Session, as: CountConditions | undefined): Session =>
  as === undefined ? session : { ...session, plan: { ...session.plan, seed: as.seed } };

/** Exactly as many as before, or not at all. */
const requestsFor = (facts: ExactFacts, as: CountConditions | undefined): number => {
  const fitting = countedRequests(facts);
  if (as === undefined) return fitting;
  if (fitting >= as.requests) return as.requests;
  throw new CountingRefusal(
    `the baseline counted ${as.requests} requests, of which the memory of this machine holds ${fitting}`,
  );
};

interface Alone {
  readonly binary: Binary;
  readonly unsteadyReason: string | null;
}

const buildAlone = async ({ plan, prepared }: Session): Promise<Alone> => {
  const { build, unsteadyReason } = await prepareExact(plan, prepared.head, LINKED);
  const binary = await linkBinary(build, { ...FOR_COUNTING, onStage: tellStages(plan, LINKED) }, plan.signal);
  return { binary, unsteadyReason };
};

/** Those that agree, or as many more that take their time. */
const countHead = async (
  counting: CountingRun,
  tables: GoTables,
  steady: boolean,
  facts: ExactFacts,
): Promise<readonly ExactLaunch[]> => {
  const { session } = counting;
  const counted: ExactLaunch[] = [];
  const soFar: Pace = { counted, atOnce: 1 };
  const read = byFunction({ base: tables, head: tables });
  const count = async (launches: number, pace: LaunchWaits): Promise<void> => {
    while (counted.length < launches) {
      tellLaunch(session, soFar, launches);
      const launch = { side: LINKED, number: counted.length + 1 } as const;
      counted.push(await read(await countAgainIfNeeded({ ...counting, pace }, launch, facts)));
      collectOwnGarbage();
    }
  };
  await count(1, USUAL_WAITS);
  requireTimeFor(session, soFar, CONFIRMED_LAUNCHES);
  await count(CONFIRMED_LAUNCHES, USUAL_WAITS);
  const more = CONFIRMED_LAUNCHES + FIRST_LAUNCHES;
  if (!doAgree(withProfiles(session.plan, counted), steady) && hasTimeFor(session, soFar, more)) {
    await count(more, patientPace(counted, facts));
  }
  return counted;
};

const countAlone = async (
  given: Session,
  facts: ExactFacts,
  engine: QemuEngine,
  as: CountConditions | undefined,
): Promise<ExactRun> => {
  const session = withSeedOf(given, as);
  const requests = requestsFor(facts, as);
  const { binary, unsteadyReason } = await buildInOwnTime(session, FOR_EXACT_MODE, async () => buildAlone(session));
  const steady = unsteadyReason === null;
  const conditions = await conditionsOf(session, { engine, binary, requests, steady });
  const other = as === undefined ? null : whyOtherCounts(as, conditions);
  if (other !== null) throw new CountingRefusal(other);
  const binaries = { base: binary, head: binary };
  const place = await onlyPlace(session);
  const replayed = loadPlan(session, { launch: 1, timeoutSeconds: 0, connections: 1 });
  const numbers = numbersByRoute(replayed, requests, requests);
  const meanwhile = async (): Promise<void> => whileNothingIsMeasured(session);
  try {
    const tables = readGoTables(binary.path);
    const routes = { numbers, workBetween: workBetween({ base: tables, head: tables }) };
    const counting: CountingRun = { session, engine, place, binaries, requests, routes, pace: USUAL_WAITS, meanwhile };
    const launches = await countHead(counting, tables, steady, facts);
    return { engine: 'qemu', refusal: null, steady, unsteadyReason, launches, conditions, warnings: [] };
  } catch (error) {
    if (isNameless(error)) throw new CountingRefusal(withoutPaths(error.message, binaries));
    if (error instanceof TooMany) throw new CountingRefusal('fewer requests fit into memory than were to be counted');
    throw error;
  }
};

/** `as`: what it is to be compared with was counted so; refused where that cannot be done here. */
export const alonePass = async (
  session: Session,
  facts: ExactFacts,
  engine: QemuEngine,
  as: CountConditions | undefined,
): Promise<ExactRun> => orRefused(session, engine.kind, async () => countAlone(session, facts, engine, as));
