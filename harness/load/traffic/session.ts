/** One attachment inside the loader process: connections to the targets, and the windows run over them. */
import { setTimeout as delay } from 'node:timers/promises';
import { InternalError, TargetStartError } from '../../errors.ts';
import { addressOf, type Endpoint, type LoaderWindow, type Side, SIDES } from '../../model/index.ts';
import { ContentionRun, CouplesRun, PausedRun } from './closed-loops.ts';
import { type Connection, type Driver, openConnections } from './connection.ts';
import { watchHealth } from './health.ts';
import { mergeHistograms } from './histograms.ts';
import type { AnswerBook } from '../answers/answer-book.ts';
import { AnswerReader } from './answer-reader.ts';
import type {
  AnswersLoop,
  ClosedLoop,
  LoadPlan,
  LoadResult,
  LoadTarget,
  LoadTargets,
  OpenLoop,
  SingleLoop,
  WindowLoad,
} from '../plan/messages.ts';
import { type Inspection, inspectionOf } from '../answers/inspector.ts';
import { LatencyRun } from './open-loop.ts';
import { openPacer } from './pacer.ts';
import { ReplyLog, ReplyReader } from '../answers/replies.ts';
import { compileRequests, type RequestBytes } from '../plan/requests.ts';
import { connectsHeadFirst, createSchedule, type Schedule } from '../plan/schedule.ts';
import { SideTally } from './tally.ts';
import { usersOf } from '../plan/users.ts';
import { Witness } from '../answers/witness.ts';
import { type WindowInputs, type SideLoad, MAX_REFUSALS, QUIET, windowCancelled, type WindowRun } from './window.ts';

const CONNECT_SECONDS = 10;
const CONNECT_POLL_MS = 1;
/** Below any time after which services are known to close a silent connection (the shortest met is 1 s). */
const SILENT_MS = 500;

/** Room for four times the requests that are in flight at the 99th percentile, within reason. */
const MIN_OPEN_CONNECTIONS = 8;
const MAX_OPEN_CONNECTIONS = 64;
const ROOM = 4;

interface SideState {
  readonly side: Side;
  readonly endpoint: Endpoint;
  readonly authority: string;
  readonly bytesOf: RequestBytes;
  readonly tally: SideTally;
  readonly witness: Witness;
  readonly inspection: Inspection | null;
  readonly connections: Connection[];
  refusal: NodeJS.ErrnoException | undefined;
}

export interface LoaderSession {
  readonly couples: (loop: ClosedLoop) => Promise<LoadResult>;
  readonly contention: (loop: ClosedLoop) => Promise<LoadResult>;
  readonly latency: (loop: OpenLoop) => Promise<LoadResult>;
  readonly single: (loop: SingleLoop) => Promise<LoadResult>;
  readonly answers: (loop: AnswersLoop) => Promise<LoadResult>;
  readonly close: () => void;
}

const newSide = (side: Side, target: LoadTarget, plan: LoadPlan, schedule: Schedule): SideState => {
  const users = usersOf(target);
  return {
    side,
    endpoint: target,
    authority: addressOf(target),
    bytesOf: compileRequests(plan, target, schedule, users),
    tally: new SideTally(plan.requests),
    witness: new Witness(side, plan.requests),
    inspection: inspectionOf(plan, users),
    connections: [],
    refusal: undefined,
  };
};

const unreachable = (state: SideState, what: string): TargetStartError =>
  new TargetStartError(
    'TARGET_UNREACHABLE',
    `The ${state.side} target at ${state.authority} ${what}`,
    'Check that it listens on the address of target.ready, and its log.',
  );

const openTo = (state: SideState, count: number): void => {
  const missing = count - state.connections.length;
  if (missing <= 0) return;
  const driver: Driver = {
    ...QUIET,
    refused: (_connection, attempts, error) => {
      if (attempts >= MAX_REFUSALS) state.refusal = error;
    },
  };
  const { endpoint, side, connections } = state;
  connections.push(...openConnections(endpoint, side, connections.length, missing, driver, state));
};

const awaitIdle = async (states: readonly SideState[]): Promise<void> => {
  const deadlineMs = performance.now() + CONNECT_SECONDS * 1000;
  for (const state of states) {
    while (!state.connections.every((connection) => connection.idle)) {
      if (state.refusal !== undefined) throw unreachable(state, `refuses connections: ${state.refusal.message}`);
      if (performance.now() > deadlineMs) throw unreachable(state, `had no connection to give in ${CONNECT_SECONDS} s`);
      await delay(CONNECT_POLL_MS);
    }
  }
};

const checkLoop = (loop: ClosedLoop): void => {
  if (loop.count === undefined && loop.seconds === undefined) {
    throw new InternalError('LOOP_ENDLESS', 'A window needs a count or seconds');
  }
};

const notAttached = (what: string): InternalError =>
  new InternalError('SIDE_NOT_ATTACHED', `The load generator is attached to no ${what}`);

const lagOf = (states: readonly SideState[]): Partial<LoaderWindow> => {
  const lag = mergeHistograms(states.flatMap(({ tally }) => tally.lagHistograms()));
  if (lag.totalCount === 0) return {};
  return { lagP50Us: lag.getValueAtPercentile(50), lagP99Us: lag.getValueAtPercentile(99) };
};

/** Rarer names than one in so many are not waited for. */
const LOOKED_THROUGH = 2000;

/** Numbers of the schedule from `first` on that hold `perRoute` requests of every name. */
const numbersOf = (schedule: Schedule, routes: number, first: number, perRoute: number): readonly number[] => {
  const left = Array.from({ length: routes }, () => perRoute);
  const numbers: number[] = [];
  for (let number = first; number < first + LOOKED_THROUGH && numbers.length < routes * perRoute; number++) {
    const route = schedule.routeOf(number);
    const wanted = left[route] ?? 0;
    if (wanted === 0) continue;
    left[route] = wanted - 1;
    numbers.push(number);
  }
  return numbers;
};

const uncounted = (state: SideState): InternalError =>
  new InternalError(
    'LOAD_UNACCOUNTED',
    `${state.side}: ${state.tally.planned} requests planned, ${state.tally.pending} of them unaccounted for`,
  );

/** Connects to the targets of a launch. Throws `TARGET_UNREACHABLE`, `SEAM_BROKEN` and what {@link compileRequests} throws. */
export const openSession = async (targets: LoadTargets, plan: LoadPlan, book: AnswerBook): Promise<LoaderSession> => {
  book.begin(plan.requests);
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

  let running: WindowRun | undefined;
  let closed = false;

  const close = (): void => {
    closed = true;
    running?.cancel();
    for (const state of states) for (const connection of state.connections.splice(0)) connection.destroy();
  };

  const grow = async (count: number): Promise<void> => {
    if (closed) throw windowCancelled();
    for (const state of inConnectOrder) {
      for (const connection of state.connections.slice(0, count)) connection.renewAfter(SILENT_MS);
      openTo(state, count);
    }
    await awaitIdle(states);
  };

  const both = (): readonly SideState[] => {
    if (states.length === SIDES.length) return states;
    throw notAttached('pair of targets');
  };

  const only = (side: Side): readonly SideState[] => {
    const found = states.filter((state) => state.side === side);
    if (found.length === 1) return found;
    throw notAttached(`${side} target`);
  };

  const inputsOf = (used: readonly SideState[]): WindowInputs => ({
    sideLoads: used satisfies readonly SideLoad[],
    schedule,
    timeoutSeconds: plan.timeoutSeconds,
  });

  const runWindow = async (used: readonly SideState[], window: WindowRun): Promise<LoadResult> => {
    if (closed) throw windowCancelled();
    if (running !== undefined) throw new Error('a window is under way already');
    running = window;
    const endHealth = watchHealth();
    const span = await window.run().finally(() => {
      running = undefined;
    });
    const loader: LoaderWindow = { ...endHealth(), ...lagOf(used) };
    const sides: Partial<Record<Side, WindowLoad>> = {};
    for (const state of used) {
      if (state.tally.pending !== 0) throw uncounted(state);
      const load = state.tally.summarize();
      slowestServiceMs = Math.max(slowestServiceMs, (load.service?.p99Us ?? 0) / 1000);
      sides[state.side] = load;
    }
    const failedRequests = used.flatMap(({ witness }) => witness.take());
    return { ...span, loader, sides, ...(failedRequests.length > 0 && { failedRequests }) };
  };

  const closedLoop = async <T extends ClosedLoop>(
    used: readonly SideState[],
    loop: T,
    Run: new (inputs: WindowInputs, loop: T) => WindowRun,
  ): Promise<LoadResult> => {
    checkLoop(loop);
    await grow(loop.inFlight);
    return runWindow(used, new Run(inputsOf(used), loop));
  };

  const single = async (loop: SingleLoop): Promise<LoadResult> => {
    const used = only(loop.side);
    const Run = loop.pauseMs === undefined ? CouplesRun : PausedRun;
    if (loop.replies === undefined) return closedLoop(used, loop, Run);
    const log = new ReplyLog();
    const connections = (): readonly Connection[] => used.flatMap((state) => state.connections);
    await grow(loop.inFlight);
    for (const connection of connections()) connection.reader = new ReplyReader(log);
    try {
      const result = await closedLoop(used, loop, Run);
      return { ...result, replies: log.summarize() };
    } finally {
      for (const connection of connections()) connection.reader = null;
    }
  };

  const answers = async ({ first, perRoute, seconds, side }: AnswersLoop): Promise<LoadResult> => {
    const used = side === undefined ? both() : only(side);
    const numbers = numbersOf(schedule, plan.requests.length, first, perRoute);
    await grow(1);
    const readers = used.flatMap(({ connections }) => connections.slice(0, 1));
    for (const connection of readers) connection.reader = new AnswerReader(book, connection);
    try {
      const loop = { first: 0, count: numbers.length, seconds, inFlight: 1 };
      const result = await runWindow(used, new CouplesRun(inputsOf(used), loop, numbers));
      book.settle();
      return { ...result, next: Math.max(first, ...numbers) + 1, answers: book.summarize() };
    } finally {
      for (const connection of readers) connection.reader = null;
    }
  };

  const latency = async (loop: OpenLoop): Promise<LoadResult> => {
    const wanted = Math.ceil((loop.ratePerSecond * slowestServiceMs * ROOM) / 1000);
    await grow(Math.min(MAX_OPEN_CONNECTIONS, Math.max(MIN_OPEN_CONNECTIONS, wanted)));
    const pacer = await openPacer();
    try {
      return await runWindow(both(), new LatencyRun(inputsOf(both()), loop, pacer));
    } finally {
      await pacer.close();
    }
  };

  try {
    await grow(Math.max(1, plan.connections));
  } catch (error) {
    close();
    throw error;
  }
  return {
    couples: async (loop) => closedLoop(both(), loop, CouplesRun),
    contention: async (loop) => closedLoop(both(), loop, ContentionRun),
    single,
    answers,
    latency,
    close,
  };
};
