/**
 * Go's own tables of a program, which are in every binary, stripped or not: from an address to the function, the line,
 * and the calls that were inlined there. Every index is checked before it is followed, so that a table that we do not
 * understand is refused, whatever it holds.
 *
 * Sources of the records, the same in Go 1.22 to 1.27: runtime/runtime2.go (`_func`), runtime/symtabinl.go
 * (`inlinedCall`), cmd/link/internal/ld/pcln.go.
 */
import { UsageError } from '../errors.ts';
import type { CountedFrame } from '../model/index.ts';
import { bytesAt, type ElfSection, parseElf, readPart, readProgram } from './elf.ts';
import { findLayout, type GoLayout, tablesUnreadable } from './go-layout.ts';
import {
  type Steps,
  stepsReader,
  stretchOf,
  textReader,
  type Unreadable,
  upperBound,
  valueAt,
} from './table-readers.ts';

export interface GoFunction {
  readonly name: string;
  /** As linked. */
  readonly entry: number;
  readonly end: number;
  readonly startLine: number;
}

export interface GoTables {
  /** As linked; add the difference to where the program was loaded. */
  readonly codeStart: number;
  /** Where that lies in the file. */
  readonly codeOffset: number;
  /** The function that holds the address; undefined outside Go's code (C, the vDSO, the C library). */
  readonly functionAt: (address: number) => GoFunction | undefined;
  /** Bytes of code as linked; empty where the file does not hold as many. Reads the program's code where it is not kept. */
  readonly codeAt: (address: number, length: number) => Buffer;
  /** Keeps the code no longer: it is as large as all tables together. */
  readonly releaseCode: () => void;
  /** Innermost (inlined) frame first, the function itself last; empty outside Go's code. Throws `GO_TABLES_UNREADABLE`. */
  readonly framesAt: (address: number) => readonly CountedFrame[];
  /** Of all functions, as the program's own stack traces write them. */
  readonly names: () => ReadonlySet<string>;
  /** The code around the address that has the same frames; undefined outside Go's code. */
  readonly stretchAt: (address: number) => Stretch | undefined;
}

/** Addresses from `start` to before `end`. */
export interface Stretch {
  readonly start: number;
  readonly end: number;
}

const PCDATA_INL_TREE_INDEX = 2;
const FUNCDATA_INL_TREE = 3;
const FUNC_BYTES = 44;
const INLINED_CALL_BYTES = 16;
const NO_OFFSET = 0xffffffff;
/** Compilers inline a few dozen calls into each other; a longer walk goes in a circle. */
const MOST_FRAMES = 1000;
/** Functions that are tried before the tables are believed. */
const TRIED_FUNCTIONS = 500;

interface FunctionTables {
  readonly info: GoFunction;
  readonly fileIndex: Steps;
  readonly line: Steps;
  /** Index into the inline tree, −1 outside inlined calls; null: nothing is inlined here. */
  readonly inlineIndex: Steps | null;
  /** Offset of the inline tree in the functions' data. */
  readonly inlineTree: number;
  readonly unit: number;
}

interface TableReaders {
  readonly layout: GoLayout;
  /** Data of functions. */
  readonly data: Buffer;
  readonly name: (offset: number) => string;
  readonly file: (offset: number) => string;
  readonly steps: (offset: number, size: number) => Steps;
  readonly unreadable: Unreadable;
}

const readersOf = (layout: GoLayout, data: Buffer, unreadable: Unreadable): TableReaders => ({
  layout,
  data,
  name: textReader(layout.names, 'its names of functions', unreadable),
  file: textReader(layout.files, 'its names of files', unreadable),
  steps: stepsReader(layout.values, layout.quantum, unreadable),
  unreadable,
});

const readFunction = ({ layout, name, steps, unreadable }: TableReaders, index: number): FunctionTables => {
  const { table, text, endOfText } = layout;
  const [entry, at, next] = [8 * index, 8 * index + 4, 8 * index + 8].map((place) => table.readUInt32LE(place));
  if (entry === undefined || at === undefined || next === undefined) throw unreadable('its functions have no entries');
  if (entry >= next || text + next > endOfText) throw unreadable('its functions lie outside its code');
  if (at + FUNC_BYTES > table.length) throw unreadable('its records of functions lie outside their table');
  const [pcdataCount, funcdataCount] = [table.readUInt32LE(at + 28), table[at + FUNC_BYTES - 1] ?? 0];
  if (at + FUNC_BYTES + 4 * (pcdataCount + funcdataCount) > table.length)
    throw unreadable('its records of functions lie outside their table');
  const size = next - entry;
  const pcdata = (which: number): number => (which < pcdataCount ? table.readUInt32LE(at + FUNC_BYTES + 4 * which) : 0);
  const inlineTree =
    FUNCDATA_INL_TREE < funcdataCount
      ? table.readUInt32LE(at + FUNC_BYTES + 4 * (pcdataCount + FUNCDATA_INL_TREE))
      : NO_OFFSET;
  const inlineSteps = pcdata(PCDATA_INL_TREE_INDEX);
  return {
    info: {
      name: name(table.readInt32LE(at + 4)),
      entry: text + entry,
      end: text + next,
      startLine: table.readInt32LE(at + 36),
    },
    fileIndex: steps(table.readUInt32LE(at + 20), size),
    line: steps(table.readUInt32LE(at + 24), size),
    inlineIndex: inlineTree === NO_OFFSET || inlineSteps === 0 ? null : steps(inlineSteps, size),
    inlineTree,
    unit: table.readUInt32LE(at + 32),
  };
};

const fileAt = (
  { layout, file, unreadable }: TableReaders,
  { fileIndex, unit }: FunctionTables,
  offset: number,
): string => {
  const index = valueAt(fileIndex, offset);
  if (index < 0) return '?';
  const at = 4 * (unit + index);
  if (at + 4 > layout.units.length) throw unreadable('its lines are of files that it does not hold');
  const place = layout.units.readUInt32LE(at);
  return place === NO_OFFSET ? '?' : file(place);
};

/** The inlined call of a tree, and where in the function it stands. */
const inlinedCall = ({ data, name, unreadable }: TableReaders, { info, inlineTree }: FunctionTables, call: number) => {
  const at = inlineTree + call * INLINED_CALL_BYTES;
  if (at + INLINED_CALL_BYTES > data.length) throw unreadable('its trees of inlined calls lie outside their table');
  const offset = data.readInt32LE(at + 8);
  if (offset < 0 || offset >= info.end - info.entry) throw unreadable('its inlined calls lie outside their functions');
  return { function: name(data.readInt32LE(at + 4)), startLine: data.readInt32LE(at + 12), offset };
};

/**
 * Walks from the innermost inlined call out to the function itself. Tens of thousands of these are kept: written out and
 * cut to their length, they take half the memory of what spreads leave.
 */
const framesOf = (readers: TableReaders, tables: FunctionTables, address: number): readonly CountedFrame[] => {
  const frames: CountedFrame[] = [];
  let offset = address - tables.info.entry;
  while (frames.length < MOST_FRAMES) {
    const file = fileAt(readers, tables, offset);
    const line = Math.max(0, valueAt(tables.line, offset));
    const index = tables.inlineIndex === null ? -1 : valueAt(tables.inlineIndex, offset);
    if (index < 0) {
      frames.push({ function: tables.info.name, file, line, startLine: tables.info.startLine });
      return frames.slice();
    }
    const call = inlinedCall(readers, tables, index);
    frames.push({ function: call.function, file, line, startLine: call.startLine });
    offset = call.offset;
  }
  throw readers.unreadable('its inlined calls go in a circle');
};

/** Frames change where a line, its file or what is inlined there does; what lies around an inlined call stands with it. */
const stretchIn = ({ info, line, fileIndex, inlineIndex }: FunctionTables, address: number): Stretch => {
  let [start, end] = [info.entry, info.end];
  for (const steps of [line, fileIndex, inlineIndex]) {
    if (steps === null) continue;
    const [from, to] = stretchOf(steps, address - info.entry);
    start = Math.max(start, info.entry + from);
    end = Math.min(end, info.entry + to);
  }
  return { start, end };
};

/** Each read once. */
const functionsOf = (readers: TableReaders): ((index: number) => FunctionTables) => {
  const known = new Map<number, FunctionTables>();
  return (index) => {
    const tables = known.get(index) ?? readFunction(readers, index);
    known.set(index, tables);
    return tables;
  };
};

/** Follows functions all over the program to the end of each inlined call. Throws what is wrong with them. */
const tryFunctions = (readers: TableReaders): void => {
  const { functions } = readers.layout;
  const stride = Math.max(1, Math.floor(functions / TRIED_FUNCTIONS));
  for (let index = 0; index < functions; index += stride) {
    const tables = readFunction(readers, index);
    const { entry } = tables.info;
    for (const offset of [0, ...(tables.inlineIndex?.until ?? [])]) {
      if (entry + offset < tables.info.end) framesOf(readers, tables, entry + offset);
    }
  }
};

/** With the functions' data at the first place that fits what functions say of it. */
const understood = (layout: GoLayout, unreadable: Unreadable): TableReaders => {
  let error = unreadable('its tables of inlined calls were not found');
  for (const [place, data] of layout.data.entries()) {
    try {
      tryFunctions(readersOf(layout, data, unreadable));
      return readersOf(layout, data, unreadable);
    } catch (cause) {
      if (!(cause instanceof UsageError)) throw cause;
      if (place === 0) error = cause;
    }
  }
  throw error;
};

/** In memory of their own, so that the program's other bytes, about half of it, need not stay. */
const detached = ({ layout, data, unreadable }: TableReaders): TableReaders => {
  const own = {
    ...layout,
    names: Buffer.from(layout.names),
    units: Buffer.from(layout.units),
    files: Buffer.from(layout.files),
    values: Buffer.from(layout.values),
    table: Buffer.from(layout.table),
    data: [],
  };
  return readersOf(own, Buffer.from(data), unreadable);
};

/** Where a section of code lies in its file. */
interface CodePlace {
  readonly address: number;
  readonly offset: number;
  readonly length: number;
}

const placesOf = (code: readonly ElfSection[], data: Buffer): readonly CodePlace[] =>
  code.map(({ address, bytes }) => ({ address, offset: bytes.byteOffset - data.byteOffset, length: bytes.length }));

/** What reads that much of a file from there on; fewer bytes where it ends before. */
type ReadPart = (offset: number, length: number) => Buffer;

/** Code is read when it is asked for, and kept until it is released. */
const codeOf = (places: readonly CodePlace[], read: ReadPart): Pick<GoTables, 'codeAt' | 'releaseCode'> => {
  let kept: readonly Pick<ElfSection, 'address' | 'bytes'>[] | null = null;
  return {
    codeAt: (address, length) => {
      kept ??= places.map((place) => ({ address: place.address, bytes: read(place.offset, place.length) }));
      return bytesAt(kept, address, length);
    },
    releaseCode: () => {
      kept = null;
    },
  };
};

const namesOf = ({ layout: { functions, table }, name, unreadable }: TableReaders): ReadonlySet<string> => {
  const names = new Set<string>();
  for (let index = 0; index < functions; index++) {
    const at = table.readUInt32LE(8 * index + 4);
    if (at + FUNC_BYTES > table.length) throw unreadable('its records of functions lie outside their table');
    names.add(name(table.readInt32LE(at + 4)));
  }
  return names;
};

/** Where each function begins, less where all code does. */
const entriesOf = ({ functions, table }: GoLayout): Uint32Array => {
  const entries = new Uint32Array(functions);
  for (let index = 0; index < functions; index++) entries[index] = table.readUInt32LE(8 * index);
  return entries;
};

/** Throws {@link UsageError} `NOT_AN_ELF_PROGRAM` or `GO_TABLES_UNREADABLE`. */
export const readGoTables = (file: string): GoTables =>
  tablesOf(readProgram(file), file, (offset, length) => readPart(file, offset, length));

/** The same of a program in memory; `file` is its name. */
export const goTablesIn = (data: Buffer, file: string): GoTables =>
  tablesOf(data, file, (offset, length) => data.subarray(offset, offset + length));

const tablesOf = (data: Buffer, file: string, read: ReadPart): GoTables => {
  const elf = parseElf(data, file);
  const unreadable = tablesUnreadable(file);
  const layout = findLayout(elf, unreadable);
  const readers = detached(understood(layout, unreadable));
  const code = codeOf(placesOf(elf.code, data), read);
  const functionAt = functionsOf(readers);
  const { text, endOfText, functions } = layout;
  const entries = entriesOf(layout);
  const tablesAt = (address: number): FunctionTables | undefined => {
    if (address < text || address >= endOfText) return undefined;
    const index = upperBound(functions, (i) => entries[i] ?? 0, address - text) - 1;
    if (index < 0) return undefined;
    const tables = functionAt(index);
    return address < tables.info.end ? tables : undefined;
  };
  return {
    codeStart: elf.codeStart,
    codeOffset: elf.codeOffset,
    functionAt: (address) => tablesAt(address)?.info,
    ...code,
    names: () => namesOf(readers),
    framesAt: (address) => {
      const tables = tablesAt(address);
      return tables === undefined ? [] : framesOf(readers, tables, address);
    },
    stretchAt: (address) => {
      const tables = tablesAt(address);
      return tables === undefined ? undefined : stretchIn(tables, address);
    },
  };
};
