/** What all kinds of windows share: counting, own timeouts, and ending early when going on makes no sense. */
import { performance } from 'node:perf_hooks';
import { type GodynoError, InternalError, InvalidMeasurementError, TargetStartError } from '../../errors.ts';
import type { BySide, Side } from '../../model/index.ts';
import type { Break, Connection, Driver } from './connection.ts';
import type { RequestBytes } from '../plan/requests.ts';
import type { Schedule } from '../plan/schedule.ts';
import type { SideTally } from './tally.ts';

/** One side as a window uses it. */
export interface SideLoad {
  readonly side: Side;
  /** `host:port`, for messages. */
  readonly authority: string;
  readonly connections: readonly Connection[];
  readonly bytesOf: RequestBytes;
  readonly tally: SideTally;
}

/** What the windows of one attachment work with: base first, or one side alone. */
export interface WindowInputs {
  readonly sideLoads: readonly SideLoad[];
  readonly schedule: Schedule;
  readonly timeoutSeconds: number;
}

export interface WindowSpan {
  readonly next: number;
  readonly wallSeconds: number;
  readonly cutShort: string | null;
}

/**
 * A target that leaves this many requests of a window without an answer is not worth waiting for any longer: it fails
 * (harness/compare), and each of them takes the scenario's whole timeout.
 */
const MAX_TIMEOUTS = 3;

/** Refusals in a row, 20 ms apart, after which a target is gone rather than busy accepting. */
export const MAX_REFUSALS = 25;

const SLOWEST_SWEEP_MS = 100;
const FASTEST_SWEEP_MS = 2;

/** Timeouts are exact to a twentieth of themselves. */
const sweepMs = (timeoutSeconds: number): number =>
  Math.min(SLOWEST_SWEEP_MS, Math.max(FASTEST_SWEEP_MS, (timeoutSeconds * 1000) / 20));

const closesConnections = (sideLoad: SideLoad, status: number): InvalidMeasurementError =>
  new InvalidMeasurementError(
    'TARGET_CLOSES_CONNECTIONS',
    `The ${sideLoad.side} target at ${sideLoad.authority} closes the connection with its answer (status ${status}): ` +
      'Connection: close, or HTTP/1.0',
    'Let the service keep connections open (HTTP/1.1 keep-alive): otherwise connecting is what would be measured.',
  );

const targetGone = (sideLoad: SideLoad, error: NodeJS.ErrnoException): TargetStartError =>
  new TargetStartError(
    'TARGET_GONE',
    `The ${sideLoad.side} target at ${sideLoad.authority} accepts no connections any more: ${error.code ?? error.message}`,
    'It has probably ended during the measurement; its log says why.',
  );

export const windowCancelled = (): InternalError =>
  new InternalError('WINDOW_CANCELLED', 'The targets were detached while a window was under way');

export abstract class WindowRun implements Driver {
  protected readonly inputs: WindowInputs;
  readonly #bySide: Partial<BySide<SideLoad>>;
  readonly #ended = Promise.withResolvers<void>();
  #sweep: NodeJS.Timeout | undefined;
  #over = false;
  protected cutShort: string | null = null;
  protected startMs = 0;
  protected endMs = 0;

  constructor(inputs: WindowInputs) {
    this.inputs = inputs;
    this.#bySide = Object.fromEntries(inputs.sideLoads.map((sideLoad) => [sideLoad.side, sideLoad]));
  }

  /** Sends the first requests. */
  protected abstract begin(): void;
  /** A request has ended, one way or another; its connection may not be usable yet. */
  protected abstract settled(connection: Connection): void;
  abstract ready(connection: Connection): void;
  /** Called now and then, also when nothing is answered. */
  protected abstract tick(nowMs: number): void;
  protected abstract next(): number;

  /** Runs the window until everything sent has ended. Throws `TARGET_GONE` or `TARGET_CLOSES_CONNECTIONS`. */
  async run(): Promise<WindowSpan> {
    for (const { tally, connections } of this.inputs.sideLoads) {
      tally.reset();
      for (const connection of connections) connection.driver = this;
    }
    this.#sweep = setInterval(() => this.#sweepTimeouts(), sweepMs(this.inputs.timeoutSeconds));
    this.startMs = this.endMs = performance.now();
    try {
      this.begin();
      await this.#ended.promise;
    } finally {
      this.#over = true;
      clearInterval(this.#sweep);
      for (const { connections } of this.inputs.sideLoads)
        for (const connection of connections) connection.driver = QUIET;
    }
    return { next: this.next(), wallSeconds: (this.endMs - this.startMs) / 1000, cutShort: this.cutShort };
  }

  protected sideLoadOf(connection: Connection): SideLoad {
    const sideLoad = this.#bySide[connection.side];
    if (sideLoad === undefined) throw new Error(`no ${connection.side} side in this window`);
    return sideLoad;
  }

  answered(connection: Connection, status: number, nowMs: number): void {
    const sideLoad = this.sideLoadOf(connection);
    this.endMs = nowMs;
    const expected = sideLoad.tally.countAnswer(connection, status, nowMs);
    if (expected && connection.closing) this.fail(closesConnections(sideLoad, status));
    else this.settled(connection);
  }

  broken(connection: Connection, how: Break, nowMs: number): void {
    const sideLoad = this.sideLoadOf(connection);
    this.endMs = nowMs;
    if (how === 'lost') sideLoad.tally.countLost();
    else sideLoad.tally.countTimeout(connection, nowMs);
    if (sideLoad.tally.timedOut >= MAX_TIMEOUTS) {
      this.cutShort ??= `${sideLoad.side} left ${MAX_TIMEOUTS} requests unanswered for ${this.inputs.timeoutSeconds} s each`;
    }
    this.settled(connection);
  }

  refused(connection: Connection, attempts: number, error: NodeJS.ErrnoException): void {
    if (attempts >= MAX_REFUSALS) this.fail(targetGone(this.sideLoadOf(connection), error));
  }

  /** The connections are about to go: nothing will be answered any more. */
  cancel(): void {
    this.fail(windowCancelled());
  }

  protected finish(): void {
    this.#over = true;
    this.#ended.resolve();
  }

  protected fail(error: GodynoError): void {
    this.#over = true;
    this.#ended.reject(error);
  }

  protected get over(): boolean {
    return this.#over;
  }

  #sweepTimeouts(): void {
    const nowMs = performance.now();
    const oldestMs = nowMs - this.inputs.timeoutSeconds * 1000;
    for (const { connections } of this.inputs.sideLoads) {
      for (const connection of connections)
        if (connection.busy && connection.sentMs < oldestMs) connection.timeOut(nowMs);
    }
    if (!this.#over) this.tick(nowMs);
  }
}

/** Between windows nothing is in flight, and what happens to connections mends itself. */
export const QUIET: Driver = {
  answered: () => undefined,
  broken: () => undefined,
  ready: () => undefined,
  refused: () => undefined,
};
