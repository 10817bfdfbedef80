/**
 * Where Go's own tables lie in a program: found by what must hold between the linker's record of the main module and the
 * table of functions, so that a layout that we do not know is refused and never misread.
 *
 * Sources: runtime/symtab.go (`pcHeader`, `moduledata`), cmd/link/internal/ld/pcln.go and symtab.go, Go 1.22 to 1.27.
 */
import { UsageError } from '../errors.ts';
import type { ElfFile, ElfSection } from './elf.ts';
import type { Unreadable } from './table-readers.ts';

export interface GoLayout {
  /** Bytes that one unit of a distance stands for. */
  readonly quantum: number;
  readonly functions: number;
  readonly names: Buffer;
  /** Offsets of files, unit after unit. */
  readonly units: Buffer;
  readonly files: Buffer;
  /** Values that change with the address. */
  readonly values: Buffer;
  /** Entries of functions, then their records. */
  readonly table: Buffer;
  /** Data of functions, their trees of inlined calls among it: the places where it may begin, the likeliest first. */
  readonly data: readonly Buffer[];
  /** As linked. */
  readonly text: number;
  readonly endOfText: number;
}

/** Magic of Go 1.20's table, unchanged since. */
const MAGIC = 0xfffffff1;
const POINTER_BYTES = 8;
const HEADER_BYTES = 72;
/** Of `pcHeader`, after its magic: how many functions, and where its five tables begin. */
const HEADER_FUNCTIONS = 0;
const HEADER_TABLES = [3, 4, 5, 6, 7] as const;

/** Words of `moduledata`. The five tables again, of each its address and then its length: names, units, files, values, functions. */
const MODULE_TABLES = [1, 4, 7, 10, 13] as const;
const MODULE_ENTRIES = 16;
const MODULE_FIRST_CODE = 20;
const MODULE_END_OF_CODE = 21;
const MODULE_TEXT = 22;
const MODULE_END_OF_TEXT = 23;
/** Go 1.22 to 1.26. */
const MODULE_DATA = 40;
const MODULE_WORDS = 52;
const UNIT_BYTES = 4;
const ENTRY_BYTES = 8;
/** A file that holds more that look like a table was made to. */
const MOST_TABLES = 16;

export const tablesUnreadable =
  (file: string): Unreadable =>
  (what) =>
    new UsageError(
      'GO_TABLES_UNREADABLE',
      `${file}: ${what}`,
      'Exact mode knows the tables of Go 1.22 to 1.27; report this with the output of `go version` for the binary.',
    );

interface PclnTable {
  /** From its header to the end of its section. */
  readonly bytes: Buffer;
  readonly address: number;
  /** Whether the section holds nothing else. */
  readonly isAlone: boolean;
}

/** The first bytes of every table: magic, two zeros, the quantum, the length of a pointer. */
const isHeader = (bytes: Buffer): boolean =>
  bytes.length >= HEADER_BYTES &&
  bytes.readUInt32LE(0) === MAGIC &&
  bytes.readUInt16LE(4) === 0 &&
  (bytes[6] === 1 || bytes[6] === 4) &&
  bytes[7] === POINTER_BYTES;

/** An external linker merges the table of a position-independent program into another section (Go 1.22 to 1.25). */
const tablesInside = ({ bytes, address }: ElfSection): readonly PclnTable[] => {
  const magic = Buffer.alloc(4);
  magic.writeUInt32LE(MAGIC);
  const found: PclnTable[] = [];
  for (let at = bytes.indexOf(magic); at >= 0 && found.length < MOST_TABLES; at = bytes.indexOf(magic, at + 1)) {
    const rest = bytes.subarray(at);
    if ((address + at) % POINTER_BYTES === 0 && isHeader(rest))
      found.push({ bytes: rest, address: address + at, isAlone: false });
  }
  return found;
};

const findTables = ({ sections }: ElfFile, unreadable: Unreadable): readonly PclnTable[] => {
  const named = sections.find(({ name }) => name.endsWith('.gopclntab'));
  if (named === undefined) {
    const found = sections.flatMap(tablesInside);
    if (found.length === 0) throw unreadable('has no table of Go functions (.gopclntab)');
    return found;
  }
  const { bytes, address } = named;
  if (isHeader(bytes)) return [{ bytes, address, isAlone: true }];
  throw unreadable(`its table of Go functions is of another kind (${bytes.subarray(0, 8).toString('hex')})`);
};

/** A table's header: how many functions, and where its five tables begin. */
const headerOf = ({ bytes }: PclnTable) => {
  const word = (index: number): number => Number(bytes.readBigUInt64LE(POINTER_BYTES * (1 + index)));
  return { functions: word(HEADER_FUNCTIONS), starts: HEADER_TABLES.map(word) };
};

/**
 * From Go 1.26 on they lie in the section of the table, and their address stands before the end of it (1.26: words 40 and
 * 41; 1.27, which has three words more: 43 and 44). Before, they lay among other constants.
 */
const dataOf = ({ sections }: ElfFile, { address, bytes, isAlone }: PclnTable, words: readonly number[]) => {
  const end = address + bytes.length;
  const beforeEnd = isAlone ? words.flatMap((word, i) => (i > MODULE_DATA && word === end ? [i - 1] : [])) : [];
  return [...beforeEnd.toReversed(), MODULE_DATA].flatMap((index): readonly Buffer[] => {
    const start = words[index] ?? 0;
    const home = sections.find((each) => start >= each.address && start < each.address + each.bytes.length);
    return home === undefined ? [] : [home.bytes.subarray(start - home.address)];
  });
};

/** The layout by the record whose words these are; undefined when it is no record of this table. */
const layoutOf = (elf: ElfFile, table: PclnTable, words: readonly number[]): GoLayout | undefined => {
  const { functions, starts } = headerOf(table);
  const word = (index: number): number => words[index] ?? 0;
  const slices = MODULE_TABLES.map((index, i) => {
    const start = starts[i] ?? 0;
    const length = word(index + 1) * (i === 1 ? UNIT_BYTES : 1);
    const fits = word(index) === table.address + start && start + length <= table.bytes.length;
    return fits ? table.bytes.subarray(start, start + length) : null;
  });
  const [names, units, files, values, records] = slices;
  if (!names || !units || !files || !values || !records) return undefined;
  if (word(MODULE_ENTRIES) !== word(MODULE_TABLES[4]) || word(MODULE_ENTRIES + 1) !== functions + 1) return undefined;
  if (functions < 1 || (functions + 1) * ENTRY_BYTES > records.length) return undefined;
  const text = word(MODULE_TEXT);
  const isCode =
    word(MODULE_FIRST_CODE) === text + records.readUInt32LE(0) &&
    word(MODULE_END_OF_CODE) === text + records.readUInt32LE(ENTRY_BYTES * functions) &&
    word(MODULE_END_OF_TEXT) >= word(MODULE_END_OF_CODE);
  if (!isCode) return undefined;
  const data = dataOf(elf, table, words);
  const quantum = table.bytes[6] ?? 1;
  return {
    quantum,
    functions,
    names,
    units,
    files,
    values,
    table: records,
    data,
    text,
    endOfText: word(MODULE_END_OF_TEXT),
  };
};

/** Throws {@link UsageError} `GO_TABLES_UNREADABLE`. */
export const findLayout = (elf: ElfFile, unreadable: Unreadable): GoLayout => {
  for (const table of findTables(elf, unreadable)) {
    for (const address of elf.pointersTo(table.address)) {
      const layout = layoutOf(elf, table, elf.wordsAt(address, MODULE_WORDS));
      if (layout !== undefined) return layout;
    }
  }
  throw unreadable('the record of its main module (moduledata) was not found or is laid out in another way');
};
