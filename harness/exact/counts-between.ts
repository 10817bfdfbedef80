/** The work between two snapshots, by call stack as far as it was inlined, by kind of work, and by system call. */
import type { CountedFrame, CountedStack, WorkGroup } from '../model/index.ts';
import { executedInstructions, firstLengths } from './block-lengths.ts';
import type { Blocks, Overflow, Snapshot } from './counts-file.ts';
import type { GoFunction, GoTables } from './go-tables.ts';
import { groupOf } from './groups.ts';
import { syscallName } from './syscalls.ts';

export interface Counts {
  readonly stacks: readonly CountedStack[];
  readonly groups: Readonly<Record<WorkGroup, number>>;
  readonly syscalls: Readonly<Record<string, number>>;
  /** Guest threads that have run so far, sysmon's included. */
  readonly threads: number;
  /** Left out of everything above: it follows the wall clock. */
  readonly sysmonInstructions: number;
  readonly overflow: Overflow | null;
}

export interface Program {
  readonly tables: GoTables;
  /** As Node names it: `x64` or `arm64`. */
  readonly arch: string;
}

/** Code outside Go's text: C, the C library, the vDSO, the dynamic linker. */
const OUTSIDE: CountedFrame = { function: '<not Go>', file: '', line: 0, startLine: 0 };

const SYSMON = 'runtime.sysmon';

/** Where the program was loaded, less where it was linked for. */
const biasOf = ({ startCode }: Snapshot, { codeStart }: GoTables): number =>
  startCode === 0 ? 0 : startCode - codeStart;

const sysmonBlocks = ({ blocks }: Snapshot, tables: GoTables, bias: number): readonly number[] => {
  const found: number[] = [];
  for (let i = 0; i < blocks.count; i++) {
    if (tables.functionAt((blocks.address[i] ?? 0) - bias)?.name === SYSMON) found.push(i);
  }
  return found;
};

/** Guest threads that ever ran the runtime's monitor: it has a thread of its own for life. */
const sysmonThreads = (after: Snapshot, tables: GoTables, bias: number): ReadonlySet<number> => {
  const blocks = sysmonBlocks(after, tables, bias);
  const threads = after.executions.flatMap((row, thread) =>
    blocks.some((block) => (row[block] ?? 0) > 0) ? [thread] : [],
  );
  return new Set(threads);
};

const addDifference = (sum: Float64Array, after: Float64Array, before: Float64Array | undefined): void => {
  for (let i = 0; i < after.length; i++) sum[i] = (sum[i] ?? 0) + (after[i] ?? 0) - (before?.[i] ?? 0);
};

/** Executions in the window per block: of all threads but sysmon's, and of sysmon's. */
const executionsBetween = (before: Snapshot, after: Snapshot, sysmon: ReadonlySet<number>) => {
  const work = new Float64Array(after.blocks.count);
  const monitor = new Float64Array(after.blocks.count);
  after.executions.forEach((row, thread) =>
    addDifference(sysmon.has(thread) ? monitor : work, row, before.executions[thread]),
  );
  return { work, monitor };
};

interface Tally {
  readonly frames: readonly CountedFrame[];
  readonly group: WorkGroup;
  instructions: number;
  calls: number;
}

const keyOf = (frames: readonly CountedFrame[]): string =>
  frames.map((frame) => `${frame.function}\0${frame.line}`).join('\n');

/** Sums by stack; addresses are looked up once per program and reused for later windows of the same tables. */
class StackTallies {
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

  /** Where entries of a function are counted. */
  entryOf({ name, startLine }: GoFunction, address: number): Tally {
    const file = this.#look(address)[1].at(-1)?.file ?? '';
    return this.#tally(`entry\0${name}`, [{ function: name, file, line: startLine, startLine }]);
  }

  #tally(key: string, frames: readonly CountedFrame[]): Tally {
    const known = this.#tallies.get(key);
    if (known !== undefined) return known;
    const group = groupOf(frames.at(-1)?.function ?? '');
    const tally: Tally = { frames, group, instructions: 0, calls: 0 };
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

const tallyBlocks = (
  blocks: Blocks,
  executions: Float64Array,
  tables: GoTables,
  bias: number,
): readonly CountedStack[] => {
  const first = firstLengths(blocks);
  const tallies = new StackTallies(tables);
  for (let i = 0; i < blocks.count; i++) {
    const times = executions[i] ?? 0;
    if (times === 0) continue;
    const start = blocks.firstLength[i] ?? 0;
    let address = (blocks.address[i] ?? 0) - bias;
    const inside = tables.functionAt(address);
    if (inside?.entry === address) tallies.entryOf(inside, address).calls += times;
    const count = executedInstructions(blocks, i, first);
    for (let n = 0; n < count; n++) {
      tallies.at(address).instructions += times;
      address += blocks.lengths[start + n] ?? 0;
    }
  }
  return tallies.all();
};

const groupTotals = (stacks: readonly CountedStack[]): Record<WorkGroup, number> => {
  const totals: Record<WorkGroup, number> = { user: 0, runtime: 0, allocator: 0, gc: 0, scheduler: 0 };
  for (const { group, instructions } of stacks) totals[group] += instructions;
  return totals;
};

const syscallsBetween = (
  before: Snapshot,
  after: Snapshot,
  sysmon: ReadonlySet<number>,
  arch: string,
): Record<string, number> => {
  const counts: Record<string, number> = {};
  after.syscalls.forEach((row, thread) => {
    if (sysmon.has(thread)) return;
    row.forEach((count, number) => {
      const made = count - (before.syscalls[thread]?.[number] ?? 0);
      if (made === 0) return;
      const name = syscallName(number, arch);
      counts[name] = (counts[name] ?? 0) + made;
    });
  });
  return counts;
};

const sum = (values: Float64Array, weights: Uint32Array): number =>
  values.reduce((total, value, i) => total + value * (weights[i] ?? 0), 0);

/** The assembly function through which the runtime itself writes: above all to wake its poller, which the clock decides. */
const OWN_WRITE = 'runtime.write1';

/** Splits the runtime's own writes from the program's. */
const withoutOwnWrites = (
  syscalls: Readonly<Record<string, number>>,
  stacks: readonly CountedStack[],
): Record<string, number> => {
  const own = stacks.reduce((sum, { frames, calls }) => sum + (frames[0]?.function === OWN_WRITE ? calls : 0), 0);
  const all = syscalls['write'] ?? 0;
  return own === 0 ? { ...syscalls } : { ...syscalls, write: Math.max(0, all - own), 'write (runtime)': own };
};

/** Both snapshots of the same process, taken while no request was under way. */
export const countsBetween = (before: Snapshot, after: Snapshot, { tables, arch }: Program): Counts => {
  const bias = biasOf(after, tables);
  const sysmon = sysmonThreads(after, tables, bias);
  const { work, monitor } = executionsBetween(before, after, sysmon);
  const stacks = tallyBlocks(after.blocks, work, tables, bias);
  return {
    stacks,
    groups: groupTotals(stacks),
    syscalls: withoutOwnWrites(syscallsBetween(before, after, sysmon, arch), stacks),
    threads: after.executions.filter((row) => row.some((times) => times > 0)).length,
    sysmonInstructions: sum(monitor, after.blocks.instructions),
    overflow: after.overflow,
  };
};
