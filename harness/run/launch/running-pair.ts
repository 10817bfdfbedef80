/**
 * Both services of a launch, alive at the same time: started together, joined by their agents, stopped together.
 */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Agent, allowedCpuLists, type EdgeTarget } from '../../capture/index.ts';
import { setTimeout as delay } from 'node:timers/promises';
import { InvalidMeasurementError } from '../../errors.ts';
import type { LoadTargets, LoadUser } from '../../load/index.ts';
import { folderOf } from '../../folders.ts';
import { type BySide, bothSides, inPlace, otherSide, type Side } from '../../model/index.ts';
import type { RunningTarget } from '../../service/index.ts';
import { parseCpuList, type ProcessExit } from '../../process/index.ts';
import { requireSamePorts } from '../session/contended-ports.ts';
import { settleLanes } from '../session/one-at-a-time.ts';
import { requireOwnFiles } from '../session/shared-files.ts';
import { TargetDiedError } from './death.ts';
import type { Lane } from '../session/lane.ts';
import type { LinkedPair } from '../session/links.ts';
import { baseIsFirst, coin } from '../session/seeds.ts';
import { loadPlan } from './load-plan.ts';
import type { Session } from '../session/session.ts';
import { connectAll, workersNote } from './join-agents.ts';
import { portsFor, prepareSide, type SidePorts, startSide } from './start-side.ts';

export interface LiveSide {
  readonly target: RunningTarget;
  readonly agent: Agent;
  readonly edge: EdgeTarget;
  /** What `prepare` left each user with. */
  readonly users: readonly LoadUser[];
}

export interface LaunchSpec {
  readonly lane: Lane;
  readonly index: number;
  readonly linked: LinkedPair;
  readonly firstSide: Side;
  /** Bytes between heap samples; Go's 512 KiB when left out. */
  readonly heapRateBytes?: number | BySide<number>;
  /** CPUs of each side; left out or null: both have those of the lane. */
  readonly apart?: BySide<readonly number[]> | null;
}

const cpusOf = ({ apart, lane }: LaunchSpec, side: Side): readonly number[] | null =>
  apart?.[side] ?? lane.cpus?.targetCpus ?? null;

export interface LivePair {
  readonly place: LaunchSpec;
  readonly sides: BySide<LiveSide>;
  readonly startSeconds: number;
  /** A fair coin, new at every call: who is read or asked first. */
  readonly draw: () => Side;
}

/** In the first lane where none is named. */
export const launchSpecOf = (
  session: Session,
  index: number,
  linked: LinkedPair,
  lane: Lane = session.lanes[0],
): LaunchSpec => ({
  lane,
  index,
  linked,
  firstSide: baseIsFirst(session.plan.seed, index) ? 'base' : 'head',
});

const heapRateOf = ({ heapRateBytes }: LaunchSpec, side: Side): { readonly heapRateBytes?: number } => {
  if (heapRateBytes === undefined) return {};
  return { heapRateBytes: typeof heapRateBytes === 'number' ? heapRateBytes : heapRateBytes[side] };
};

const startForLaunch = async (
  session: Session,
  place: LaunchSpec,
  side: Side,
  ports: SidePorts,
): Promise<RunningTarget> => {
  const { plan, prepared, settings, socketDir } = session;
  const tmp = join(plan.workDir, `l${place.index}`, side);
  await mkdir(tmp, { recursive: true });
  return startSide(session, {
    binary: place.linked.binaries[side],
    spec: prepared[side].spec,
    side,
    ports,
    cpus: cpusOf(place, side),
    tmp,
    gomaxprocs: settings.gomaxprocs,
    logFile: join(plan.outDir, 'logs', folderOf(plan.scenario.name), `${side}-launch-${place.index}.log`),
    agentSocketDir: socketDir,
    ...heapRateOf(place, side),
  });
};

/** Handshake, preparing requests: from a process to a side that can be measured. `startedMs`: when its start began. */
const joinSide = async (session: Session, target: RunningTarget, startedMs: number): Promise<LiveSide> => {
  const { plan, socketDir } = session;
  const exited = new AbortController();
  void target.exited.then(() => exited.abort());
  const agent = await connectAll(target, socketDir, AbortSignal.any([plan.signal, exited.signal]));
  const { side, servingPids } = target;
  const seconds = (performance.now() - startedMs) / 1000;
  plan.onProgress({ kind: 'ready', side, hello: agent.hello, processes: servingPids.length, seconds });
  const note = workersNote(target);
  if (note !== null) session.notes.add(note);
  const users = await prepareSide(session, target, plan.scenario.load.timeoutSeconds);
  const [pid, ...workers] = servingPids;
  const { cpuSource } = session.settings;
  return { target, agent, edge: { pid, workers, rootPid: target.pid, agent, cpuSource }, users };
};

const requireEqualSettings = ({ base, head }: BySide<LiveSide>, wanted: number): void => {
  const [left, right] = [base.agent.hello, head.agent.hello];
  // Workers beside one another have one CPU each (Fiber's Prefork sets that), whatever they share.
  const haveWorkers = Math.min(base.target.servingPids.length, head.target.servingPids.length) > 1;
  if (left.gomaxprocs === right.gomaxprocs && (haveWorkers || left.gomaxprocs === wanted)) return;
  throw new InvalidMeasurementError(
    'UNEQUAL_SETTINGS',
    `GOMAXPROCS is ${left.gomaxprocs} in base and ${right.gomaxprocs} in head; godyno set ${wanted} for both`,
    'The service changes it by itself (automaxprocs, runtime.GOMAXPROCS); switch that off for the measurement.',
  );
};

/**
 * Both sides must still be where they were put: a side that something moved to another CPU is faster or slower for that
 * alone. Where the system does not tell, there is nothing to check.
 */
const requirePlace = (targets: readonly RunningTarget[], place: LaunchSpec): void => {
  for (const { servingPids, side } of targets) {
    const targetCpus = cpusOf(place, side);
    if (targetCpus === null) return;
    const lists = servingPids.flatMap((pid) => allowedCpuLists(pid) ?? []);
    const astray = lists.find((cpus) => !sameCpus(parseCpuList(cpus), targetCpus));
    if (astray === undefined) continue;
    throw new InvalidMeasurementError(
      'UNEQUAL_SETTINGS',
      `${side}: a thread of the service is bound to CPU ${astray}; godyno had put ${place.apart === undefined || place.apart === null ? 'both sides' : 'it'} on CPU ${targetCpus.join(',')}`,
      'The service, a wrapper or a container manager binds it to CPUs; switch that off for the measurement.',
    );
  }
};

const sameCpus = (one: readonly number[], other: readonly number[]): boolean =>
  one.length === other.length && one.every((cpu) => other.includes(cpu));

/** How long the news of a death may take from a closed socket to the exit status. */
const DEATH_NEWS_MS = 300;

const exitOf = async (target: RunningTarget): Promise<ProcessExit | null> =>
  Promise.race([target.exited, delay(DEATH_NEWS_MS, null)]);

/** A panic's first line says it all; its stack follows, and would be all that the last lines show. */
const lastWords = (output: string): string => {
  const lines = output.trim().split('\n');
  const panic = lines.findLast((line) => /^(panic|fatal error): /.test(line));
  return panic ?? lines.slice(-3).join(' / ');
};

const describeDeath = (target: RunningTarget, exit: ProcessExit | null): string => {
  const said = lastWords(target.outputTail());
  return `${target.side}: ${howEnded(target, exit)} under load${said === '' ? '' : `, saying: ${said}`}`;
};

const howEnded = ({ servingPids, pid }: RunningTarget, exit: ProcessExit | null): string => {
  if (exit === null) {
    const [one, ...others] = servingPids;
    return others.length === 0
      ? `the process ${one}, which took the requests below ${pid}, ended`
      : `one of the processes ${servingPids.join(', ')}, which took the requests below ${pid}, ended`;
  }
  const { exitCode, signal } = exit;
  return `the service ${exitCode === null ? `was ended by ${signal ?? 'a signal'}` : `ended with exit code ${exitCode}`}`;
};

/** Names the sides that ended by themselves; undefined when none did. */
const diedIn = async (started: readonly RunningTarget[], cause: unknown): Promise<TargetDiedError | undefined> => {
  const exits = await Promise.all(
    started.map(async (target) => {
      const exit = await exitOf(target);
      return { target, exit, isDead: exit === null ? !(await target.stillServes()) : !exit.asked };
    }),
  );
  const dead = exits.filter(({ isDead }) => isDead);
  if (dead.length === 0) return undefined;
  const how = dead.map(({ target, exit }) => describeDeath(target, exit)).join('; ');
  return new TargetDiedError(
    dead.map(({ target }) => target.side),
    how,
    cause,
  );
};

/**
 * Starts both sides (the seeded coin says which first), connects the loader, runs `use`, and stops everything in the
 * order that leaves nothing behind: clients first, because they would reconnect to a service that is going away.
 */
export const withLivePair = async <T>(
  session: Session,
  place: LaunchSpec,
  use: (live: LivePair) => Promise<T>,
): Promise<T> => {
  const startedMs = performance.now();
  const ports = async (): Promise<SidePorts> => portsFor(session.plan.scenario, session.movedPorts);
  const portsOf = inPlace(place.firstSide, await ports(), await ports());
  const order = [place.firstSide, otherSide(place.firstSide)];
  const starting = await Promise.allSettled(
    order.map(async (side) => startForLaunch(session, place, side, portsOf[side])),
  );
  const started = starting.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const agents: Agent[] = [];
  try {
    for (const result of starting) if (result.status === 'rejected') throw result.reason;
    // Before anything is written, and again when what is opened at the first request is open, too.
    await requireOwnFiles(session, started);
    const live = new Map<Side, LiveSide>();
    for (const target of started) {
      const joined = await joinSide(session, target, startedMs);
      agents.push(joined.agent);
      live.set(target.side, joined);
    }
    await requireSamePorts(session, started);
    await requireOwnFiles(session, started);
    const sides = bothSides((side) => live.get(side) as LiveSide);
    requireEqualSettings(sides, session.settings.gomaxprocs);
    let draws = 0;
    const draw = (): Side => {
      draws += 1;
      return coin(session.plan.seed, 'draw', place.index, draws) ? 'base' : 'head';
    };
    const used = await use({ place, sides, startSeconds: (performance.now() - startedMs) / 1000, draw });
    await settleLanes(session, started);
    requirePlace(started, place);
    await Promise.all(started.map(async (target) => target.requireOnlyThese()));
    return used;
  } catch (error) {
    session.plan.signal.throwIfAborted();
    throw (await diedIn(started, error)) ?? error;
  } finally {
    await place.lane.loader.detach().catch(() => undefined);
    for (const agent of agents) agent.close();
    await session.upkeep.stop(started);
    await rm(join(session.plan.workDir, `l${place.index}`), { recursive: true, force: true });
  }
};

/** Connects the loader to the sides that live. */
export const attachSides = async (
  session: Session,
  place: LaunchSpec,
  sides: Partial<BySide<LiveSide>>,
  connections: number,
): Promise<void> => {
  const { timeoutSeconds } = session.plan.scenario.load;
  const targets = Object.entries(sides).map(([side, { target, users }]) => [
    side,
    { ...target.endpoint, values: target.values, users },
  ]);
  await place.lane.loader.attach({
    targets: Object.fromEntries(targets) as LoadTargets,
    plan: loadPlan(session, { launch: place.index, timeoutSeconds, connections }),
  });
};

/** Connects the loader to both sides of a launch. */
export const attachLoader = async (session: Session, live: LivePair, connections: number): Promise<void> =>
  attachSides(session, live.place, live.sides, connections);

/** Starts one side alone, for services that cannot run twice. `turn` counts the starts of a launch. */
export const withLiveSide = async <T>(
  session: Session,
  place: LaunchSpec,
  side: Side,
  turn: number,
  use: (live: LiveSide, startSeconds: number) => Promise<T>,
): Promise<T> => {
  const startedMs = performance.now();
  const { settings, movedPorts } = session;
  const ports = await portsFor(session.plan.scenario, settings.mode === 'together' ? movedPorts : []);
  const target = await startForLaunch(session, place, side, ports);
  let agent: Agent | null = null;
  try {
    const live = await joinSide(session, target, startedMs);
    agent = live.agent;
    const used = await use(live, (performance.now() - startedMs) / 1000);
    requirePlace([target], place);
    await target.requireOnlyThese();
    return used;
  } catch (error) {
    session.plan.signal.throwIfAborted();
    throw (await diedIn([target], error)) ?? error;
  } finally {
    await place.lane.loader.detach().catch(() => undefined);
    agent?.close();
    await session.upkeep.stop([target]);
    await rm(join(session.plan.workDir, `l${place.index}`), { recursive: true, force: true });
  }
};
