/**
 * Go's own tables of a program, which are in every binary, stripped or not: from an address to the function, the line,
 * and the calls that were inlined there.
 *
 * Sources of the layout, the same from Go 1.20 on (compared for 1.22 to 1.26): runtime/symtab.go (`pcHeader`,
 * `moduledata`), runtime/runtime2.go (`_func`), runtime/symtabinl.go (`inlinedCall`), cmd/link/internal/ld/pcln.go.
 */
import { UsageError } from '../errors.ts';
import type { CountedFrame } from '../model/index.ts';
import { type ElfFile, readElf, type Section } from './elf.ts';

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
  /** The function that holds the address; undefined outside Go's code (C, the vDSO, the C library). */
  readonly functionAt: (address: number) => GoFunction | undefined;
  /** Innermost (inlined) frame first, the function itself last; empty outside Go's code. */
  readonly framesAt: (address: number) => readonly CountedFrame[];
}

/** Magic of Go 1.20's table, unchanged since. */
const MAGIC = 0xfffffff1;
const PCDATA_INL_TREE_INDEX = 2;
const FUNCDATA_INL_TREE = 3;
const FUNC_BYTES = 44;
const INLINED_CALL_BYTES = 16;
const NO_FUNCDATA = 0xffffffff;

/** Indices of the 8-byte words of `moduledata` that are needed. */
const MODULE_NAMES = 1;
const MODULE_FUNCTIONS = 13;
const MODULE_TEXT = 22;
const MODULE_END_OF_TEXT = 23;
const MODULE_GOFUNC = 40;

const unreadable = (file: string, what: string): UsageError =>
  new UsageError(
    'GO_TABLES_UNREADABLE',
    `${file}: ${what}`,
    'Exact mode reads binaries of Go 1.22 to 1.26; report this with the output of `go version` for the binary.',
  );

interface Pcln {
  readonly section: Section;
  readonly quantum: number;
  readonly functions: number;
  readonly names: Buffer;
  readonly units: Buffer;
  readonly files: Buffer;
  readonly values: Buffer;
  readonly table: Buffer;
  /** As linked; the word `moduledata` has for it. */
  readonly namesAddress: number;
  readonly tableAddress: number;
}

const findPcln = (elf: ElfFile, file: string): Pcln => {
  const section = elf.sections.find(({ name }) => name.endsWith('.gopclntab'));
  if (section === undefined) throw unreadable(file, 'has no table of Go functions (.gopclntab)');
  const { bytes } = section;
  if (bytes.readUInt32LE(0) !== MAGIC || bytes[7] !== 8) {
    throw unreadable(file, `its table of Go functions is of another kind (${bytes.subarray(0, 8).toString('hex')})`);
  }
  const word = (index: number): number => Number(bytes.readBigUInt64LE(8 + 8 * index));
  const [names, units, files, values, table] = [word(3), word(4), word(5), word(6), word(7)];
  return {
    section,
    quantum: bytes[6] ?? 1,
    functions: word(0),
    names: bytes.subarray(names),
    units: bytes.subarray(units),
    files: bytes.subarray(files),
    values: bytes.subarray(values),
    table: bytes.subarray(table),
    namesAddress: section.address + names,
    tableAddress: section.address + table,
  };
};

interface ModuleData {
  readonly text: number;
  readonly endOfText: number;
  readonly gofunc: Buffer;
}

/** The linker's record of the main module: the one pointer to the table that is followed by pointers into it. */
const findModule = (elf: ElfFile, pcln: Pcln, file: string): ModuleData => {
  const word = (start: number, index: number): number => elf.pointerAt(start + 8 * index);
  const start = elf
    .pointersTo(pcln.section.address)
    .find(
      (address) =>
        word(address, MODULE_NAMES) === pcln.namesAddress && word(address, MODULE_FUNCTIONS) === pcln.tableAddress,
    );
  if (start === undefined) throw unreadable(file, 'the record of its main module (moduledata) was not found');
  const gofunc = word(start, MODULE_GOFUNC);
  const home = elf.sections.find(
    ({ address, bytes }) => address > 0 && gofunc >= address && gofunc < address + bytes.length,
  );
  if (home === undefined) throw unreadable(file, 'its tables of inlined calls were not found');
  return {
    text: word(start, MODULE_TEXT),
    endOfText: word(start, MODULE_END_OF_TEXT),
    gofunc: home.bytes.subarray(gofunc - home.address),
  };
};

const textOf = (buffer: Buffer, offset: number): string => buffer.toString('utf8', offset, buffer.indexOf(0, offset));

/** A value that changes with the address: `value[i]` holds below offset `until[i]` from the function's entry. */
interface Steps {
  readonly until: readonly number[];
  readonly value: readonly number[];
}

const readVarint = (buffer: Buffer, offset: number): readonly [value: number, next: number] => {
  let value = 0;
  let shift = 0;
  for (let at = offset; ; at++) {
    const byte = buffer[at] ?? 0;
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return [value, at + 1];
    shift += 7;
  }
};

/** runtime.step: pairs of a zigzag difference of the value and a difference of the address; starts at −1. */
const readSteps = (buffer: Buffer, offset: number, quantum: number): Steps => {
  const until: number[] = [];
  const value: number[] = [];
  if (offset === 0) return { until, value };
  let at = offset;
  let current = -1;
  let end = 0;
  for (;;) {
    const [zigzag, afterValue] = readVarint(buffer, at);
    if (zigzag === 0 && at !== offset) return { until, value };
    current += zigzag % 2 === 1 ? -(zigzag + 1) / 2 : zigzag / 2;
    const [distance, afterDistance] = readVarint(buffer, afterValue);
    end += distance * quantum;
    at = afterDistance;
    until.push(end);
    value.push(current);
  }
};

/** First index whose element is above `key`. */
const upperBound = (length: number, at: (index: number) => number, key: number): number => {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (at(middle) > key) high = middle;
    else low = middle + 1;
  }
  return low;
};

const valueAt = ({ until, value }: Steps, offset: number): number =>
  value[upperBound(until.length, (i) => until[i] ?? 0, offset)] ?? -1;

interface FunctionTables {
  readonly info: GoFunction;
  readonly fileIndex: Steps;
  readonly line: Steps;
  /** Index into the inline tree, −1 outside inlined calls; null: nothing is inlined here. */
  readonly inlineIndex: Steps | null;
  /** Offset of the inline tree in `gofunc`. */
  readonly inlineTree: number;
  readonly unit: number;
}

const readFunction = (pcln: Pcln, module: ModuleData, index: number): FunctionTables => {
  const { table, values, names, quantum } = pcln;
  const at = table.readUInt32LE(8 * index + 4);
  const [pcdataCount, funcdataCount] = [table.readUInt32LE(at + 28), table[at + FUNC_BYTES - 1] ?? 0];
  const pcdata = (which: number): number => (which < pcdataCount ? table.readUInt32LE(at + FUNC_BYTES + 4 * which) : 0);
  const inlineTree =
    FUNCDATA_INL_TREE < funcdataCount
      ? table.readUInt32LE(at + FUNC_BYTES + 4 * (pcdataCount + FUNCDATA_INL_TREE))
      : NO_FUNCDATA;
  const inlineSteps = pcdata(PCDATA_INL_TREE_INDEX);
  return {
    info: {
      name: textOf(names, table.readInt32LE(at + 4)),
      entry: module.text + table.readUInt32LE(8 * index),
      end: module.text + table.readUInt32LE(8 * index + 8),
      startLine: table.readInt32LE(at + 36),
    },
    fileIndex: readSteps(values, table.readUInt32LE(at + 20), quantum),
    line: readSteps(values, table.readUInt32LE(at + 24), quantum),
    inlineIndex: inlineTree === NO_FUNCDATA || inlineSteps === 0 ? null : readSteps(values, inlineSteps, quantum),
    inlineTree,
    unit: table.readUInt32LE(at + 32),
  };
};

const fileAt = ({ units, files }: Pcln, { fileIndex, unit }: FunctionTables, offset: number): string => {
  const index = valueAt(fileIndex, offset);
  if (index < 0) return '?';
  const at = units.readUInt32LE(4 * (unit + index));
  return at === NO_FUNCDATA ? '?' : textOf(files, at);
};

/** Walks from the innermost inlined call out to the function itself. */
const framesOf = (pcln: Pcln, module: ModuleData, tables: FunctionTables, address: number): readonly CountedFrame[] => {
  const frames: CountedFrame[] = [];
  let offset = address - tables.info.entry;
  for (;;) {
    const place = { file: fileAt(pcln, tables, offset), line: Math.max(0, valueAt(tables.line, offset)) };
    const call = tables.inlineIndex === null ? -1 : valueAt(tables.inlineIndex, offset);
    if (call < 0) return [...frames, { function: tables.info.name, ...place, startLine: tables.info.startLine }];
    const at = tables.inlineTree + call * INLINED_CALL_BYTES;
    frames.push({
      function: textOf(pcln.names, module.gofunc.readInt32LE(at + 4)),
      ...place,
      startLine: module.gofunc.readInt32LE(at + 12),
    });
    offset = module.gofunc.readInt32LE(at + 8);
  }
};

/** Throws {@link UsageError} `NOT_AN_ELF_PROGRAM` or `GO_TABLES_UNREADABLE`. */
export const readGoTables = (file: string): GoTables => {
  const elf = readElf(file);
  const pcln = findPcln(elf, file);
  const module = findModule(elf, pcln, file);
  const known = new Map<number, FunctionTables>();
  const tablesAt = (address: number): FunctionTables | undefined => {
    if (address < module.text || address >= module.endOfText) return undefined;
    const offset = address - module.text;
    const index = upperBound(pcln.functions, (i) => pcln.table.readUInt32LE(8 * i), offset) - 1;
    if (index < 0) return undefined;
    const tables = known.get(index) ?? readFunction(pcln, module, index);
    known.set(index, tables);
    return address < tables.info.end ? tables : undefined;
  };
  return {
    codeStart: elf.codeStart,
    functionAt: (address) => tablesAt(address)?.info,
    framesAt: (address) => {
      const tables = tablesAt(address);
      return tables === undefined ? [] : framesOf(pcln, module, tables, address);
    },
  };
};
