/**
 * Stacks by content: every generation numbers its own anew. What a stack says of a request is found out once.
 */
import type { Frame, Generation } from './generations.ts';
import { servingOf, type Serving } from './servers.ts';
import { type State, waitingFor } from './states.ts';
import { TraceError } from './trace-error.ts';

export interface Stack {
  /** Leaf first. */
  readonly frames: readonly Frame[];
  readonly serving: Serving;
}

/** Far more than any program's; each is kept to the end. */
const MOST_STACKS = 1 << 16;

/** The stack of what has none. */
export const NO_STACK = 0;

/** A few goroutines, one waiting for the other, of which the callers are kept. */
const MOST_FRAMES = 256;

/** As profiles have them. */
const withoutRoot = (frames: readonly Frame[]): readonly Frame[] =>
  frames.at(-1)?.function === 'runtime.goexit' ? frames.slice(0, -1) : frames;

const keyOf = (frames: readonly Frame[]): string =>
  frames.map(({ function: name, file, line }) => `${name}\0${file}\0${line}`).join('\n');

export class Stacks {
  readonly all: Stack[] = [{ frames: [], serving: servingOf([]) }];
  readonly #numbers = new Map<string, number>([['', NO_STACK]]);
  #generation: Generation | null = null;
  readonly #ofGeneration = new Map<number, number>();
  readonly #waits = new Map<string, State>();
  readonly #joined = new Map<string, number>();

  /** From now on ids are those of this generation. */
  enter(generation: Generation): void {
    this.#generation = generation;
    this.#ofGeneration.clear();
    this.#waits.clear();
  }

  get(number: number): Stack {
    return this.all[number] as Stack;
  }

  /** The number of a stack of the generation, the same in all of them. */
  number(id: number): number {
    const known = this.#ofGeneration.get(id);
    if (known !== undefined) return known;
    const frames = withoutRoot(this.#current().stack(id));
    const key = keyOf(frames);
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.#keep({ frames, serving: servingOf(frames) });
      this.#numbers.set(key, number);
    }
    this.#ofGeneration.set(id, number);
    return number;
  }

  /** `above`, as if the goroutine at `below` had called it. */
  joined(above: number, below: number): number {
    if (above === NO_STACK) return below;
    const key = `${above} ${below}`;
    const known = this.#joined.get(key);
    if (known !== undefined) return known;
    const { frames, serving } = this.get(below);
    const number = this.#keep({ frames: [...this.get(above).frames, ...frames].slice(-MOST_FRAMES), serving });
    this.#joined.set(key, number);
    return number;
  }

  #keep(stack: Stack): number {
    if (this.all.length > MOST_STACKS) throw new TraceError('it has more stacks than any program needs');
    return this.all.push(stack) - 1;
  }

  /** What a goroutine that blocks for this reason, a text of the generation, waits for. */
  waitOf(reason: number, stack: number): State {
    const key = `${reason} ${stack}`;
    const known = this.#waits.get(key);
    if (known !== undefined) return known;
    const state = waitingFor(this.#current().string(reason), this.get(stack).frames);
    this.#waits.set(key, state);
    return state;
  }

  #current(): Generation {
    if (this.#generation === null) throw new TraceError('it has no generation');
    return this.#generation;
  }
}
