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
import { exactRequests, instructionsProfile, judgeExact, refusalText } from '../compare/index.ts';
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
import { type Binary, freePorts, linkBinary, prepareBuild, startTarget } from '../target/index.ts';
import { folderOf } from './live.ts';
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
/** A request takes 9 to 18 times as long under the emulator. */
const PATIENCE_SECONDS = 60;
export const FIRST_ROUNDS = 3;

interface Counting {
  readonly session: Session;
  readonly engine: QemuEngine;
  /** The same for all launches: answers may hold it. */
  readonly port: number;
  readonly binaries: BySide<Binary>;
  readonly tables: BySide<GoTables>;
  readonly requests: number;
}

export class Refusal extends Error {}

export const refused = (engine: ExactEngine, refusal: string): ExactRun => ({
  engine,
  refusal,
  steady: false,
  unsteadyReason: null,
  launches: [],
  warnings: [],
});

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
export const exactPass = async (session: Session, facts: ExactFacts, engine: QemuEngine): Promise<ExactRun> =>
  orRefused(session, engine.kind, async () => count(session, facts, engine));

/**
 * A launch leaves some 60 MB of resolved addresses behind, and V8 would let those of six launches add up before it
 * collects them: 365 MB instead of about 200.
 */
const collectOwnGarbage: () => void = (() => {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
})();

const firstLine = (text: string): string => text.split('\n')[0] ?? text;

/** How many are counted, after as many of warm-up. Throws a {@link Refusal} when they would not fit into memory. */
export const countedRequests = ({ allocBytesPerRequest, memoryBytes }: ExactFacts): number => {
  const requests = exactRequests(allocBytesPerRequest, memoryBytes);
  if (requests !== null) return requests;
  throw new Refusal(refusalText({ kind: 'memory', bytesPerRequest: allocBytesPerRequest ?? 0, fit: 0 }));
};

const count = async (session: Session, facts: ExactFacts, engine: QemuEngine): Promise<ExactRun> => {
  const { plan } = session;
  const requests = countedRequests(facts);
  const buildMs = performance.now();
  plan.onProgress({
    kind: 'note',
    text: 'building for exact mode (the first time with a Go version, its standard library, too)',
  });
  const { binaries, unsteadyReason } = await buildExact(session);
  const buildSeconds = (performance.now() - buildMs) / 1000;
  session.clock.exclude(buildSeconds);
  plan.onProgress({ kind: 'built', seconds: buildSeconds });
  const [port = 0] = await freePorts(1);
  const counting: Counting = {
    session,
    engine,
    port: session.prepared.head.spec.port ?? port,
    binaries,
    tables: bothSides((side) => readGoTables(binaries[side].path)),
    requests,
  };
  const run = (launches: readonly ExactLaunch[]): ExactRun => ({
    engine: 'qemu',
    refusal: null,
    steady: unsteadyReason === null,
    unsteadyReason,
    launches,
    warnings: [],
  });
  const counted: ExactLaunch[] = [];
  for (let rounds = FIRST_ROUNDS, round = 0; round < rounds; round++) {
    for (const side of round % 2 === 0 ? SIDES : SIDES.toReversed()) {
      plan.onProgress({
        kind: 'launch',
        stage: 'exact',
        number: counted.length + 1,
        secondsLeft: session.clock.secondsLeft(),
      });
      counted.push(await countLaunch(counting, side, counted.length + 1, facts));
      collectOwnGarbage();
    }
    if (round === FIRST_ROUNDS - 1) rounds = wantedRounds(session, run(counted), facts);
  }
  return run(counted);
};

/** The profiles are read back for it: kept, those of six launches would be most of our memory. */
const wantedRounds = ({ plan }: Session, run: ExactRun, { cpuNsPerRequest }: ExactFacts): number => {
  const launches = run.launches.map((launch) => ({
    launch,
    profile: decodeProfile(readFileSync(join(plan.outDir, launch.profile)), launch.profile),
  }));
  const { scenario } = plan;
  const nothing = { diff: [], moduleChanges: [], modulePath: null };
  return judgeExact({ run, launches, scenario, cpuNsPerRequest, ...nothing }).launchesWanted;
};

/** The user's planted overlay, if any, with the runtime's patches: `go build` takes one overlay only. */
const overlayWith = (planted: string | null, replace: Readonly<Record<string, string>>, file: string): string => {
  const own =
    planted === null ? {} : (JSON.parse(readFileSync(planted, 'utf8')) as { Replace?: Record<string, string> });
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify({ Replace: { ...own.Replace, ...replace } }));
  return file;
};

/** Binaries of their own, with the runtime's dice taken out where this Go can be patched. */
export const buildExact = async (
  session: Session,
): Promise<{ readonly binaries: BySide<Binary>; readonly unsteadyReason: string | null }> => {
  const { plan, prepared } = session;
  const workDir = join(plan.workDir, 'exact');
  const goroot = prepared.head.facts.goEnv['GOROOT'] ?? '';
  const steady = steadyRuntime(goroot, join(workDir, 'runtime'));
  const build = async (side: Side): Promise<Binary> => {
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
    return linkBinary(build, { linkSeed: null, cpus: null }, plan.signal);
  };
  const binaries = { base: await build('base'), head: await build('head') };
  return { binaries, unsteadyReason: typeof steady === 'string' ? steady : null };
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

const countLaunch = async (counting: Counting, side: Side, number: number, facts: ExactFacts): Promise<ExactLaunch> => {
  const { session, requests, tables, port } = counting;
  const { plan, loader } = session;
  const startedMs = performance.now();
  const countsFile = join(session.socketDir, `counts-${number}`);
  const target = await startCounted(counting, side, number, countsFile);
  try {
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
    await loader.single({ side, first: 0, count: requests, inFlight: 1 });
    await delay(SETTLE_MS);
    const resting = snapshot(countsFile);
    await delay(IDLE_MS);
    const before = snapshot(countsFile);
    const beginMs = performance.now();
    const { window, wallSeconds } = await loader.single({ side, first: requests, count: requests, inFlight: 1 });
    await delay(SETTLE_MS);
    const windowSeconds = (performance.now() - beginMs) / 1000;
    const after = snapshot(countsFile);
    const bad = window.planned - window.answered + window.failed;
    if (bad > 0) throw new Refusal(failedText(bad, window.planned, wallSeconds, facts));
    const program = { tables: tables[side], arch: process.arch };
    const counts = countsBetween(before, after, program);
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
      profile: await saveProfile(session, side, number, profile),
      wallSeconds: (performance.now() - startedMs) / 1000,
    };
  } finally {
    await loader.detach().catch(() => undefined);
    await target.stop();
    await rm(countsFile, { force: true });
    await rm(join(plan.workDir, `x${number}`), { recursive: true, force: true });
  }
};

const failedText = (failed: number, planned: number, wallSeconds: number, { cpuNsPerRequest }: ExactFacts): string => {
  const native = ((cpuNsPerRequest ?? 1e6) * planned) / 1e9;
  return refusalText({ kind: 'failed', failed, planned, slowdown: wallSeconds / native });
};

const saveProfile = async ({ plan }: Session, side: Side, number: number, profile: Profile): Promise<string> => {
  const file = join('profiles', folderOf(plan.scenario.name), side, `exact-${number}`, 'instructions.pb.gz');
  await mkdir(dirname(join(plan.outDir, file)), { recursive: true });
  await writeFile(join(plan.outDir, file), encodeProfile(profile));
  return file;
};
