/**
 * The open model of the latency phase: requests are planned at a constant spacing and sent on time whether or not the
 * earlier ones have been answered, so that a slow service cannot slow its own load (coordinated omission).
 */
import { performance } from 'node:perf_hooks';
import type { Connection } from './connection.ts';
import type { OpenLoop } from '../plan/messages.ts';
import type { Pacer } from './pacer.ts';
import { type WindowInputs, type SideLoad, WindowRun } from './window.ts';

/** One side with its own place in the common schedule: a stalled side must not hold up the other. */
interface PacedRunner {
  readonly sideLoad: SideLoad;
  /** Idle connections, longest idle first. */
  readonly idle: Connection[];
  sent: number;
  ended: number;
}

/** Seconds a side may be behind its schedule before the phase is given up: overload does not mend itself. */
const MAX_BEHIND_SECONDS = 1;

/** Requests that must be overdue as well; at low rates a second holds only a few. */
const MIN_BACKLOG = 64;

export class LatencyRun extends WindowRun {
  readonly #loop: OpenLoop;
  readonly #gapMs: number;
  readonly #backlogCap: number;
  readonly #runners: readonly PacedRunner[];
  readonly #slots: number;
  readonly #pacer: Pacer;

  constructor(inputs: WindowInputs, loop: OpenLoop, pacer: Pacer) {
    super(inputs);
    this.#pacer = pacer;
    this.#loop = loop;
    this.#gapMs = 1000 / loop.ratePerSecond;
    this.#slots = Math.max(1, Math.round(loop.ratePerSecond * loop.seconds));
    this.#backlogCap = Math.max(MIN_BACKLOG, loop.ratePerSecond * MAX_BEHIND_SECONDS);
    this.#runners = inputs.sideLoads.map((sideLoad) => ({
      sideLoad,
      idle: sideLoad.connections.filter((connection) => connection.idle),
      sent: 0,
      ended: 0,
    }));
  }

  protected begin(): void {
    this.#pump(this.startMs);
    const plan = { startMs: this.startMs, gapMs: this.#gapMs, slots: this.#slots };
    this.#pacer.start(plan, () => this.tick(performance.now()));
  }

  protected next(): number {
    return this.#loop.first + Math.max(...this.#runners.map((runner) => runner.sent));
  }

  protected settled(connection: Connection): void {
    const runner = this.#runnerOf(connection);
    runner.ended++;
    this.#finishIfDone();
  }

  ready(connection: Connection): void {
    if (this.over) return;
    const runner = this.#runnerOf(connection);
    runner.idle.push(connection);
    if (runner.sent < this.#slots) this.#pump(performance.now());
  }

  protected tick(nowMs: number): void {
    if (this.over) return;
    this.#pump(nowMs);
    this.#finishIfDone();
  }

  #runnerOf(connection: Connection): PacedRunner {
    const runner = this.#runners.find(({ sideLoad }) => sideLoad.side === connection.side);
    if (runner === undefined) throw new Error(`no ${connection.side} side in this window`);
    return runner;
  }

  #finishIfDone(): void {
    const complete = ({ sent, ended }: PacedRunner): boolean =>
      ended === sent && (sent >= this.#slots || this.cutShort !== null);
    if (this.#runners.every(complete)) this.finish();
  }

  #plannedMs(slot: number): number {
    return this.startMs + slot * this.#gapMs;
  }

  /** Sends what is due, slot by slot, both sides of a slot in its seeded order. */
  #pump(nowMs: number): void {
    const due = Math.min(this.#slots, Math.floor((nowMs - this.startMs) / this.#gapMs) + 1);
    const [base, head] = this.#runners;
    if (base === undefined || head === undefined) return;
    this.#sendDue(base, head, due);
    this.#giveUpIfBehind(due);
  }

  #sendDue(base: PacedRunner, head: PacedRunner, due: number): void {
    let going = true;
    while (going) {
      const headFirst =
        head.sent === base.sent ? this.inputs.schedule.headFirst(this.#loop.first + base.sent) : head.sent < base.sent;
      const [one, other] = headFirst ? [head, base] : [base, head];
      going = this.#sendNext(one, due);
      // One of them out of connections must not stop the other.
      if (!going || one.sent > other.sent) going = this.#sendNext(other, due) || going;
    }
  }

  /** Whether it sent one. */
  #sendNext(runner: PacedRunner, due: number): boolean {
    if (runner.sent >= due || this.cutShort !== null) return false;
    const connection = this.#takeIdle(runner);
    if (connection === undefined) return false;
    const slot = runner.sent++;
    const number = this.#loop.first + slot;
    const route = this.inputs.schedule.routeOf(number);
    runner.sideLoad.tally.planned++;
    connection.send(runner.sideLoad.bytesOf(number, route), route, this.#plannedMs(slot), number);
    return true;
  }

  /** A connection that broke while idle is still in the queue, and comes again when it is back. */
  #takeIdle(runner: PacedRunner): Connection | undefined {
    let connection = runner.idle.shift();
    while (connection !== undefined && !connection.idle) connection = runner.idle.shift();
    return connection;
  }

  /** Nothing more is sent: `planned` then is what was sent, and the window is not one to judge. */
  #giveUpIfBehind(due: number): void {
    if (this.cutShort !== null) return;
    const behind = this.#runners.find((runner) => due - runner.sent > this.#backlogCap);
    if (behind === undefined) return;
    const { ratePerSecond } = this.#loop;
    this.cutShort = `${behind.sideLoad.side} was ${due - behind.sent} requests behind its schedule of ${ratePerSecond}/s`;
  }
}
