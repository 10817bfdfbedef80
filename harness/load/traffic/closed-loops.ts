/**
 * The closed loops: couples (cost), a single side's replay, and many in flight (contention).
 *
 * No timer is involved: an answer sends the next request from within its own event, so the loop leaves no gap that the
 * event loop could stretch.
 */
import { performance } from 'node:perf_hooks';
import type { Connection } from './connection.ts';
import type { ClosedLoop, SingleLoop } from '../plan/messages.ts';
import { type WindowInputs, type SideLoad, WindowRun } from './window.ts';

const NOT_BEFORE = Number.POSITIVE_INFINITY;

/**
 * Request n goes to every side of the inputs back to back, in an order drawn per n; n + 1 follows on the same place
 * when all sides have ended theirs. With one side it is that side's sequential replay.
 */
export class CouplesRun extends WindowRun {
  readonly #loop: ClosedLoop;
  /** Unanswered requests of the couple at each place. */
  readonly #open: Uint8Array;
  #allOpen = 0;
  #number: number;
  readonly #last: number;
  /** These numbers instead of all from the first on, in a look at answers. */
  readonly #picked: readonly number[] | null;
  #deadlineMs = NOT_BEFORE;

  constructor(inputs: WindowInputs, loop: ClosedLoop, picked: readonly number[] | null = null) {
    super(inputs);
    this.#loop = loop;
    this.#picked = picked;
    this.#open = new Uint8Array(loop.inFlight);
    this.#number = loop.first;
    this.#last = loop.first + (loop.count ?? NOT_BEFORE);
  }

  protected begin(): void {
    if (this.#loop.seconds !== undefined) this.#deadlineMs = this.startMs + this.#loop.seconds * 1000;
    for (let place = 0; place < this.#open.length; place++) this.#startCouple(place, this.startMs);
    this.#finishIfDone(this.startMs);
  }

  protected next(): number {
    return this.#number;
  }

  protected settled(connection: Connection): void {
    this.#open[connection.index] = (this.#open[connection.index] ?? 1) - 1;
    this.#allOpen--;
    this.#finishIfDone(this.endMs);
  }

  ready(connection: Connection): void {
    const place = connection.index;
    if (!this.over && this.#open[place] === 0) this.#startCouple(place, performance.now());
  }

  protected tick(nowMs: number): void {
    this.#finishIfDone(nowMs);
  }

  #mayStart(nowMs: number): boolean {
    return this.#number < this.#last && nowMs < this.#deadlineMs && this.cutShort === null;
  }

  #finishIfDone(nowMs: number): void {
    if (this.#allOpen === 0 && !this.#mayStart(nowMs)) this.finish();
  }

  #startCouple(place: number, nowMs: number): void {
    const { sideLoads, schedule } = this.inputs;
    if (!this.#mayStart(nowMs)) return;
    // A side that lost its connection comes back with `ready`.
    for (const sideLoad of sideLoads) if (sideLoad.connections[place]?.idle !== true) return;
    const at = this.#number++;
    const number = this.#picked === null ? at : (this.#picked[at - this.#loop.first] ?? at);
    this.#open[place] = sideLoads.length;
    this.#allOpen += sideLoads.length;
    const route = schedule.routeOf(number);
    const [base, head] = sideLoads;
    if (base === undefined) return;
    if (head === undefined) this.#send(base, place, base.bytesOf(number, route), route, number);
    else if (schedule.headFirst(number)) this.#sendBoth(head, base, place, number, route);
    else this.#sendBoth(base, head, place, number, route);
  }

  #sendBoth(one: SideLoad, other: SideLoad, place: number, number: number, route: number): void {
    // Both are written out before the first is sent, so that nothing comes between the two.
    const oneBytes = one.bytesOf(number, route);
    const otherBytes = other.bytesOf(number, route);
    this.#send(one, place, oneBytes, route, number);
    this.#send(other, place, otherBytes, route, number);
  }

  #send(sideLoad: SideLoad, place: number, bytes: Buffer, route: number, number: number): void {
    sideLoad.tally.planned++;
    sideLoad.connections[place]?.send(bytes, route, Number.NaN, number);
  }
}

/** The replay of one side with a pause before every request but the first. */
export class PausedRun extends CouplesRun {
  readonly #pauseMs: number;

  constructor(inputs: WindowInputs, loop: SingleLoop) {
    super(inputs, loop);
    this.#pauseMs = loop.pauseMs ?? 0;
  }

  override ready(connection: Connection): void {
    setTimeout(() => super.ready(connection), this.#pauseMs);
  }
}

/**
 * How far one side may run ahead of the other: in requests per request in flight, and besides as a share of what the other
 * has ended. A side that has to wait for the other has fewer in flight and waits less within: with two per request in
 * flight alone, 5 % more CPU on head showed as 29 to 36 % more blocked time of the demo (docs/method.md, contention). A
 * side without bounds would leave the other the CPU for itself at the end.
 */
const LEAD = { perInFlight: 2, ratio: 0.25 };

/** A side of the contention slice with its own place in the common schedule. */
interface ContentionRunner {
  readonly sideLoad: SideLoad;
  readonly connections: readonly Connection[];
  sent: number;
  ended: number;
}

/** Each side keeps `inFlight` requests going; both get exactly the same ones. */
export class ContentionRun extends WindowRun {
  readonly #loop: ClosedLoop;
  readonly #runners: readonly ContentionRunner[];
  #limit: number;
  #deadlineMs = NOT_BEFORE;

  constructor(inputs: WindowInputs, loop: ClosedLoop) {
    super(inputs);
    this.#loop = loop;
    this.#limit = loop.count ?? NOT_BEFORE;
    this.#runners = inputs.sideLoads.map((sideLoad) => ({
      sideLoad,
      connections: sideLoad.connections.slice(0, loop.inFlight),
      sent: 0,
      ended: 0,
    }));
  }

  protected begin(): void {
    if (this.#loop.seconds !== undefined) this.#deadlineMs = this.startMs + this.#loop.seconds * 1000;
    this.#fillAll(this.startMs);
    this.#finishIfDone();
  }

  protected next(): number {
    return this.#loop.first + Math.max(...this.#runners.map((runner) => runner.sent));
  }

  protected settled(connection: Connection): void {
    const runner = this.#runners.find(({ sideLoad }) => sideLoad.side === connection.side);
    if (runner !== undefined) runner.ended++;
    this.#fillAll(this.endMs);
    this.#finishIfDone();
  }

  ready(): void {
    if (!this.over) this.#fillAll(performance.now());
  }

  protected tick(nowMs: number): void {
    this.#fillAll(nowMs);
    this.#finishIfDone();
  }

  /** At the end both sides stop at the number the faster one has reached. */
  #closeIfDue(nowMs: number): void {
    if (nowMs < this.#deadlineMs && this.cutShort === null) return;
    this.#limit = Math.min(this.#limit, Math.max(...this.#runners.map((runner) => runner.sent)));
  }

  #finishIfDone(): void {
    if (this.#runners.every((runner) => runner.ended === this.#limit)) this.finish();
  }

  #fillAll(nowMs: number): void {
    this.#closeIfDue(nowMs);
    const [base, head] = this.#runners;
    if (base === undefined || head === undefined) return;
    if (this.inputs.schedule.headFirst(this.#loop.first + base.sent)) {
      this.#fill(head, base);
      this.#fill(base, head);
    } else {
      this.#fill(base, head);
      this.#fill(head, base);
    }
  }

  #fill(runner: ContentionRunner, other: ContentionRunner): void {
    const { schedule } = this.inputs;
    const lead = LEAD.perInFlight * this.#loop.inFlight + LEAD.ratio * other.ended;
    const limit = Math.min(this.#limit, other.ended + lead);
    for (const connection of runner.connections) {
      if (runner.sent >= limit) return;
      if (!connection.idle) continue;
      const number = this.#loop.first + runner.sent++;
      const route = schedule.routeOf(number);
      runner.sideLoad.tally.planned++;
      connection.send(runner.sideLoad.bytesOf(number, route), route, Number.NaN, number);
    }
  }
}
