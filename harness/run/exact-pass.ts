/**
 * The exact pass: both sides in turn under the emulator, the instructions of the same requests counted. Started by
 * `target`, loaded by `load`, counted by `exact`; what it means is decided in `compare`. Whatever goes wrong here is a
 * refusal with its reason, never the end of the run.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { peakRssBytes, usedByUs } from '../capture/index.ts';
import {
  exactRequests,
  type ExactFindings,
  type ExactTrouble,
  instructionsProfile,
  judgeExact,
  refusalText,
} from '../compare/index.ts';
import { GodynoError } from '../errors.ts';
import {
  countsBetween,
  type GoTables,
  type QemuEngine,
  readGoTables,
  snapshot,
  startOf,
  steadyRuntime,
} from '../exact/index.ts';
import { sendPrepare } from '../load/index.ts';
import {
  type BySide,
  bothSides,
  type ExactEngine,
  type ExactLaunch,
  type ExactRun,
  type Side,
  SIDES,
} from '../model/index.ts';
import { decodeProfile, encodeProfile, type Profile } from '../profile/index.ts';
import {
  type Binary,
  freePorts,
  linkBinary,
  linkCacheFolder,
  prepareBuild,
  type PreparedBuild,
  type RunningTarget,
  startTarget,
} from '../target/index.ts';
import { folderOf } from './live.ts';
import type { RunPlan } from './plan.ts';
import { mixSeed } from './seeds.ts';
import type { Session } from './session.ts';

export interface ExactFacts {
  /** Of the base, measured natively; null where it was not. */
  readonly cpuNsPerRequest: number | null;
  readonly allocBytesPerRequest: number | null;
  readonly memoryBytes: number;
}

/** Enough for what an answer leaves to do: closing, waking, sleeping again. */
export const SETTLE_MS = 30;
/** Counted without requests before each window: what the clock drives. */
export const IDLE_MS = 200;
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
export const FIRST_ROUNDS = 3;
/** Twice as many are the fewest that are ever counted (harness/compare). */
const PROBE_REQUESTS = 10;

interface Counting {
  readonly session: Session;
  readonly engine: QemuEngine;
  /** The same for all launches: answers may hold it. */
  readonly port: number;
  readonly binaries: BySide<Binary>;
  readonly tables: BySide<GoTables>;
  readonly requests: number;
}

export class Refusal extends Error {
  /** Whether another try may go better. */
  readonly byChance: boolean;

  constructor(trouble: ExactTrouble | string, byChance = false) {
    super(typeof trouble === 'string' ? trouble : refusalText(trouble));
    this.byChance = byChance;
  }
}

export const refused = (engine: ExactEngine, refusal: string): ExactRun => ({
  engine,
  refusal,
  steady: false,
  unsteadyReason: null,
  launches: [],
  warnings: [],
});

export interface ExactPass {
  readonly run: ExactRun;
  /** The function that the counts blame; null when they blame none. */
  readonly culprit: string | null;
}

/** Only an abort throws; everything else that fails is the reason why there is no verdict. */
export const orRefused = async (
  { plan }: Session,
  engine: ExactEngine,
  count: () => Promise<ExactRun>,
): Promise<ExactRun> => {
  try {
    return await count();
  } catch (error) {
    plan.signal.throwIfAborted();
    if (error instanceof Refusal) return refused(engine, error.message);
    if (error instanceof GodynoError) return refused(engine, firstLine(error.message));
    throw error;
  }
};

/** Counts both sides under the emulator. */
export const exactPass = async (session: Session, facts: ExactFacts, engine: QemuEngine): Promise<ExactPass> => {
  let culprit: string | null = null;
  const run = await orRefused(session, engine.kind, async () => {
    const counted = await count(session, facts, engine);
    culprit = counted.culprit;
    return counted.run;
  });
  return { run, culprit };
};

/**
 * A launch leaves some 60 MB of resolved addresses behind, and V8 would let those of six launches add up before it
 * collects them: 365 MB instead of about 200.
 */
const collectOwnGarbage: () => void = (() => {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
})();

/** The first launch showed that fewer requests fit into memory: counting begins anew. */
class TooMany extends Error {
  readonly bytesPerRequest: number;

  constructor(bytesPerRequest: number) {
    super(`${bytesPerRequest} bytes per request`);
    this.bytesPerRequest = bytesPerRequest;
  }
}

const firstLine = (text: string): string => text.split('\n')[0] ?? text;

/** How many are counted, after as many of warm-up. Throws a {@link Refusal} when they would not fit into memory. */
export const countedRequests = ({ allocBytesPerRequest, memoryBytes }: ExactFacts): number => {
  const requests = exactRequests(allocBytesPerRequest, memoryBytes);
  if (requests !== null) return requests;
  throw new Refusal({ kind: 'memory', bytesPerRequest: allocBytesPerRequest ?? 0, memoryBytes });
};

const count = async (session: Session, facts: ExactFacts, engine: QemuEngine): Promise<ExactPass> => {
  const { plan } = session;
  const requests = countedRequests(facts);
  const buildMs = performance.now();
  plan.onProgress({
    kind: 'note',
    text: 'building for exact mode (the first time with a Go version, its standard library, too)',
  });
  const built = await buildExact(session);
  const buildSeconds = (performance.now() - buildMs) / 1000;
  session.clock.exclude(buildSeconds);
  plan.onProgress({ kind: 'built', seconds: buildSeconds });
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
  const [port = 0] = await freePorts(1);
  const counting: Counting = {
    session,
    engine,
    port: session.prepared.head.spec.port ?? port,
    binaries,
    tables: bothSides((side) => readGoTables(binaries[side].path)),
    requests,
  };
  try {
    return await countRounds(counting, unsteadyReason, facts);
  } catch (error) {
    if (!(error instanceof TooMany)) throw error;
    const known = { ...facts, allocBytesPerRequest: error.bytesPerRequest };
    const fit = countedRequests(known);
    return countRounds({ ...counting, requests: fit }, unsteadyReason, known);
  }
};

const countRounds = async (
  counting: Counting,
  unsteadyReason: string | null,
  facts: ExactFacts,
): Promise<ExactPass> => {
  const { session } = counting;
  const { plan } = session;
  const run = (launches: readonly ExactLaunch[]): ExactRun => ({
    engine: 'qemu',
    refusal: null,
    steady: unsteadyReason === null,
    unsteadyReason,
    launches,
    warnings: [],
  });
  const counted: ExactLaunch[] = [];
  let culprit: string | null = null;
  for (let rounds = FIRST_ROUNDS, round = 0; round < rounds; round++) {
    for (const side of round % 2 === 0 ? SIDES : SIDES.toReversed()) {
      plan.onProgress({
        kind: 'launch',
        stage: 'exact',
        number: counted.length + 1,
        secondsLeft: session.clock.secondsLeft(),
      });
      counted.push(await countAgainIfNeeded(counting, side, counted.length + 1, facts));
      collectOwnGarbage();
    }
    const found = judgeSoFar(session, run(counted), facts);
    collectOwnGarbage();
    culprit = found.attribution?.culprit ?? null;
    // What is refused now is refused after more launches, too.
    if (found.exact.refusal !== null) break;
    if (round >= FIRST_ROUNDS - 1) rounds = found.launchesWanted;
  }
  return { run: run(counted), culprit };
};

/** The profiles are read back for it: kept, those of six launches would be most of our memory. */
const judgeSoFar = ({ plan }: Session, run: ExactRun, { cpuNsPerRequest }: ExactFacts): ExactFindings => {
  const launches = run.launches.map((launch) => ({
    launch,
    profile: decodeProfile(readFileSync(join(plan.outDir, launch.profile)), launch.profile),
  }));
  const { scenario } = plan;
  const nothing = { diff: [], moduleChanges: [], modulePath: null };
  return judgeExact({ run, launches, scenario, cpuNsPerRequest, ...nothing });
};

/** The user's planted overlay, if any, with the runtime's patches: `go build` takes one overlay only. */
const overlayWith = (planted: string | null, replace: Readonly<Record<string, string>>, file: string): string => {
  const own =
    planted === null ? {} : (JSON.parse(readFileSync(planted, 'utf8')) as { Replace?: Record<string, string> });
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify({ Replace: { ...own.Replace, ...replace } }));
  return file;
};

export interface ExactBinaries {
  readonly binaries: BySide<Binary>;
  /** Why the runtime's dice are in; null when they were taken out. */
  readonly unsteadyReason: string | null;
}

/** Binaries of their own, with the runtime's dice taken out where this Go can be patched. */
export const buildExact = async (session: Session): Promise<ExactBinaries> => {
  const goroot = session.prepared.head.facts.goEnv['GOROOT'] ?? '';
  const base = await prepareExact(session.plan, goroot, 'base');
  const head = await prepareExact(session.plan, goroot, 'head');
  const link = async ({ build }: ExactBuild): Promise<Binary> =>
    linkBinary(build, { linkSeed: null, cpus: null }, session.plan.signal);
  return { binaries: { base: await link(base), head: await link(head) }, unsteadyReason: head.unsteadyReason };
};

export interface ExactBuild {
  readonly build: PreparedBuild;
  readonly unsteadyReason: string | null;
}

/** One side's build with the runtime's patches and the user's planted overlay; linked by the caller. */
export const prepareExact = async (plan: RunPlan, goroot: string, side: Side): Promise<ExactBuild> => {
  const workDir = join(plan.workDir, 'exact');
  const steady = steadyRuntime(goroot, join(workDir, 'runtime'));
  const planted = plan.overlays?.[side] ?? null;
  const overlay =
    typeof steady === 'string' ? planted : overlayWith(planted, steady.replace, join(workDir, `${side}.json`));
  const build = await prepareBuild({
    side,
    sourceDir: plan.trees[side].rootDir,
    moduleDir: plan.trees[side].moduleDir,
    revision: plan.trees[side].revision,
    spec: plan.scenario.target,
    overlay,
    workDir,
    signal: plan.signal,
  });
  return { build, unsteadyReason: typeof steady === 'string' ? steady : null };
};

const startCounted = async (
  { session, engine, port, binaries }: Counting,
  side: Side,
  number: number,
  file: string,
) => {
  const { plan, settings, prepared } = session;
  const { prefix, godebug } = startOf(engine, file);
  const { target } = plan.scenario;
  const tmp = join(plan.workDir, `x${number}`, side);
  await mkdir(tmp, { recursive: true });
  return startTarget({
    binary: binaries[side],
    spec: {
      ...target,
      gogc: 'off',
      gomemlimit: 'off',
      ready: { ...target.ready, timeoutSeconds: START_TIMES * target.ready.timeoutSeconds },
      env: { ...target.env, GODEBUG: withDebug(target.env['GODEBUG'], godebug) },
    },
    side,
    port,
    tmp,
    cpus: settings.pinned ? settings.targetCpus : null,
    gomaxprocs: 1,
    logFile: join(plan.outDir, 'logs', folderOf(plan.scenario.name), `${side}-exact-${number}.log`),
    // Empty: the agent in the binary stays inert.
    agentSocketDir: '',
    moduleDir: binaries[side].build.facts.moduleDir,
    setupDir: prepared.head.facts.moduleDir,
    prefix,
    signal: plan.signal,
  });
};

export const withDebug = (own: string | undefined, ours: string): string =>
  own === undefined || own === '' ? ours : `${own},${ours}`;

/** Once more where chance may have done it; a second failure is a reason. */
const countAgainIfNeeded = async (...launch: Parameters<typeof countLaunch>): Promise<ExactLaunch> => {
  try {
    return await countLaunch(...launch);
  } catch (error) {
    launch[0].session.plan.signal.throwIfAborted();
    const byChance = error instanceof Refusal ? error.byChance : error instanceof GodynoError;
    if (!byChance) throw error;
    return countLaunch(...launch);
  }
};

/** `work`, unless the service ends or uses more CPU time than a launch may. */
const whileItRuns = async <T>(target: RunningTarget, work: () => Promise<T>): Promise<T> => {
  const trouble = Promise.withResolvers<never>();
  void target.exited.then(({ asked }) => {
    if (!asked) trouble.reject(new Refusal({ kind: 'ended', said: target.outputTail() }, true));
  });
  const watch = setInterval(() => {
    const cpuSeconds = (usedByUs([target.pid]) ?? 0) / 1e9;
    const limitSeconds = MOST_CPU_SECONDS;
    if (cpuSeconds > limitSeconds) trouble.reject(new Refusal({ kind: 'slow', cpuSeconds, limitSeconds }));
  }, WATCH_MS);
  try {
    return await Promise.race([work(), trouble.promise]);
  } catch (error) {
    // Requests fail a moment before the end of their service is known.
    const exit = await Promise.race([target.exited, delay(ENDING_MS, null)]);
    throw exit === null || exit.asked ? error : new Refusal({ kind: 'ended', said: target.outputTail() }, true);
  } finally {
    clearInterval(watch);
  }
};

/**
 * As many as will be counted. Nobody measured how much garbage a request leaves where there were no native launches: then
 * the memory that the second ten requests take tells whether all of them fit. (The first ten fill the emulator's own.)
 */
const warmUp = async ({ session, requests }: Counting, side: Side, pid: number, facts: ExactFacts): Promise<void> => {
  const { loader } = session;
  const send = async (first: number, upTo: number): Promise<number> => {
    await loader.single({ side, first, count: upTo - first, inFlight: 1 });
    return peakRssBytes(pid) ?? 0;
  };
  if (facts.allocBytesPerRequest !== null) return void (await send(0, requests));
  const begun = await send(0, PROBE_REQUESTS);
  const grown = (await send(PROBE_REQUESTS, 2 * PROBE_REQUESTS)) - begun;
  const bytesPerRequest = grown / PROBE_REQUESTS;
  if (countedRequests({ ...facts, allocBytesPerRequest: bytesPerRequest }) < requests)
    throw new TooMany(bytesPerRequest);
  await send(2 * PROBE_REQUESTS, requests);
};

const countLaunch = async (counting: Counting, side: Side, number: number, facts: ExactFacts): Promise<ExactLaunch> => {
  const { session, requests, tables, port } = counting;
  const { plan, loader } = session;
  const startedMs = performance.now();
  const countsFile = join(session.socketDir, `counts-${number}`);
  const target = await startCounted(counting, side, number, countsFile);
  try {
    return await whileItRuns(target, async () => {
      const { requests: mix, data, prepare } = plan.scenario.load;
      const placed = { host: '127.0.0.1', port, timeoutSeconds: PATIENCE_SECONDS, signal: plan.signal };
      const values = await sendPrepare({ ...placed, requests: prepare, values: { tmp: target.tmp } });
      await loader.attach({
        targets: { [side]: { host: placed.host, port, values: { ...values, tmp: target.tmp } } },
        plan: {
          seed: mixSeed(plan.seed, 'schedule'),
          launch: 1,
          requests: mix,
          data,
          timeoutSeconds: PATIENCE_SECONDS,
          connections: 1,
        },
      });
      await warmUp(counting, side, target.pid, facts);
      await delay(SETTLE_MS);
      const resting = snapshot(countsFile);
      await delay(IDLE_MS);
      const before = snapshot(countsFile);
      const beginMs = performance.now();
      const counted = { side, first: requests, count: requests, inFlight: 1, replies: 'read' } as const;
      const { window, wallSeconds, replies } = await loader.single(counted);
      await delay(SETTLE_MS);
      const windowSeconds = (performance.now() - beginMs) / 1000;
      const after = snapshot(countsFile);
      const bad = window.planned - window.answered + window.failed;
      if (bad > 0) {
        const trouble = failedRequests(bad, window.planned, wallSeconds, facts);
        throw new Refusal(trouble);
      }
      const program = { tables: tables[side], arch: process.arch };
      const counts = countsBetween(before, after, program);
      if (counts.overflow !== null) throw new Refusal({ kind: counts.overflow, most: MOST_THREADS });
      const profile = instructionsProfile(counts.stacks, countsBetween(resting, before, program).stacks);
      return {
        index: number,
        side,
        linkSeed: null,
        requests,
        groups: counts.groups,
        windowSeconds,
        idleSeconds: IDLE_MS / 1000,
        syscalls: counts.syscalls,
        threads: counts.threads,
        ...(replies === null ? {} : { replies }),
        profile: await saveProfile(session, side, number, profile),
        wallSeconds: (performance.now() - startedMs) / 1000,
      };
    });
  } finally {
    await loader.detach().catch(() => undefined);
    await target.stop();
    await rm(countsFile, { force: true });
    await rm(join(plan.workDir, `x${number}`), { recursive: true, force: true });
  }
};

const failedRequests = (
  failed: number,
  planned: number,
  wallSeconds: number,
  { cpuNsPerRequest }: ExactFacts,
): ExactTrouble => ({
  kind: 'failed',
  failed,
  planned,
  slowdown: cpuNsPerRequest === null ? null : wallSeconds / ((cpuNsPerRequest * planned) / 1e9),
});

const saveProfile = async ({ plan }: Session, side: Side, number: number, profile: Profile): Promise<string> => {
  const file = join('profiles', folderOf(plan.scenario.name), side, `exact-${number}`, 'instructions.pb.gz');
  await mkdir(dirname(join(plan.outDir, file)), { recursive: true });
  await writeFile(join(plan.outDir, file), encodeProfile(profile));
  return file;
};
