/**
 * The work between two snapshots, by call stack as far as it was inlined, by kind of work, and by system call; entries of
 * functions by where they were called.
 */
import type { CountedStack, WorkGroup } from '../model/index.ts';
import { executedInstructions, firstLengths } from './block-lengths.ts';
import { directTarget, isAsLongAsACall } from './call-target.ts';
import type { Counters, Blocks, IndirectCalls, Overflow, Snapshot } from './counts-file.ts';
import type { GoTables } from './go-tables.ts';
import { syscallName } from './syscalls.ts';
import { CallTallies, GroupTallies, StackTallies, type Tallies } from './tallies.ts';

export interface InstructionCounts {
  readonly stacks: readonly CountedStack[];
  readonly groups: Readonly<Record<WorkGroup, number>>;
  readonly syscalls: Readonly<Record<string, number>>;
  /** Guest threads that have run so far, sysmon's included. */
  readonly threads: number;
  /** Left out of everything above: it follows the wall clock. */
  readonly sysmonInstructions: number;
  readonly overflow: Overflow | null;
  /** Indirect calls whose callers found no place in the counters. */
  readonly lostCalls: number;
}

export interface CountedProgram {
  readonly tables: GoTables;
  /** As Node names it: `x64` or `arm64`. */
  readonly arch: string;
}

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

const addDifference = (sum: Float64Array, after: Counters, before: Counters | undefined): void => {
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

interface Executed {
  readonly executions: Float64Array;
  readonly indirectCalls: ReadonlyMap<number, number>;
}

/** Address of the last instruction that block `index` executes, and how long it is. */
const lastOf = (blocks: Blocks, index: number, executed: number): readonly [address: number, length: number] => {
  const start = blocks.firstLength[index] ?? 0;
  let address = blocks.address[index] ?? 0;
  for (let n = 0; n < executed - 1; n++) address += blocks.lengths[start + n] ?? 0;
  return [address, blocks.lengths[start + executed - 1] ?? 0];
};

interface Placed {
  readonly bias: number;
  readonly first: ReturnType<typeof firstLengths>;
}

const blocksThatRan = (executions: Float64Array): Uint32Array => {
  const blocks = new Uint32Array(executions.reduce((count, times) => count + (times > 0 ? 1 : 0), 0));
  let found = 0;
  executions.forEach((times, block) => {
    if (times > 0) blocks[found++] = block;
  });
  return blocks;
};

const tallyCalls = (
  blocks: Blocks,
  { executions, indirectCalls }: Executed,
  tallies: StackTallies,
  { tables, arch }: CountedProgram,
  { bias, first }: Placed,
): void => {
  const calls = new CallTallies(tallies, tables);
  const ran = blocksThatRan(executions);
  for (const block of ran) {
    const address = (blocks.address[block] ?? 0) - bias;
    const inside = tables.functionAt(address);
    if (inside?.entry === address) calls.enter(inside, executions[block] ?? 0);
  }
  const end = (block: number) => lastOf(blocks, block, executedInstructions(blocks, block, first));
  for (const block of ran) {
    const [address, length] = end(block);
    if (!isAsLongAsACall(length, arch)) continue;
    const target = directTarget(tables.codeAt(address - bias, length), address - bias, arch);
    if (target !== undefined) calls.call(address - bias, target, executions[block] ?? 0);
  }
  tables.releaseCode();
  for (const [edge, times] of indirectCalls) {
    const [from, to] = [Math.floor(edge / EDGE_RADIX), edge % EDGE_RADIX];
    calls.call(end(from)[0] - bias, (blocks.address[to] ?? 0) - bias, times);
  }
  calls.finish();
};

/** One number for two blocks: there are fewer than this. */
const EDGE_RADIX = 2 ** 26;

const addCalls = (sum: Map<number, number>, { from, to, calls }: IndirectCalls, sign: 1 | -1): void => {
  calls.forEach((times, i) => {
    const edge = (from[i] ?? 0) * EDGE_RADIX + (to[i] ?? 0);
    sum.set(edge, (sum.get(edge) ?? 0) + sign * times);
  });
};

/** Of all threads but sysmon's. */
const indirectCallsBetween = (
  before: Snapshot,
  after: Snapshot,
  sysmon: ReadonlySet<number>,
): ReadonlyMap<number, number> => {
  const sum = new Map<number, number>();
  after.indirectCalls.forEach((calls, thread) => {
    if (sysmon.has(thread)) return;
    addCalls(sum, calls, 1);
    const earlier = before.indirectCalls[thread];
    if (earlier !== undefined) addCalls(sum, earlier, -1);
  });
  return new Map([...sum].filter(([, times]) => times > 0).toSorted(([a], [b]) => a - b));
};

const tallyBlocks = (blocks: Blocks, executions: Float64Array, tallies: Tallies, { bias, first }: Placed): void => {
  for (let i = 0; i < blocks.count; i++) {
    const times = executions[i] ?? 0;
    if (times === 0) continue;
    const start = blocks.firstLength[i] ?? 0;
    let address = (blocks.address[i] ?? 0) - bias;
    const count = executedInstructions(blocks, i, first);
    for (let n = 0; n < count; ) {
      const { tally, end } = tallies.from(address);
      do {
        tally.instructions += times;
        address += blocks.lengths[start + n] ?? 0;
        n += 1;
      } while (n < count && address < end);
    }
  }
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

const sum = (values: Float64Array, weights: Uint32Array): number => {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += (values[i] ?? 0) * (weights[i] ?? 0);
  return total;
};

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
export const countsBetween = (before: Snapshot, after: Snapshot, program: CountedProgram): InstructionCounts => {
  const { tables, arch } = program;
  const bias = biasOf(after, tables);
  const sysmon = sysmonThreads(after, tables, bias);
  const { work, monitor } = executionsBetween(before, after, sysmon);
  const placed = { bias, first: firstLengths(after.blocks) };
  const tallies = new StackTallies(tables);
  tallyBlocks(after.blocks, work, tallies, placed);
  const executed = { executions: work, indirectCalls: indirectCallsBetween(before, after, sysmon) };
  tallyCalls(after.blocks, executed, tallies, program, placed);
  const stacks = tallies.all();
  return {
    stacks,
    groups: groupTotals(stacks),
    syscalls: withoutOwnWrites(syscallsBetween(before, after, sysmon, arch), stacks),
    threads: after.executions.filter((row) => row.some((times) => times > 0)).length,
    sysmonInstructions: sum(monitor, after.blocks.instructions),
    overflow: after.overflow,
    lostCalls: after.lostCalls - before.lostCalls,
  };
};

/** The kinds of work of {@link countsBetween} alone: no tallies of stacks and calls, which are most of its memory. */
export const groupsBetween = (
  before: Snapshot,
  after: Snapshot,
  program: CountedProgram,
): InstructionCounts['groups'] => {
  const bias = biasOf(after, program.tables);
  const { work } = executionsBetween(before, after, sysmonThreads(after, program.tables, bias));
  const tallies = new GroupTallies(program.tables);
  tallyBlocks(after.blocks, work, tallies, { bias, first: firstLengths(after.blocks) });
  return tallies.totals();
};
