/**
 * What requests spend their time on: the intervals of the goroutines that serve them, from the moment a request has come
 * until its answer is written. What lies between two requests of a connection, and what the server does once the client
 * has its answer, is no request's; nor is a request whose begin or end the trace does not hold.
 *
 * A request that waits for a goroutine of its own is told by what that one does meanwhile: it stands in the place of the
 * wait, above the stack that waits.
 */
import type { Generation } from './generations.ts';
import type { Follower, Goroutine, Turn } from './goroutines.ts';
import { NO_STACK, type Stacks } from './stacks.ts';
import { GC_ASSIST, RUNNABLE, RUNNING, type State, STATES, SYSCALL } from './states.ts';

/** Of one request as far as it has come. */
interface Handling {
  readonly keys: number[];
  readonly ns: number[];
  /** A handler ran, or an answer was written. */
  isRequest: boolean;
  /** So many intervals lie before the end of the answer; −1: it is not written. */
  answered: number;
}

/** What is known of a goroutine that serves, or that works for one that does. */
export interface Served {
  handling: Handling | null;
  isServer: boolean;
  readonly child: Child | null;
}

/** A goroutine that another one began. */
interface Child {
  /** What its creator was handling; null: nothing that is known. */
  readonly of: Handling | null;
  /** Of its creator, where that is a child itself. */
  readonly up: Child | null;
  /** Where it begins: what is known of where it runs. */
  readonly start: number;
  /** What it did, the latest at the end. */
  readonly done: Piece[];
}

/** A stretch of time in one state at one stack. */
interface Piece {
  readonly state: State;
  readonly stack: number;
  readonly from: number;
  readonly to: number;
}

/** What a goroutine did before this many pieces is forgotten: whoever waited that long for it just waited. */
const MOST_PIECES = 128;
/** Children of children; more than this is no request's own work any more. */
const MOST_GENERATIONS = 16;

/** A request with more intervals than this is not followed any further: it is a stream, or no request at all. */
const MOST_INTERVALS = 1 << 16;

/** Time of all requests in one state at one stack. */
export interface Spent {
  readonly state: State;
  readonly stack: number;
  readonly ns: number;
  /** Intervals; of running, CPU samples. */
  readonly count: number;
}

export interface RequestTimes {
  readonly requests: number;
  readonly spent: readonly Spent[];
  /** CPU samples that tell where requests run; 0: nobody sampled. */
  readonly cpuSamples: number;
  /** What was set apart. */
  readonly apart: Apart;
}

export interface Apart {
  /** Connections' waiting for their next request. */
  readonly idleNs: number;
  /** net/http's reading ahead beside handlers. */
  readonly backgroundReadNs: number;
  /** What servers do around requests, mostly after an answer. */
  readonly aroundNs: number;
  /** Requests that had not ended when the trace did. */
  readonly unfinished: number;
}

interface Sum {
  ns: number;
  count: number;
}

/** A state that something else has to end. */
const isWait = (state: State): boolean =>
  state !== RUNNING && state !== RUNNABLE && state !== SYSCALL && state !== GC_ASSIST;

const piecesSince = ({ done }: Child, last: Piece, since: number): readonly Piece[] => {
  let first = done.length;
  while (first > 0 && (done[first - 1] as Piece).to > since) first--;
  return [...done.slice(first), last].filter(({ from, to }) => to > Math.max(from, since));
};

/** The request that a goroutine works for; null: none that is known. */
const rootOf = (account: Served | null): Handling | null => {
  if (account === null) return null;
  if (account.isServer) return account.handling;
  let child = account.child;
  for (let up = 0; child !== null && up < MOST_GENERATIONS; up++, child = child.up)
    if (child.of?.isRequest === true) return child.of;
  return null;
};

/** The key of time on the CPU that no event gives a place. */
const RUNNING_SOMEWHERE = NO_STACK * STATES.length + RUNNING;

const begun = (): Handling => ({ keys: [], ns: [], isRequest: false, answered: -1 });

export class Requests implements Follower<Served> {
  readonly #stacks: Stacks;
  readonly #sums = new Map<number, Sum>();
  readonly #cpuSamples = new Map<number, number>();
  #requests = 0;
  #idleNs = 0;
  #backgroundReadNs = 0;
  #aroundNs = 0;

  constructor(stacks: Stacks) {
    this.#stacks = stacks;
  }

  began(goroutine: Goroutine<Served>, start: number, creator: Goroutine<Served> | null): void {
    const { handling: of = null, child: up = null } = creator?.account ?? {};
    const child = of === null && up === null ? null : { of, up, start, done: [] };
    goroutine.account = { handling: begun(), isServer: false, child };
  }

  turned({ goroutine, state, stack, time, by }: Turn<Served>): void {
    this.#leave(goroutine, Math.max(time, goroutine.since), by);
    if (state === null) this.#close(goroutine.account);
    else if (stack !== NO_STACK) this.#enter(goroutine, state, stack);
  }

  /** Samples of a generation whose stacks belong to requests. */
  sampled({ cpuSamples }: Generation): void {
    for (const [id, count] of cpuSamples) {
      const stack = this.#stacks.number(id);
      const { serving } = this.#stacks.get(stack);
      if (serving === 'handles' || serving === 'answers' || serving === 'reads next')
        this.#cpuSamples.set(stack, (this.#cpuSamples.get(stack) ?? 0) + count);
    }
  }

  times(alive: Iterable<Goroutine<Served>>): RequestTimes {
    const unfinished = [...alive].filter(({ account }) => account?.handling?.isRequest === true).length;
    return {
      requests: this.#requests,
      spent: [...this.#known(), ...this.#running()],
      cpuSamples: this.#allSamples(),
      apart: {
        idleNs: this.#idleNs,
        backgroundReadNs: this.#backgroundReadNs,
        aroundNs: this.#aroundNs,
        unfinished,
      },
    };
  }

  #leave(goroutine: Goroutine<Served>, time: number, by: Goroutine<Served> | null): void {
    const { account, state, stack, isSeen } = goroutine;
    const { serving } = this.#stacks.get(stack);
    const ns = time - goroutine.since;
    if (account !== null) this.#book(account, this.#pieces(goroutine, time, by));
    if (serving === 'answers' && account?.handling) account.handling.answered = account.handling.keys.length;
    if (!isSeen || state === RUNNING || state === RUNNABLE) return;
    if (serving === 'reads next') this.#idleNs += ns;
    else if (serving === 'background read') this.#backgroundReadNs += ns;
    else if (serving === 'around') this.#aroundNs += ns;
  }

  #book({ handling, child }: Served, pieces: readonly Piece[]): void {
    for (const { state, stack, from, to } of handling === null ? [] : pieces) {
      handling?.keys.push(stack * STATES.length + state);
      handling?.ns.push(to - from);
    }
    if (child === null) return;
    child.done.push(...pieces);
    if (child.done.length > MOST_PIECES) child.done.splice(0, MOST_PIECES / 2);
  }

  /** What it did since it turned to its state; of a wait that a goroutine of the same request ends, what that one did. */
  #pieces(goroutine: Goroutine<Served>, time: number, by: Goroutine<Served> | null): readonly Piece[] {
    const { state, stack, since, account } = goroutine;
    const own = { state, stack: this.#placeOf(goroutine), from: since, to: time };
    const child = by?.account?.child ?? null;
    if (by === null || child === null || by === goroutine || !isWait(state)) return [own];
    const root = rootOf(account);
    if (root === null || rootOf(by.account) !== root) return [own];
    const last = { state: by.state, stack: this.#placeOf(by), from: by.since, to: time };
    const pieces = piecesSince(child, last, since).map((piece) => ({
      state: piece.state,
      stack: this.#stacks.joined(piece.stack, stack),
      from: Math.max(since, piece.from),
      to: piece.to,
    }));
    // Before it was begun.
    const begin = pieces[0]?.from ?? time;
    return begin > since ? [{ ...own, to: begin }, ...pieces] : pieces;
  }

  /** Where it is, as far as that is known: a child that runs, by where it began. */
  #placeOf({ stack, account }: Goroutine<Served>): number {
    return stack === NO_STACK && account?.isServer === false ? (account.child?.start ?? NO_STACK) : stack;
  }

  #enter(goroutine: Goroutine<Served>, state: State, stack: number): void {
    const { serving } = this.#stacks.get(stack);
    const account = goroutine.account;
    if (serving === 'unknown' || serving === 'background read') {
      // A deep stack has lost its root, but its goroutine is known; all others serve nobody by themselves.
      if (account?.isServer === true) return;
      if (account === null || account.child === null) goroutine.account = null;
      else account.handling = null;
      return;
    }
    const served = account ?? { handling: null, isServer: true, child: null };
    served.isServer = true;
    goroutine.account = served;
    if (serving === 'reads next') {
      this.#close(served);
      served.handling = begun();
    } else if (served.handling !== null && serving !== 'around') served.handling.isRequest = true;
    if ((served.handling?.keys.length ?? 0) > MOST_INTERVALS) served.handling = null;
  }

  /** The request is over, if there was one. */
  #close(served: Served | null): void {
    const handling = served?.handling ?? null;
    if (served === null || handling === null) return;
    served.handling = null;
    if (!handling.isRequest) return;
    this.#requests++;
    const end = handling.answered < 0 ? handling.keys.length : handling.answered;
    for (let at = 0; at < end; at++) this.#sum(handling.keys[at] as number, handling.ns[at] as number);
  }

  #sum(key: number, ns: number): void {
    const known = this.#sums.get(key);
    if (known === undefined) this.#sums.set(key, { ns, count: 1 });
    else {
      known.ns += ns;
      known.count++;
    }
  }

  /** All that has a place. */
  #known(): readonly Spent[] {
    return [...this.#sums].flatMap(([key, sum]) => {
      const [state, stack] = [key % STATES.length, Math.floor(key / STATES.length)];
      return key === RUNNING_SOMEWHERE ? [] : [{ state, stack, ...sum }];
    });
  }

  /** Nobody records where a request's own goroutine runs: CPU samples tell it, each for its share of the time. */
  #running(): readonly Spent[] {
    const { ns, count } = this.#sums.get(RUNNING_SOMEWHERE) ?? { ns: 0, count: 0 };
    const samples = this.#allSamples();
    if (samples === 0) return [{ state: RUNNING, stack: NO_STACK, ns, count }];
    return [...this.#cpuSamples].map(([stack, hits]) => ({
      state: RUNNING,
      stack,
      ns: (ns * hits) / samples,
      count: hits,
    }));
  }

  #allSamples(): number {
    return [...this.#cpuSamples.values()].reduce((sum, count) => sum + count, 0);
  }
}
