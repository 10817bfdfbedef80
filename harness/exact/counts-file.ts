/** Reads the plugin's counters while the program goes on: one snapshot now, one later, the difference is the work. */
import { closeSync, openSync, readSync } from 'node:fs';
import { InvalidMeasurementError } from '../errors.ts';

/** Translated blocks in the order they were first seen; a later snapshot only adds to them. */
export interface Blocks {
  readonly count: number;
  readonly address: Float64Array;
  readonly instructions: Uint32Array;
  /** Index of the block's first entry in `lengths`. */
  readonly firstLength: Uint32Array;
  /** Bytes of each instruction, block after block. */
  readonly lengths: Uint8Array;
}

/** Indirect calls by the block that ended in one and the block it went to; a later snapshot only adds to them. */
export interface IndirectCalls {
  readonly from: Uint32Array;
  readonly to: Uint32Array;
  readonly calls: Float64Array;
}

/** All counters at one moment. Take it while the program rests: threads that run go on counting meanwhile. */
export interface Snapshot {
  readonly blocks: Blocks;
  /** Executions of each block, by guest thread. */
  readonly executions: readonly Counters[];
  /** By guest thread. */
  readonly indirectCalls: readonly IndirectCalls[];
  /** Indirect calls that found no place and whose callers are therefore not known. */
  readonly lostCalls: number;
  /** System calls by number, by guest thread. */
  readonly syscalls: readonly Counters[];
  /** Where the program's code begins in memory; 0 when this qemu does not say. */
  readonly startCode: number;
  /** What did not fit and was not counted; null when everything was. */
  readonly overflow: Overflow | null;
}

/** One number for each of what is counted. */
export type Counters = Float64Array | Uint32Array;

export type Overflow = 'blocks' | 'threads';

/** The layout of plugin/count.c. */
const MAGIC = 'GYNOCNT2';
const HEAD_BYTES = 4096;
const SYSCALLS = 512;
const BLOCK_BYTES = 16;
const EDGE_BYTES = 16;
const PAGE = 4096;
const FULL_THREADS = 4;

const upToPage = (bytes: number): number => Math.ceil(bytes / PAGE) * PAGE;

/** Fills `buffer` from there; what lies beyond the end of the file is 0. */
const readInto = (buffer: Buffer, descriptor: number, offset: number): Buffer => {
  let done = 0;
  while (done < buffer.length) {
    const read = readSync(descriptor, buffer, done, buffer.length - done, offset + done);
    if (read === 0) break;
    done += read;
  }
  return buffer.fill(0, done);
};

const readAt = (descriptor: number, offset: number, bytes: number): Buffer =>
  readInto(Buffer.allocUnsafeSlow(bytes), descriptor, offset);

/** Rows and tables are turned into numbers at once, some 40 MB of them a launch: the same bytes serve for all. */
let scratch = Buffer.allocUnsafeSlow(1 << 20);

/** What is read is there until the next call. */
const readBriefly = (descriptor: number, position: number, bytes: number): Buffer => {
  if (scratch.length < bytes) scratch = Buffer.allocUnsafeSlow(bytes);
  return readInto(scratch.subarray(0, bytes), descriptor, position);
};

/** Beyond 32 bits; without a call for each of some 100,000 halves. */
const hasLarge = (halves: Uint32Array): boolean => {
  for (let i = 1; i < halves.length; i += 2) if (halves[i] !== 0) return true;
  return false;
};

/**
 * Counters stay far below 2^53: at 10^9 blocks a second that takes 104 days. Read as halves, which leave no garbage. Eight
 * snapshots of every thread's are kept at once, so rows without a large number have half the size.
 */
const counters = (buffer: Buffer): Counters => {
  const halves = new Uint32Array(buffer.buffer, buffer.byteOffset, buffer.length / 4);
  const numbers = hasLarge(halves) ? new Float64Array(halves.length / 2) : new Uint32Array(halves.length / 2);
  for (let i = 0; i < numbers.length; i++) numbers[i] = (halves[2 * i] ?? 0) + (halves[2 * i + 1] ?? 0) * 2 ** 32;
  return numbers;
};

interface Head {
  readonly blockCapacity: number;
  readonly lengthCapacity: number;
  readonly threadCapacity: number;
  readonly blocks: number;
  readonly lengths: number;
  readonly threads: number;
  readonly full: number;
  readonly startCode: number;
  readonly edgeCapacity: number;
  readonly lostCalls: number;
}

const unreadable = (file: string, cause?: unknown): InvalidMeasurementError =>
  new InvalidMeasurementError(
    'COUNTS_UNREADABLE',
    `${file} holds no instruction counts: the emulated service did not start counting`,
    'Its log says why; `godyno doctor` tests the emulator by itself.',
    { cause },
  );

const open = (file: string): number => {
  try {
    return openSync(file, 'r');
  } catch (cause) {
    throw unreadable(file, cause);
  }
};

const readHead = (descriptor: number, file: string): Head => {
  const buffer = readAt(descriptor, 0, HEAD_BYTES);
  if (buffer.toString('latin1', 0, MAGIC.length) !== MAGIC) {
    throw unreadable(file);
  }
  const word = (index: number): number => Number(buffer.readBigUInt64LE(8 * index));
  return {
    blockCapacity: word(1),
    lengthCapacity: word(2),
    threadCapacity: word(3),
    blocks: word(4),
    lengths: word(5),
    threads: Math.min(word(6), word(3)),
    full: word(7),
    startCode: word(8),
    edgeCapacity: word(9),
    lostCalls: word(10),
  };
};

const readBlocks = (descriptor: number, head: Head, blocksAt: number, lengthsAt: number): Blocks => {
  const records = readBriefly(descriptor, blocksAt, head.blocks * BLOCK_BYTES);
  const address = new Float64Array(head.blocks);
  const instructions = new Uint32Array(head.blocks);
  const firstLength = new Uint32Array(head.blocks);
  for (let i = 0; i < head.blocks; i++) {
    address[i] = records.readUInt32LE(BLOCK_BYTES * i) + records.readUInt32LE(BLOCK_BYTES * i + 4) * 2 ** 32;
    instructions[i] = records.readUInt32LE(BLOCK_BYTES * i + 8);
    firstLength[i] = records.readUInt32LE(BLOCK_BYTES * i + 12);
  }
  return {
    count: head.blocks,
    address,
    instructions,
    firstLength,
    lengths: readAt(descriptor, lengthsAt, head.lengths),
  };
};

/** Places of a table that are not taken are left out: where they are is the plugin's matter. */
const readEdges = (descriptor: number, at: number, capacity: number): IndirectCalls => {
  const records = readBriefly(descriptor, at, capacity * EDGE_BYTES);
  const words = new Uint32Array(records.buffer, records.byteOffset, records.length / 4);
  let count = 0;
  for (let word = 0; word < words.length; word += 4) if (words[word] !== 0) count += 1;
  const from = new Uint32Array(count);
  const to = new Uint32Array(count);
  const calls = new Float64Array(count);
  for (let word = 0, edge = 0; edge < count; word += 4) {
    if (words[word] === 0) continue;
    from[edge] = (words[word] ?? 0) - 1;
    to[edge] = (words[word + 1] ?? 0) - 1;
    calls[edge] = (words[word + 2] ?? 0) + (words[word + 3] ?? 0) * 2 ** 32;
    edge += 1;
  }
  return { from, to, calls };
};

const overflowOf = (full: number): Overflow | null => {
  if (full === 0) return null;
  return (full & FULL_THREADS) === 0 ? 'blocks' : 'threads';
};

/** Throws {@link InvalidMeasurementError} `COUNTS_UNREADABLE`. */
export const snapshot = (file: string): Snapshot => {
  const descriptor = open(file);
  try {
    const head = readHead(descriptor, file);
    const rowBytes = 8 * SYSCALLS;
    const blocksAt = HEAD_BYTES + upToPage(head.threadCapacity * rowBytes);
    const lengthsAt = blocksAt + upToPage(head.blockCapacity * BLOCK_BYTES);
    const rowsAt = lengthsAt + upToPage(head.lengthCapacity);
    const edgesAt = rowsAt + upToPage(8 * head.threadCapacity * head.blockCapacity);
    const threads = Array.from({ length: head.threads }, (_, thread) => thread);
    return {
      blocks: readBlocks(descriptor, head, blocksAt, lengthsAt),
      executions: threads.map((thread) =>
        counters(readBriefly(descriptor, rowsAt + 8 * thread * head.blockCapacity, 8 * head.blocks)),
      ),
      indirectCalls: threads.map((thread) =>
        readEdges(descriptor, edgesAt + thread * head.edgeCapacity * EDGE_BYTES, head.edgeCapacity),
      ),
      lostCalls: head.lostCalls,
      syscalls: threads.map((thread) => counters(readBriefly(descriptor, HEAD_BYTES + thread * rowBytes, rowBytes))),
      startCode: head.startCode,
      overflow: overflowOf(head.full),
    };
  } finally {
    closeSync(descriptor);
  }
};
