/**
 * Goroutines from state to state, in the order in which it happened. Events of one thread are in order, those of several
 * only by a clock that is read a moment too early or too late; the runtime numbers what must not be exchanged (a start, a
 * wake-up), and so each waits until it fits.
 */
import { EVENT } from './events.ts';
import type { Generation } from './generations.ts';
import { NO_STACK, type Stacks } from './stacks.ts';
import { GC_ASSIST, RUNNABLE, RUNNING, type State, SYSCALL, UNKNOWN } from './states.ts';
import { eachEvent, type ThreadStream } from './streams.ts';
import { TraceError } from './trace-error.ts';

/** At the same time: more than any service has, so that a file of nothing but beginnings does not fill the memory. */
const MOST_GOROUTINES = 1 << 20;

type Phase = 'none' | 'runnable' | 'running' | 'syscall' | 'waiting';

/** By the numbers that stand for them at the begin of a generation. */
const PHASES: readonly (Phase | undefined)[] = [undefined, 'runnable', 'running', 'syscall', 'waiting'];

type Kind = 'start' | 'wake' | 'switch' | 'block' | 'stop' | 'end' | 'enter' | 'leave' | 'lose' | 'assist' | 'assisted';

/** Something that happens to a goroutine. */
interface Step {
  readonly kind: Kind;
  readonly time: number;
  readonly stack: number;
  readonly state: State;
  /** Of a wake-up: who gave it; null: the scheduler, for a timer or the network. */
  readonly by?: Goroutine | null;
}

/** What a step needs, where it cannot come too early: a thread knows what its own goroutine does. */
const BEFORE: Readonly<Record<Kind, Phase>> = {
  start: 'runnable',
  wake: 'waiting',
  switch: 'waiting',
  block: 'running',
  stop: 'running',
  end: 'running',
  enter: 'running',
  leave: 'syscall',
  lose: 'syscall',
  assist: 'running',
  assisted: 'running',
};

/** Steps that came too early: the first one, with its number, and what its thread did to the goroutine afterwards. */
interface Early {
  readonly number: number;
  readonly steps: Step[];
  readonly thread: Thread | null;
}

interface Thread {
  goroutine: Goroutine | null;
  /** Where its goroutine's steps go as long as its start has not come. */
  early: Step[] | null;
  /** When it stopped the world; null: it has not. */
  stoppedAt: number | null;
}

/** As long as it lives; what it does since when. */
export class Goroutine<Account = unknown> {
  phase: Phase = 'none';
  state: State = UNKNOWN;
  /** Where it waits, was called from or was stopped. */
  stack = NO_STACK;
  since = 0;
  /** Whether it was seen to begin what it does; else `since` is when the trace first knew of it. */
  isSeen = false;
  /** Of whoever follows it. */
  account: Account | null = null;
  readonly id: number;
  generation = -1;
  /** Of the last numbered step. */
  number = 0;
  /** Where it helps the collector; null: it does not. */
  assist: number | null = null;
  early: Early[] | null = null;

  constructor(id: number) {
    this.id = id;
  }
}

/** What becomes of a goroutine. */
export interface Turn<Account> {
  readonly goroutine: Goroutine<Account>;
  readonly state: State | null;
  readonly stack: number;
  readonly time: number;
  readonly by: Goroutine<Account> | null;
}

/** Told before anything of the goroutine changes: what it leaves is in its fields. */
export interface Follower<Account> {
  /** It is there from now on. `stack` is where it will begin; `creator` is null where no goroutine has begun it. */
  began(goroutine: Goroutine<Account>, stack: number, creator: Goroutine<Account> | null): void;
  /** It turns to `state` at `stack`; null: it ends. `by`: the goroutine that wakes it; null: none does. */
  turned(turn: Turn<Account>): void;
}

export class Goroutines<Account> {
  readonly #stacks: Stacks;
  readonly #follower: Follower<Account>;
  readonly #alive = new Map<number, Goroutine<Account>>();
  readonly #threads = new Map<number, Thread>();
  /** With steps that came too early. */
  readonly #waiting = new Set<Goroutine<Account>>();
  #generation = 0;
  #pausedNs = 0;

  constructor(stacks: Stacks, follower: Follower<Account>) {
    this.#stacks = stacks;
    this.#follower = follower;
  }

  read(generation: Generation): void {
    this.#generation++;
    eachEvent(generation, (event) => this.#take(event));
    const [lost] = this.#waiting;
    if (lost !== undefined) throw new TraceError(`what goroutine ${lost.id} did does not fit together`);
  }

  /** In which the world stood still, for the collector above all. */
  pausedNs(): number {
    return this.#pausedNs;
  }

  alive(): Iterable<Goroutine<Account>> {
    return this.#alive.values();
  }

  #take(event: ThreadStream): void {
    const { time, a, b, c, d } = event;
    switch (event.type) {
      case EVENT.stwBegin:
        this.#thread(event.thread).stoppedAt = time;
        return;
      case EVENT.stwEnd:
        return this.#resumed(event);
      case EVENT.goStart:
        return this.#startOn(event, a, b, 'start');
      case EVENT.goUnblock:
        return this.#step(
          this.#get(a),
          b,
          { kind: 'wake', time, stack: NO_STACK, state: RUNNABLE, by: this.#on(event) },
          null,
        );
      case EVENT.goBlock: {
        const stack = this.#stacks.number(b);
        return this.#leaveThread(event, 'block', stack, this.#stacks.waitOf(a, stack));
      }
      case EVENT.goStop:
        return this.#leaveThread(event, 'stop', this.#stacks.number(b), RUNNABLE);
      case EVENT.goDestroy:
        return this.#leaveThread(event, 'end', NO_STACK, RUNNING);
      case EVENT.goSyscallBegin:
        return this.#own(event, 'enter', this.#stacks.number(b), SYSCALL);
      case EVENT.goSyscallEnd:
        return this.#own(event, 'leave', NO_STACK, RUNNING);
      case EVENT.goSyscallEndBlocked:
        return this.#leaveThread(event, 'lose', NO_STACK, RUNNABLE);
      case EVENT.gcMarkAssistBegin:
        return this.#own(event, 'assist', this.#stacks.number(a), GC_ASSIST);
      case EVENT.gcMarkAssistEnd:
        return this.#own(event, 'assisted', NO_STACK, RUNNING);
      case EVENT.gcMarkAssistActive:
        this.#get(a).assist = NO_STACK;
        return;
      case EVENT.goCreate:
        return this.#create(a, 'runnable', time, this.#stacks.number(b), this.#on(event));
      case EVENT.goCreateBlocked:
        return this.#create(a, 'waiting', time, this.#stacks.number(b), this.#on(event));
      case EVENT.goCreateSyscall:
        this.#create(a, 'syscall', time, NO_STACK, null);
        this.#thread(event.thread).goroutine = this.#get(a);
        return;
      case EVENT.goDestroySyscall:
        return this.#leaveThread(event, 'end', NO_STACK, RUNNING);
      case EVENT.goStatus:
        return this.#status(a, b, c, time, NO_STACK);
      case EVENT.goStatusStack:
        return this.#status(a, b, c, time, this.#stacks.number(d));
      case EVENT.goSwitch:
        this.#leaveThread(event, 'block', NO_STACK, UNKNOWN);
        return this.#startOn(event, a, b, 'switch');
      case EVENT.goSwitchDestroy:
        this.#leaveThread(event, 'end', NO_STACK, RUNNING);
        return this.#startOn(event, a, b, 'switch');
    }
  }

  /** A pause whose begin the trace does not hold is none of its own. */
  #resumed({ thread, time }: ThreadStream): void {
    const stopping = this.#thread(thread);
    if (stopping.stoppedAt !== null) this.#pausedNs += Math.max(0, time - stopping.stoppedAt);
    stopping.stoppedAt = null;
  }

  #get(id: number): Goroutine<Account> {
    const known = this.#alive.get(id);
    if (known !== undefined) return known;
    if (this.#alive.size >= MOST_GOROUTINES) throw new TraceError('it has more goroutines than any service');
    const made = new Goroutine<Account>(id);
    this.#alive.set(id, made);
    return made;
  }

  #thread(id: number): Thread {
    const known = this.#threads.get(id);
    if (known !== undefined) return known;
    const made: Thread = { goroutine: null, early: null, stoppedAt: null };
    this.#threads.set(id, made);
    return made;
  }

  /** What the thread of an event runs. */
  #on(event: ThreadStream): Goroutine<Account> | null {
    return this.#thread(event.thread).goroutine as Goroutine<Account> | null;
  }

  #startOn(event: ThreadStream, id: number, number: number, kind: 'start' | 'switch'): void {
    const thread = this.#thread(event.thread);
    const goroutine = this.#get(id);
    thread.goroutine = goroutine;
    this.#step(goroutine, number, { kind, time: event.time, stack: NO_STACK, state: RUNNING }, thread);
  }

  /** A numbered step, now or when it fits. */
  #step(goroutine: Goroutine<Account>, number: number, step: Step, thread: Thread | null): void {
    if (this.#fits(goroutine, number, step.kind)) {
      goroutine.number = number;
      this.#apply(goroutine, step);
      if (goroutine.early !== null) this.#catchUp(goroutine);
      return;
    }
    const steps = [step];
    if (thread !== null) thread.early = steps;
    (goroutine.early ??= []).push({ number, steps, thread });
    this.#waiting.add(goroutine);
  }

  #fits(goroutine: Goroutine<Account>, number: number, kind: Kind): boolean {
    return (
      goroutine.generation === this.#generation && number === goroutine.number + 1 && goroutine.phase === BEFORE[kind]
    );
  }

  #catchUp(goroutine: Goroutine<Account>): void {
    for (;;) {
      const waiting = goroutine.early ?? [];
      const at = waiting.findIndex(({ number, steps }) => this.#fits(goroutine, number, (steps[0] as Step).kind));
      if (at < 0) return;
      const [{ number, steps, thread }] = waiting.splice(at, 1) as [Early];
      if (waiting.length === 0) {
        goroutine.early = null;
        this.#waiting.delete(goroutine);
      }
      goroutine.number = number;
      if (thread?.early === steps) thread.early = null;
      for (const step of steps) this.#applyOwn(goroutine, step);
    }
  }

  /** A step of the goroutine that the thread runs. */
  #own(event: ThreadStream, kind: Kind, stack: number, state: State): void {
    const { goroutine, early } = this.#thread(event.thread);
    if (goroutine === null) throw new TraceError(`thread ${event.thread} has no goroutine that could ${kind}`);
    const step = { kind, time: event.time, stack, state };
    if (early !== null) {
      early.push(step);
      return;
    }
    this.#applyOwn(goroutine as Goroutine<Account>, step);
    if (goroutine.early !== null) this.#catchUp(goroutine as Goroutine<Account>);
  }

  #leaveThread(event: ThreadStream, kind: Kind, stack: number, state: State): void {
    this.#own(event, kind, stack, state);
    const thread = this.#thread(event.thread);
    thread.goroutine = null;
    thread.early = null;
  }

  #applyOwn(goroutine: Goroutine<Account>, step: Step): void {
    const isCallback = step.kind === 'end' && goroutine.phase === 'syscall';
    if (goroutine.phase !== BEFORE[step.kind] && !isCallback)
      throw new TraceError(`goroutine ${goroutine.id} cannot ${step.kind} while it is ${goroutine.phase}`);
    this.#apply(goroutine, step);
  }

  #apply(goroutine: Goroutine<Account>, { kind, time, stack, state, by = null }: Step): void {
    switch (kind) {
      case 'start':
      case 'switch':
      case 'leave':
        return this.#run(goroutine, time);
      case 'assist':
        goroutine.assist = stack;
        return this.#run(goroutine, time);
      case 'assisted':
        goroutine.assist = null;
        return this.#run(goroutine, time);
      case 'wake':
      case 'lose':
        // Until it runs again it waits where it waited.
        return this.#turn(goroutine, 'runnable', RUNNABLE, goroutine.stack, time, by as Goroutine<Account> | null);
      case 'stop':
        return this.#turn(goroutine, 'runnable', state, stack, time);
      case 'block':
        return this.#turn(goroutine, 'waiting', state, stack, time);
      case 'enter':
        return this.#turn(goroutine, 'syscall', state, stack, time);
      case 'end':
        this.#follower.turned({ goroutine, state: null, stack: NO_STACK, time, by: null });
        goroutine.phase = 'none';
        this.#alive.delete(goroutine.id);
        return;
    }
  }

  #run(goroutine: Goroutine<Account>, time: number): void {
    const { assist } = goroutine;
    if (assist === null) this.#turn(goroutine, 'running', RUNNING, NO_STACK, time);
    else this.#turn(goroutine, 'running', GC_ASSIST, assist, time);
  }

  #turn(
    goroutine: Goroutine<Account>,
    phase: Phase,
    state: State,
    stack: number,
    time: number,
    by: Goroutine<Account> | null = null,
  ): void {
    this.#follower.turned({ goroutine, state, stack, time, by });
    goroutine.phase = phase;
    goroutine.state = state;
    goroutine.stack = stack;
    goroutine.since = Math.max(time, goroutine.since);
    goroutine.isSeen = true;
  }

  #create(id: number, phase: Phase, time: number, stack: number, creator: Goroutine<Account> | null): void {
    const goroutine = this.#get(id);
    if (goroutine.phase !== 'none') throw new TraceError(`goroutine ${id} is begun twice`);
    this.#introduce(goroutine, phase, time);
    goroutine.stack = stack;
    goroutine.isSeen = true;
    goroutine.number = 0;
    goroutine.generation = this.#generation;
    this.#follower.began(goroutine, stack, creator);
    if (goroutine.early !== null) this.#catchUp(goroutine);
  }

  #introduce(goroutine: Goroutine<Account>, phase: Phase, time: number): void {
    goroutine.phase = phase;
    goroutine.state =
      phase === 'runnable' ? RUNNABLE : phase === 'running' ? RUNNING : phase === 'syscall' ? SYSCALL : UNKNOWN;
    goroutine.since = time;
  }

  /** Every goroutine's at its first event of a generation. A wait that is known already goes on. */
  #status(id: number, threadId: number, status: number, time: number, stack: number): void {
    const goroutine = this.#get(id);
    const phase = PHASES[status];
    if (phase === undefined) throw new TraceError(`goroutine ${id} has the status ${status}, which there is not`);
    if (goroutine.phase === 'none') {
      this.#introduce(goroutine, phase, time);
      goroutine.stack = stack;
      const isOnThread = phase === 'running' || phase === 'syscall';
      if (isOnThread) this.#thread(threadId).goroutine = goroutine;
    } else if (goroutine.phase !== phase)
      throw new TraceError(`goroutine ${id} is ${phase} where it should be ${goroutine.phase}`);
    goroutine.number = 0;
    goroutine.generation = this.#generation;
    if (goroutine.early !== null) this.#catchUp(goroutine);
  }
}
