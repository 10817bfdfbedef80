/**
 * What requests spend their time on: the intervals of the goroutines that serve them, from the moment a request has come
 * until its answer is written. What lies between two requests of a connection, and what the server does once the client
 * has its answer, is no request's; nor is a request whose begin or end the trace does not hold.
 */
import type { Generation } from './generations.ts';
import type { Follower, Goroutine } from './goroutines.ts';
import { NO_STACK, type Stacks } from './stacks.ts';
import { RUNNABLE, RUNNING, type State, STATES } from './states.ts';

/** Of one request as far as it has come. */
interface Handling {
  readonly keys: number[];
  readonly ns: number[];
  /** A handler ran, or an answer was written. */
  isRequest: boolean;
  /** So many intervals lie before the end of the answer; −1: it is not written. */
  answered: number;
}

/** What is known of a server's goroutine. */
export interface Served {
  handling: Handling | null;
  isServer: boolean;
}

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

  began(goroutine: Goroutine<Served>): void {
    goroutine.account = { handling: begun(), isServer: false };
  }

  turned(goroutine: Goroutine<Served>, state: State | null, stack: number, time: number): void {
    this.#leave(goroutine, Math.max(0, time - goroutine.since));
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
      spent: [...this.#offCpu(), ...this.#running()],
      cpuSamples: this.#allSamples(),
      apart: {
        idleNs: this.#idleNs,
        backgroundReadNs: this.#backgroundReadNs,
        aroundNs: this.#aroundNs,
        unfinished,
      },
    };
  }

  #leave({ account, state, stack, isSeen }: Goroutine<Served>, ns: number): void {
    const { serving } = this.#stacks.get(stack);
    const handling = account?.handling ?? null;
    if (handling !== null) {
      this.#add(handling, state, stack, ns);
      if (serving === 'answers') handling.answered = handling.keys.length;
    }
    if (!isSeen || state === RUNNING || state === RUNNABLE) return;
    if (serving === 'reads next') this.#idleNs += ns;
    else if (serving === 'background read') this.#backgroundReadNs += ns;
    else if (serving === 'around') this.#aroundNs += ns;
  }

  #add(handling: Handling, state: State, stack: number, ns: number): void {
    handling.keys.push(stack * STATES.length + state);
    handling.ns.push(ns);
  }

  #enter(goroutine: Goroutine<Served>, state: State, stack: number): void {
    const { serving } = this.#stacks.get(stack);
    const account = goroutine.account;
    if (serving === 'unknown' || serving === 'background read') {
      // A deep stack has lost its root, but its goroutine is known; all others serve nobody.
      if (account?.isServer !== true) goroutine.account = null;
      return;
    }
    const served = account ?? { handling: null, isServer: true };
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

  #offCpu(): readonly Spent[] {
    return [...this.#sums].flatMap(([key, sum]) => {
      const state = key % STATES.length;
      return state === RUNNING ? [] : [{ state, stack: Math.floor(key / STATES.length), ...sum }];
    });
  }

  /** Nobody records where a goroutine runs: CPU samples tell it, each for its share of the time. */
  #running(): readonly Spent[] {
    const all = [...this.#sums].filter(([key]) => key % STATES.length === RUNNING);
    const ns = all.reduce((sum, [, one]) => sum + one.ns, 0);
    const count = all.reduce((sum, [, one]) => sum + one.count, 0);
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
