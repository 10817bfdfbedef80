/** One attachment inside the loader process: connections to the targets, and the windows run over them. */
import { InternalError } from '../../errors.ts';
import { type LoaderWindow, type Side, SIDES } from '../../model/index.ts';
import { ContentionRun, CouplesRun, PausedRun } from './closed-loops.ts';
import type { Connection } from './connection.ts';
import { watchHealth } from './health.ts';
import type { AnswerBook } from '../answers/answer-book.ts';
import { AnswerReader } from './answer-reader.ts';
import type {
  AnswersLoop,
  ClosedLoop,
  Extent,
  LoadPlan,
  LoadResult,
  LoadTargets,
  OpenLoop,
  SingleLoop,
  WindowLoad,
} from '../plan/messages.ts';
import { LatencyRun } from './open-loop.ts';
import { openPacer } from './pacer.ts';
import { ReplyLog, ReplyReader } from '../answers/replies.ts';
import { connectsHeadFirst, createSchedule, type Schedule } from '../plan/schedule.ts';
import { awaitIdle, lagOf, newSide, openTo, type SideState, uncounted } from './sides.ts';
import { type SideLoad, windowCancelled, type WindowInputs, type WindowRun } from './window.ts';

/** Below any time after which services are known to close a silent connection (the shortest met is 1 s). */
const SILENT_MS = 500;

/** Room for four times the requests that are in flight at the 99th percentile, within reason. */
const MIN_OPEN_CONNECTIONS = 8;
const MAX_OPEN_CONNECTIONS = 64;
const ROOM = 4;

export interface LoaderSession {
  readonly couples: (loop: ClosedLoop) => Promise<LoadResult>;
  readonly contention: (loop: ClosedLoop) => Promise<LoadResult>;
  readonly latency: (loop: OpenLoop) => Promise<LoadResult>;
  readonly single: (loop: SingleLoop) => Promise<LoadResult>;
  readonly answers: (loop: AnswersLoop) => Promise<LoadResult>;
  readonly close: () => void;
}

const checkLoop = (loop: ClosedLoop): void => {
  if (loop.count === undefined && loop.seconds === undefined) {
    throw new InternalError('LOOP_ENDLESS', 'A window needs a count or seconds');
  }
};

const notAttached = (what: string): InternalError =>
  new InternalError('SIDE_NOT_ATTACHED', `The load generator is attached to no ${what}`);

/** Request numbers that are searched; a route rarer than that is left short. */
const MOST_SEARCHED = 2000;

/** The first `perRoute` request numbers of every route, from `first` on; fewer for routes too rare to be met. */
const firstOfEachRoute = (
  schedule: Schedule,
  routes: number,
  { first, perRoute }: { readonly first: number; readonly perRoute: number },
): readonly number[] => {
  const stillWanted = Array.from({ length: routes }, () => perRoute);
  const numbers: number[] = [];
  for (let number = first; number < first + MOST_SEARCHED && numbers.length < routes * perRoute; number++) {
    const route = schedule.routeOf(number);
    const wanted = stillWanted[route] ?? 0;
    if (wanted === 0) continue;
    stillWanted[route] = wanted - 1;
    numbers.push(number);
  }
  return numbers;
};

interface Attached {
  readonly plan: LoadPlan;
  readonly book: AnswerBook;
  readonly schedule: Schedule;
  readonly states: readonly SideState[];
}

/** The sides that are attached, and at most one window over them at a time. */
class AttachedSession implements LoaderSession {
  readonly #attached: Attached;
  #slowestServiceMs = 0;
  #running: WindowRun | undefined;
  #closed = false;

  constructor(attached: Attached) {
    this.#attached = attached;
  }

  readonly couples = async (loop: ClosedLoop): Promise<LoadResult> => this.#closedLoop(this.#both(), loop, CouplesRun);

  readonly contention = async (loop: ClosedLoop): Promise<LoadResult> =>
    this.#closedLoop(this.#both(), loop, ContentionRun);

  readonly single = async (loop: SingleLoop): Promise<LoadResult> => {
    const used = this.#only(loop.side);
    const Run = loop.pauseMs === undefined ? CouplesRun : PausedRun;
    if (loop.replies === undefined) return this.#closedLoop(used, loop, Run);
    const log = new ReplyLog();
    await this.grow(loop.inFlight);
    const connections = used.flatMap((state) => state.connections);
    const read = async (): Promise<LoadResult> => this.#closedLoop(used, loop, Run);
    const result = await withReaders(connections, () => new ReplyReader(log), read);
    return { ...result, replies: log.summarize() };
  };

  readonly answers = async ({ first, perRoute, seconds, side }: AnswersLoop): Promise<LoadResult> => {
    const { book, plan, schedule } = this.#attached;
    const used = side === undefined ? this.#both() : this.#only(side);
    const numbers = firstOfEachRoute(schedule, plan.requests.length, { first, perRoute });
    await this.grow(1);
    const connections = used.flatMap((state) => state.connections.slice(0, 1));
    const loop = { first: 0, count: numbers.length, seconds, inFlight: 1 };
    const read = async (): Promise<LoadResult> =>
      this.#runWindow(used, new CouplesRun(this.#inputsOf(used), loop, numbers));
    const result = await withReaders(connections, (connection) => new AnswerReader(book, connection), read);
    book.settle();
    return { ...result, next: Math.max(first, ...numbers) + 1, answers: book.summarize() };
  };

  readonly latency = async (loop: OpenLoop): Promise<LoadResult> => {
    const wanted = Math.ceil((loop.ratePerSecond * this.#slowestServiceMs * ROOM) / 1000);
    await this.grow(Math.min(MAX_OPEN_CONNECTIONS, Math.max(MIN_OPEN_CONNECTIONS, wanted)));
    const pacer = await openPacer();
    try {
      return await this.#runWindow(this.#both(), new LatencyRun(this.#inputsOf(this.#both(), loop), loop, pacer));
    } finally {
      await pacer.close();
    }
  };

  readonly close = (): void => {
    this.#closed = true;
    this.#running?.cancel();
    for (const state of this.#attached.states)
      for (const connection of state.connections.splice(0)) connection.destroy();
  };

  /** At least `count` connections a side, all of them idle and none about to be closed for its silence. */
  async grow(count: number): Promise<void> {
    if (this.#closed) throw windowCancelled();
    const { states, plan } = this.#attached;
    for (const state of connectsHeadFirst(plan.seed, plan.launch) ? states.toReversed() : states) {
      for (const connection of state.connections.slice(0, count)) connection.renewAfter(SILENT_MS);
      openTo(state, count);
    }
    await awaitIdle(states);
  }

  #both(): readonly SideState[] {
    const { states } = this.#attached;
    if (states.length === SIDES.length) return states;
    throw notAttached('pair of targets');
  }

  #only(side: Side): readonly SideState[] {
    const found = this.#attached.states.filter((state) => state.side === side);
    if (found.length === 1) return found;
    throw notAttached(`${side} target`);
  }

  /** Of a window with one request name the numbers stay those of the schedule: each has the data row it would have. */
  #inputsOf(used: readonly SideState[], { route }: Pick<Extent, 'route'> = {}): WindowInputs {
    const { schedule: mixed, plan } = this.#attached;
    const schedule = route === undefined ? mixed : { ...mixed, routeOf: () => route };
    return { sideLoads: used satisfies readonly SideLoad[], schedule, timeoutSeconds: plan.timeoutSeconds };
  }

  async #closedLoop<T extends ClosedLoop>(
    used: readonly SideState[],
    loop: T,
    Run: new (inputs: WindowInputs, loop: T) => WindowRun,
  ): Promise<LoadResult> {
    checkLoop(loop);
    await this.grow(loop.inFlight);
    return this.#runWindow(used, new Run(this.#inputsOf(used, loop), loop));
  }

  async #runWindow(used: readonly SideState[], window: WindowRun): Promise<LoadResult> {
    if (this.#closed) throw windowCancelled();
    if (this.#running !== undefined) throw new Error('a window is under way already');
    this.#running = window;
    const endHealth = watchHealth();
    const span = await window.run().finally(() => {
      this.#running = undefined;
    });
    const loader: LoaderWindow = { ...endHealth(), ...lagOf(used) };
    const sides = Object.fromEntries(used.map((state) => [state.side, this.#summarize(state)]));
    const failedRequests = used.flatMap(({ witness }) => witness.take());
    return { ...span, loader, sides, ...(failedRequests.length > 0 && { failedRequests }) };
  }

  #summarize(state: SideState): WindowLoad {
    if (state.tally.pending !== 0) throw uncounted(state);
    const load = state.tally.summarize();
    this.#slowestServiceMs = Math.max(this.#slowestServiceMs, (load.service?.p99Us ?? 0) / 1000);
    return load;
  }
}

/** Reads the answers of these connections while `run` goes on. */
const withReaders = async <T>(
  connections: readonly Connection[],
  readerFor: (connection: Connection) => NonNullable<Connection['reader']>,
  run: () => Promise<T>,
): Promise<T> => {
  for (const connection of connections) connection.reader = readerFor(connection);
  try {
    return await run();
  } finally {
    for (const connection of connections) connection.reader = null;
  }
};

/** Connects to the targets of a launch. Throws `TARGET_UNREACHABLE`, `SEAM_BROKEN` and what compileRequests throws. */
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
  const session = new AttachedSession({ plan, book, schedule, states });
  try {
    await session.grow(Math.max(1, plan.connections));
  } catch (error) {
    session.close();
    throw error;
  }
  return session;
};
