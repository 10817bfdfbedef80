/** Sums of what was executed, by stack as far as it was inlined; and of entries of functions, by where they were called. */
import type { CountedFrame, CountedStack, WorkGroup } from '../model/index.ts';
import type { GoFunction, GoTables } from './go-tables.ts';
import { groupOf } from './groups.ts';

/** Code outside Go's text: C, the C library, the vDSO, the dynamic linker. */
const OUTSIDE: readonly CountedFrame[] = [{ function: '<not Go>', file: '', line: 0, startLine: 0 }];

interface Tally {
  readonly frames: readonly CountedFrame[];
  readonly caller?: readonly CountedFrame[];
  readonly group: WorkGroup;
  instructions: number;
  calls: number;
}

/** The tally of an address, and of what follows it to before `end`. */
interface TallyFrom {
  readonly tally: { instructions: number };
  readonly end: number;
}

/** What executed instructions are added to, by their address as linked. */
export interface Tallies {
  readonly from: (address: number) => TallyFrom;
}

/** A stack of a program, by its number. */
interface Looked {
  readonly number: number;
  readonly frames: readonly CountedFrame[];
}

/**
 * The stacks of a program by address. Many addresses make one line, and many stretches of code: its frames are kept once,
 * and a stretch by where it begins.
 */
class LookUp {
  readonly #tables: GoTables;
  readonly #byStart = new Map<number, Looked>();
  /** By lines and numbers of functions: names would make the keys five times as long. */
  readonly #byKey = new Map<string, Looked>();
  readonly #functions = new Map<string, number>();
  readonly #groups = new Map<string, WorkGroup>();
  readonly #outside: Looked;

  constructor(tables: GoTables) {
    this.#tables = tables;
    this.#outside = this.#of(OUTSIDE);
  }

  /** Of an address as linked, with the end of the code that has the same one. */
  at(address: number): readonly [looked: Looked, end: number] {
    const stretch = this.#tables.stretchAt(address);
    if (stretch === undefined) return [this.#outside, address + 1];
    const known = this.#byStart.get(stretch.start);
    if (known !== undefined) return [known, stretch.end];
    const looked = this.#of(this.#tables.framesAt(address));
    this.#byStart.set(stretch.start, looked);
    return [looked, stretch.end];
  }

  groupOf(frames: readonly CountedFrame[]): WorkGroup {
    const name = frames.at(-1)?.function ?? '';
    const group = this.#groups.get(name) ?? groupOf(name);
    this.#groups.set(name, group);
    return group;
  }

  #functionOf(name: string): number {
    const number = this.#functions.get(name) ?? this.#functions.size;
    this.#functions.set(name, number);
    return number;
  }

  #of(frames: readonly CountedFrame[]): Looked {
    const key = frames.map((frame) => `${this.#functionOf(frame.function)}:${frame.line}`).join(' ');
    const looked = this.#byKey.get(key) ?? { number: this.#byKey.size, frames };
    this.#byKey.set(key, looked);
    return looked;
  }
}

/** Addresses are looked up once per program and reused for later windows of the same tables. */
const lookUps = new WeakMap<GoTables, LookUp>();

const lookUpOf = (tables: GoTables): LookUp => {
  const lookUp = lookUps.get(tables) ?? new LookUp(tables);
  lookUps.set(tables, lookUp);
  return lookUp;
};

/** Of a call from somewhere that nobody knows. */
const NOWHERE = -1;

/** Sums by stack. */
export class StackTallies implements Tallies {
  readonly #lookUp: LookUp;
  readonly #all: Tally[] = [];
  /** By number of the stack. */
  readonly #executed: (Tally | undefined)[] = [];
  /** By name of what is entered, then by number of the stack that it is called from. */
  readonly #entries = new Map<string, Map<number, Tally>>();

  constructor(tables: GoTables) {
    this.#lookUp = lookUpOf(tables);
  }

  /** `address` as linked. */
  from(address: number): TallyFrom {
    const [{ number, frames }, end] = this.#lookUp.at(address);
    const tally = this.#executed[number] ?? this.#add(frames);
    this.#executed[number] = tally;
    return { tally, end };
  }

  /** Where entries of a function are counted: those from one place, or those of which nobody knows from where. */
  entryOf({ name, startLine, entry }: GoFunction, callSite?: number): Tally {
    const from = callSite === undefined ? undefined : this.#lookUp.at(callSite)[0];
    const byCaller = this.#entries.get(name) ?? new Map<number, Tally>();
    this.#entries.set(name, byCaller);
    const known = byCaller.get(from?.number ?? NOWHERE);
    if (known !== undefined) return known;
    const file = this.#lookUp.at(entry)[0].frames.at(-1)?.file ?? '';
    const tally = this.#add([{ function: name, file, line: startLine, startLine }], from?.frames);
    byCaller.set(from?.number ?? NOWHERE, tally);
    return tally;
  }

  /** In the order in which they were met first. */
  all(): readonly CountedStack[] {
    return this.#all;
  }

  #add(frames: readonly CountedFrame[], caller?: readonly CountedFrame[]): Tally {
    const group = this.#lookUp.groupOf(frames);
    const tally: Tally = { frames, group, instructions: 0, calls: 0, ...(caller !== undefined && { caller }) };
    this.#all.push(tally);
    return tally;
  }
}

/** Sums by kind of work alone: a stack has no tally of its own. */
export class GroupTallies implements Tallies {
  readonly #lookUp: LookUp;
  readonly #tallies: Readonly<Record<WorkGroup, { instructions: number }>> = {
    user: { instructions: 0 },
    runtime: { instructions: 0 },
    allocator: { instructions: 0 },
    gc: { instructions: 0 },
    scheduler: { instructions: 0 },
  };

  constructor(tables: GoTables) {
    this.#lookUp = lookUpOf(tables);
  }

  from(address: number): TallyFrom {
    const [{ frames }, end] = this.#lookUp.at(address);
    return { tally: this.#tallies[this.#lookUp.groupOf(frames)], end };
  }

  totals(): Record<WorkGroup, number> {
    const { user, runtime, allocator, gc, scheduler } = this.#tallies;
    return {
      user: user.instructions,
      runtime: runtime.instructions,
      allocator: allocator.instructions,
      gc: gc.instructions,
      scheduler: scheduler.instructions,
    };
  }
}

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
    if (entry === undefined) return;
    const caller = this.#tables.functionAt(callSite);
    if (caller === undefined || SWITCHES.has(caller.name)) return;
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
