/**
 * The exact pass where there is no emulator: both sides in turn at full speed, the same requests counted by the CPU's own
 * counter (totals) or by Go's coverage counters (calls). What it means is decided in `compare`.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Agent, connectAgent } from '../../capture/index.ts';
import { callsProfile, FIRST_LAUNCHES, judgeTotals } from '../../compare/index.ts';
import {
  callsBetween,
  COUNTED_GODEBUG,
  type PerfEngine,
  readCoverageCounters,
  readCoverageMeta,
  startPerfCounter,
} from '../../exact/index.ts';
import { type BySide, type CallsLaunch, type ExactRun, type Side, type TotalsLaunch } from '../../model/index.ts';
import { encodeProfile } from '../../profile/index.ts';
import {
  type Binary,
  linkBinary,
  linkedModules,
  modulesToCover,
  type RunningTarget,
  withCoverage,
} from '../../service/index.ts';
import { type CountedStart, withCountedTarget } from './target.ts';
import { buildExact, FOR_COUNTING, FOR_EXACT_MODE } from './build.ts';
import { buildInOwnTime } from './time.ts';
import { IDLE_MS, type CountedLaunchSpec, SETTLE_MS } from './launch.ts';
import { countedRequests, type ExactFacts, orRefused, CountingRefusal } from './refusal.ts';
import { inTurn } from './in-turn.ts';
import { folderOf } from '../../folders.ts';
import type { Session } from '../session/session.ts';
import { prepareSide } from '../session/side-build.ts';
import { type CountingPlace, onlyPlace } from './places.ts';

interface NativeCounting {
  readonly session: Session;
  readonly binaries: BySide<Binary>;
  readonly place: CountingPlace;
  readonly requests: number;
}

/** A service at rest after its warm-up. */
interface Resting {
  readonly target: RunningTarget;
  /** Sends the requests that are counted and waits until all is done; answers in seconds. */
  readonly send: () => Promise<number>;
}

const HANDSHAKE_SECONDS = 15;

const SEVERAL_SERVE = 'several processes of the service take the requests, and only one can be counted';

/** One fresh start, warmed up; stopped whatever `use` does. */
const withResting = async <T>(
  { session, binaries, place, requests }: NativeCounting,
  { side, number }: CountedLaunchSpec,
  agentSocketDir: string,
  use: (resting: Resting) => Promise<T>,
): Promise<T> => {
  const start: CountedStart = {
    binary: binaries[side],
    side,
    number,
    place,
    requestTimeoutSeconds: session.plan.scenario.load.timeoutSeconds,
    agentSocketDir,
    godebug: COUNTED_GODEBUG,
    // Go warns on stderr when coverage data has no place to go at the end; nobody reads what it leaves there.
    env: (tmp) => ({ GOCOVERDIR: tmp }),
  };
  return withCountedTarget(session, start, async ({ target, attach }) => {
    if (target.servingPids.length > 1) throw new CountingRefusal(SEVERAL_SERVE);
    await attach();
    const send = async (first: number): Promise<number> => {
      const startedMs = performance.now();
      const { window } = await place.loader.single({ side, first, count: requests, inFlight: 1 });
      await delay(SETTLE_MS);
      const bad = window.planned - window.answered + window.failed;
      if (bad > 0) throw new CountingRefusal(`${bad} of ${window.planned} requests failed on ${side}`);
      return (performance.now() - startedMs) / 1000;
    };
    await send(0);
    return use({ target, send: async () => send(requests) });
  });
};

const countTotal = async (
  counting: NativeCounting,
  place: CountedLaunchSpec,
  engine: PerfEngine,
): Promise<TotalsLaunch> => {
  const startedMs = performance.now();
  const { signal } = counting.session.plan;
  return withResting(counting, place, '', async ({ target, send }) => {
    const counter = await startPerfCounter(engine, target.servingPids[0], signal);
    try {
      const resting = await counter.read();
      await delay(IDLE_MS);
      const before = await counter.read();
      const windowSeconds = await send();
      const after = await counter.read();
      return {
        index: place.number,
        side: place.side,
        linkSeed: null,
        requests: counting.requests,
        instructions: after - before,
        windowSeconds,
        idleInstructions: before - resting,
        idleSeconds: IDLE_MS / 1000,
        wallSeconds: (performance.now() - startedMs) / 1000,
      };
    } finally {
      await counter.stop();
    }
  });
};

/** Totals by the CPU's own counter. */
export const totalsPass = async (session: Session, facts: ExactFacts, engine: PerfEngine): Promise<ExactRun> =>
  orRefused(session, 'perf', async () => {
    const { scenario } = session.plan;
    const requests = countedRequests(facts);
    const { binaries, unsteadyReason } = await buildInOwnTime(session, FOR_EXACT_MODE, async () => buildExact(session));
    const counting = { session, binaries, place: await onlyPlace(session), requests };
    const run = (totals: readonly TotalsLaunch[]): ExactRun => ({
      engine: 'perf',
      refusal: null,
      steady: unsteadyReason === null,
      unsteadyReason,
      launches: [],
      totals,
      warnings: [],
    });
    const { cpuNsPerRequest } = facts;
    return run(
      await inTurn(
        session,
        async (place) => countTotal(counting, place, engine),
        (totals) => judgeTotals({ run: run(totals), scenario, cpuNsPerRequest }).launchesWanted,
        facts.leaveSeconds,
      ),
    );
  });

const buildCovered = async ({ plan, prepared }: Session): Promise<BySide<Binary>> => {
  const workDir = join(plan.workDir, 'cover');
  const prepare = async (side: Side) => prepareSide(plan, side, { go: prepared[side].facts.go, workDir }, 'covered');
  const builds = { base: await prepare('base'), head: await prepare('head') };
  const linked = async (side: Side) => linkedModules(builds[side], plan.trees[side].rootDir, plan.signal);
  const modules = modulesToCover({ base: await linked('base'), head: await linked('head') });
  const link = async (side: Side): Promise<Binary> =>
    linkBinary(withCoverage(builds[side], modules), FOR_COUNTING, plan.signal);
  return { base: await link('base'), head: await link('head') };
};

const countersOf = async (agent: Agent) => readCoverageCounters(await agent.coverage('counters'));

const countCalls = async (counting: NativeCounting, place: CountedLaunchSpec): Promise<CallsLaunch> => {
  const startedMs = performance.now();
  const { session, requests } = counting;
  const { plan, socketDir } = session;
  return withResting(counting, place, socketDir, async ({ target, send }) => {
    const agent = await connectAgent({
      socketDir,
      pid: target.servingPids[0],
      timeoutSeconds: HANDSHAKE_SECONDS,
      signal: plan.signal,
    });
    try {
      const meta = readCoverageMeta(await agent.coverage('meta'));
      const before = await countersOf(agent);
      await send();
      const profile = callsProfile(callsBetween(meta, before, await countersOf(agent)));
      const folder = join('profiles', folderOf(plan.scenario.name), place.side, `exact-${place.number}`);
      const file = join(folder, 'calls.pb.gz');
      await mkdir(dirname(join(plan.outDir, file)), { recursive: true });
      await writeFile(join(plan.outDir, file), encodeProfile(profile));
      return {
        index: place.number,
        side: place.side,
        linkSeed: null,
        requests,
        profile: file,
        wallSeconds: (performance.now() - startedMs) / 1000,
      };
    } finally {
      agent.close();
    }
  });
};

/** Calls by Go's coverage counters; `instead`: why instructions are not counted. */
export const callsPass = async (session: Session, facts: ExactFacts, instead: string): Promise<ExactRun> => {
  const run = await orRefused(session, 'cover', async () => countBothSides(session, facts, instead));
  // Neither calls nor instructions: what installs the better engine is still worth saying.
  return run.refusal === null ? run : { ...run, refusal: `${run.refusal}; instructions: ${instead}` };
};

const countBothSides = async (session: Session, facts: ExactFacts, instead: string): Promise<ExactRun> => {
  const requests = countedRequests(facts);
  const text = 'building with coverage counters, which tell how often functions are called';
  const binaries = await buildInOwnTime(session, text, async () => buildCovered(session));
  const counting = { session, binaries, place: await onlyPlace(session), requests };
  const calls = await inTurn(
    session,
    async (place) => countCalls(counting, place),
    () => FIRST_LAUNCHES,
    facts.leaveSeconds,
  );
  return {
    engine: 'cover',
    refusal: null,
    steady: false,
    unsteadyReason: null,
    launches: [],
    calls,
    warnings: [`Calls were counted, not instructions: ${instead}.`],
  };
};
