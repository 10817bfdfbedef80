/** Sums of what was executed, by stack as far as it was inlined; and of entries of functions, by where they were called. */
import type { CountedFrame, CountedStack, WorkGroup } from '../model/index.ts';
import type { GoFunction, GoTables } from './go-tables.ts';
import { groupOf } from './groups.ts';

/** Code outside Go's text: C, the C library, the vDSO, the dynamic linker. */
const OUTSIDE: CountedFrame = { function: '<not Go>', file: '', line: 0, startLine: 0 };

interface Tally {
  readonly frames: readonly CountedFrame[];
  readonly caller?: readonly CountedFrame[];
  readonly group: WorkGroup;
  instructions: number;
  calls: number;
}

const keyOf = (frames: readonly CountedFrame[]): string =>
  frames.map((frame) => `${frame.function}\0${frame.line}`).join('\n');

/** Sums by stack; addresses are looked up once per program and reused for later windows of the same tables. */
export class StackTallies {
  readonly #tallies = new Map<string, Tally>();
  readonly #tables: GoTables;
  readonly #keys: Map<number, Looked>;
  readonly #stacks: Map<string, Looked>;

  constructor(tables: GoTables) {
    this.#tables = tables;
    const known = lookUps.get(tables) ?? { byAddress: new Map(), byKey: new Map() };
    lookUps.set(tables, known);
    this.#keys = known.byAddress;
    this.#stacks = known.byKey;
  }

  /** `address` as linked. */
  at(address: number): Tally {
    return this.#tally(...this.#look(address));
  }

  /** Where entries of a function are counted: those from one place, or those of which nobody knows from where. */
  entryOf({ name, startLine, entry }: GoFunction, callSite?: number): Tally {
    const file = this.#look(entry)[1].at(-1)?.file ?? '';
    const [key, caller] = callSite === undefined ? [''] : this.#look(callSite);
    return this.#tally(`entry\0${name}\0${key}`, [{ function: name, file, line: startLine, startLine }], caller);
  }

  #tally(key: string, frames: readonly CountedFrame[], caller?: readonly CountedFrame[]): Tally {
    const known = this.#tallies.get(key);
    if (known !== undefined) return known;
    const group = groupOf(frames.at(-1)?.function ?? '');
    const tally: Tally = { frames, group, instructions: 0, calls: 0, ...(caller !== undefined && { caller }) };
    this.#tallies.set(key, tally);
    return tally;
  }

  all(): readonly CountedStack[] {
    return [...this.#tallies.values()];
  }

  #look(address: number): Looked {
    const known = this.#keys.get(address);
    if (known !== undefined) return known;
    const found = this.#tables.framesAt(address);
    const frames = found.length === 0 ? [OUTSIDE] : found;
    const key = keyOf(frames);
    // Many addresses make one line: its frames are kept once.
    const looked = this.#stacks.get(key) ?? ([key, frames] as const);
    this.#stacks.set(key, looked);
    this.#keys.set(address, looked);
    return looked;
  }
}

/** A stack with the key it is summed by. */
type Looked = readonly [key: string, frames: readonly CountedFrame[]];

interface LookUp {
  readonly byAddress: Map<number, Looked>;
  readonly byKey: Map<string, Looked>;
}

const lookUps = new WeakMap<GoTables, LookUp>();

/** Here a goroutine goes on, also at its beginning: whoever was before it there did not call it. */
const SWITCHES: ReadonlySet<string> = new Set(['gogo', 'runtime.gogo']);

/** Calls by the address of the calling instruction and the function that was called. */
export class CallTallies {
  readonly #tallies: StackTallies;
  readonly #tables: GoTables;
  /** Of functions that were entered: how often, and how many of those entries are accounted for. */
  readonly #entries = new Map<number, { readonly callee: GoFunction; times: number; known: number }>();

  constructor(tallies: StackTallies, tables: GoTables) {
    this.#tallies = tallies;
    this.#tables = tables;
  }

  enter(callee: GoFunction, times: number): void {
    const entry = this.#entries.get(callee.entry) ?? { callee, times: 0, known: 0 };
    this.#entries.set(callee.entry, entry);
    entry.times += times;
  }

  /** No call where `target` is no beginning of a function. Add the entries before. */
  call(callSite: number, target: number, times: number): void {
    const entry = this.#entries.get(target);
    const caller = this.#tables.functionAt(callSite);
    if (entry === undefined || caller === undefined || SWITCHES.has(caller.name)) return;
    // A signal between a call and its function would be the only reason for more calls than entries.
    const taken = Math.min(times, entry.times - entry.known);
    entry.known += taken;
    if (taken > 0) this.#tallies.entryOf(entry.callee, callSite).calls += taken;
  }

  /** Begun by the runtime's assembly, by C, after its stack was moved. */
  finish(): void {
    for (const { callee, times, known } of this.#entries.values())
      if (times > known) this.#tallies.entryOf(callee).calls += times - known;
  }
}
