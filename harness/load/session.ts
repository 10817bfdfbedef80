/** One attachment inside the loader process: connections to the targets, and the windows run over them. */
import { setTimeout as delay } from 'node:timers/promises';
import { InvalidMeasurementError, TargetStartError, UsageError } from '../errors.ts';
import type { LoaderWindow, Side } from '../model/index.ts';
import { SIDES } from '../model/index.ts';
import { ContentionRun, CouplesRun } from './closed-loops.ts';
import { type Connection, openConnections } from './connection.ts';
import { watchHealth } from './health.ts';
import { mergeHistograms } from './histograms.ts';
import type {
  ClosedLoop,
  LoadPlan,
  LoadResult,
  LoadTarget,
  LoadTargets,
  OpenLoop,
  SingleLoop,
  WindowLoad,
} from './messages.ts';
import { LatencyRun } from './open-loop.ts';
import { compileRequests, hostOf, type RequestBytes } from './requests.ts';
import { connectsHeadFirst, createSchedule, type Schedule } from './schedule.ts';
import { SideTally } from './tally.ts';
import { type Bench, type Lane, QUIET, type WindowRun } from './window.ts';

const CONNECT_SECONDS = 10;
const CONNECT_POLL_MS = 1;

/** load.md D3: room for four times the requests that are in flight at the 99th percentile, within reason. */
const MIN_OPEN_CONNECTIONS = 8;
const MAX_OPEN_CONNECTIONS = 64;
const ROOM = 4;

interface SideState {
  readonly side: Side;
  readonly authority: string;
  readonly bytesOf: RequestBytes;
  readonly tally: SideTally;
  readonly connections: Connection[];
}

export interface Session {
  readonly couples: (loop: ClosedLoop) => Promise<LoadResult>;
  readonly contention: (loop: ClosedLoop) => Promise<LoadResult>;
  readonly latency: (loop: OpenLoop) => Promise<LoadResult>;
  readonly single: (loop: SingleLoop) => Promise<LoadResult>;
  readonly close: () => void;
}

const newSide = (side: Side, target: LoadTarget, plan: LoadPlan, schedule: Schedule): SideState => ({
  side,
  authority: hostOf(target),
  bytesOf: compileRequests(plan, target, schedule),
  tally: new SideTally(plan.requests),
  connections: [],
});

const unreachable = (state: SideState): TargetStartError =>
  new TargetStartError(
    'TARGET_UNREACHABLE',
    `The ${state.side} target at ${state.authority} did not accept connections within ${CONNECT_SECONDS} s`,
    'Check that it listens on the address of target.ready, and its log.',
  );

const openTo = (state: SideState, count: number): void => {
  const missing = count - state.connections.length;
  if (missing <= 0) return;
  state.connections.push(...openConnections(state.authority, state.side, state.connections.length, missing, QUIET));
};

const awaitIdle = async (states: readonly SideState[]): Promise<void> => {
  const deadlineMs = performance.now() + CONNECT_SECONDS * 1000;
  for (const state of states) {
    while (!state.connections.every((connection) => connection.idle)) {
      if (performance.now() > deadlineMs) throw unreachable(state);
      await delay(CONNECT_POLL_MS);
    }
  }
};

const checkLoop = (loop: ClosedLoop): void => {
  if (loop.count === undefined && loop.seconds === undefined) {
    throw new UsageError(
      'LOOP_ENDLESS',
      'A window needs a count or seconds',
      'This is a mistake in godyno; report it.',
    );
  }
};

const lagOf = (states: readonly SideState[]): Partial<LoaderWindow> => {
  const lag = mergeHistograms(states.flatMap(({ tally }) => tally.lagHistograms()));
  if (lag.totalCount === 0) return {};
  return { lagP50Us: lag.getValueAtPercentile(50), lagP99Us: lag.getValueAtPercentile(99) };
};

const uncounted = (state: SideState): InvalidMeasurementError =>
  new InvalidMeasurementError(
    'LOAD_UNACCOUNTED',
    `${state.side}: ${state.tally.planned} requests planned, ${state.tally.pending} of them unaccounted for`,
    'This is a mistake in godyno; report it.',
  );

/** Connects to the targets of a launch. Throws `TARGET_UNREACHABLE`, `SEAM_BROKEN` and what {@link compileRequests} throws. */
export const openSession = async (targets: LoadTargets, plan: LoadPlan): Promise<Session> => {
  const schedule = createSchedule({
    seed: plan.seed,
    weights: plan.requests.map((request) => request.weight),
    rows: plan.data?.rows.length ?? 0,
  });
  const states = SIDES.flatMap((side) => {
    const target = targets[side];
    return target === undefined ? [] : [newSide(side, target, plan, schedule)];
  });
  const inConnectOrder = connectsHeadFirst(plan.seed, plan.launch) ? [...states].reverse() : states;
  let slowestServiceMs = 0;

  const close = (): void => {
    for (const state of states) for (const connection of state.connections.splice(0)) connection.destroy();
  };

  const grow = async (count: number): Promise<void> => {
    for (const state of inConnectOrder) openTo(state, count);
    await awaitIdle(states);
  };

  const benchOf = (used: readonly SideState[]): Bench => ({
    lanes: used satisfies readonly Lane[],
    schedule,
    timeoutSeconds: plan.timeoutSeconds,
  });

  const runWindow = async (used: readonly SideState[], window: WindowRun): Promise<LoadResult> => {
    const endHealth = watchHealth();
    const span = await window.run();
    const loader: LoaderWindow = { ...endHealth(), ...lagOf(used) };
    const sides: Partial<Record<Side, WindowLoad>> = {};
    for (const state of used) {
      if (state.tally.pending !== 0) throw uncounted(state);
      const load = state.tally.summarize();
      slowestServiceMs = Math.max(slowestServiceMs, (load.service?.p99Us ?? 0) / 1000);
      sides[state.side] = load;
    }
    return { ...span, loader, sides };
  };

  const closedLoop = async (
    used: readonly SideState[],
    loop: ClosedLoop,
    Run: new (bench: Bench, loop: ClosedLoop) => WindowRun,
  ): Promise<LoadResult> => {
    checkLoop(loop);
    await grow(loop.inFlight);
    return runWindow(used, new Run(benchOf(used), loop));
  };

  const latency = async (loop: OpenLoop): Promise<LoadResult> => {
    const wanted = Math.ceil((loop.ratePerSecond * slowestServiceMs * ROOM) / 1000);
    await grow(Math.min(MAX_OPEN_CONNECTIONS, Math.max(MIN_OPEN_CONNECTIONS, wanted)));
    return runWindow(states, new LatencyRun(benchOf(states), loop));
  };

  try {
    await grow(Math.max(1, plan.connections));
  } catch (error) {
    close();
    throw error;
  }
  return {
    couples: async (loop) => closedLoop(states, loop, CouplesRun),
    contention: async (loop) => closedLoop(states, loop, ContentionRun),
    single: async (loop) =>
      closedLoop(
        states.filter(({ side }) => side === loop.side),
        loop,
        CouplesRun,
      ),
    latency,
    close,
  };
};
