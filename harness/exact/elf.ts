/**
 * As much of ELF (64 bit, little-endian) as it takes to find Go's tables: sections, bytes by address, relocations.
 * Whatever the file says of itself is checked against its length: nothing is read twice, and nothing is kept but views.
 */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { reasonOf, UsageError } from '../errors.ts';

export interface ElfSection {
  readonly name: string;
  readonly address: number;
  readonly bytes: Buffer;
}

export interface ElfFile {
  readonly sections: readonly ElfSection[];
  /** Lowest address of executable code, as linked. */
  readonly codeStart: number;
  /** Where that lies in the file. */
  readonly codeOffset: number;
  /**
   * The words of 8 bytes stored from `address` on, pointers as linked: with position-independent files they stand in the
   * relocations. 0 where nothing is stored.
   */
  readonly wordsAt: (address: number, count: number) => readonly number[];
  /** Those that hold code. */
  readonly code: readonly ElfSection[];
  /** Addresses at which a pointer to `target` is stored, the first few. */
  readonly pointersTo: (target: number) => readonly number[];
}

const HEADER_BYTES = 64;
const SECTION_HEADER_BYTES = 64;
const SEGMENT_HEADER_BYTES = 56;
const SHT_RELA = 4;
const SHT_NOBITS = 8;
const SHF_EXECINSTR = 4;
const PT_LOAD = 1;
const PF_X = 1;
/** R_X86_64_RELATIVE and R_AARCH64_RELATIVE: the addend is the pointer. */
const RELATIVE: ReadonlySet<number> = new Set([8, 1027]);
const RELA_BYTES = 24;
/** Those looked for are much shorter. */
const MOST_NAME_BYTES = 64;
/** A program has one or two pointers to its table of functions. */
const MOST_POINTERS = 16;

const broken = (file: string, what: string, cause?: unknown): UsageError =>
  new UsageError('NOT_AN_ELF_PROGRAM', `${file} ${what}`, 'Exact mode needs a Linux program for amd64 or arm64.', {
    cause,
  });

const number64 = (buffer: Buffer, offset: number): number => Number(buffer.readBigUInt64LE(offset));

const stringAt = (buffer: Buffer, offset: number): string => {
  const text = buffer.toString('latin1', offset, offset + MOST_NAME_BYTES);
  const end = text.indexOf('\0');
  return end < 0 ? text : text.slice(0, end);
};

interface RawSection {
  readonly nameOffset: number;
  readonly type: number;
  readonly isCode: boolean;
  readonly address: number;
  readonly bytes: Buffer;
}

/** Where the headers of one kind stand; null when they do not lie in the file. */
const headerPlaces = (
  data: Buffer,
  [start, size, count]: readonly [number, number, number],
  least: number,
): readonly number[] | null => {
  if (count > 0 && (size < least || start + count * size > data.length)) return null;
  return Array.from({ length: count }, (_, index) => start + index * size);
};

/** A string says what is wrong with them. */
const readSections = (data: Buffer): readonly RawSection[] | string => {
  const table = [number64(data, 0x28), data.readUInt16LE(0x3a), data.readUInt16LE(0x3c)] as const;
  const places = headerPlaces(data, table, SECTION_HEADER_BYTES);
  if (places === null) return 'is cut short: its table of sections lies outside';
  let left = data.length;
  const sections: RawSection[] = [];
  for (const at of places) {
    const type = data.readUInt32LE(at + 4);
    const [offset, length] = [number64(data, at + 0x18), type === SHT_NOBITS ? 0 : number64(data, at + 0x20)];
    left -= length;
    if (left < 0 || (length > 0 && offset + length > data.length)) return 'is cut short or its sections overlap';
    const bytes = data.subarray(length === 0 ? 0 : offset, length === 0 ? 0 : offset + length);
    const isCode = (number64(data, at + 8) & SHF_EXECINSTR) !== 0;
    sections.push({ nameOffset: data.readUInt32LE(at), type, isCode, address: number64(data, at + 0x10), bytes });
  }
  return sections;
};

/** undefined: nothing of it is code. */
const readCodeStart = (data: Buffer): { readonly start: number; readonly offset: number } | undefined => {
  const table = [number64(data, 0x20), data.readUInt16LE(0x36), data.readUInt16LE(0x38)] as const;
  const starts = (headerPlaces(data, table, SEGMENT_HEADER_BYTES) ?? [])
    .filter((at) => data.readUInt32LE(at) === PT_LOAD && (data.readUInt32LE(at + 4) & PF_X) !== 0)
    .map((at) => ({ start: number64(data, at + 0x10), offset: number64(data, at + 0x08) }));
  return starts.toSorted((one, other) => one.start - other.start)[0];
};

/**
 * Calls `visit` with the place and the pointer of every relocation that holds one. `pick` sees its raw bytes first: a
 * large program has a million of them, and numbers of 64 bits are slow to read.
 */
const eachRelocation = (
  relocations: readonly Buffer[],
  pick: (bytes: Buffer, at: number) => boolean,
  visit: (place: number, pointer: number) => void,
): void => {
  for (const bytes of relocations) {
    for (let at = 0; at + RELA_BYTES <= bytes.length; at += RELA_BYTES) {
      if (!RELATIVE.has(bytes.readUInt32LE(at + 8)) || !pick(bytes, at)) continue;
      visit(number64(bytes, at), number64(bytes, at + 16));
    }
  }
};

/** Addresses of up to `most` aligned words that hold `target`. */
const wordsEqual = (section: ElfSection, target: number, most: number): readonly number[] => {
  const wanted = Buffer.alloc(8);
  wanted.writeBigUInt64LE(BigInt(target));
  const found: number[] = [];
  for (let at = section.bytes.indexOf(wanted); at >= 0 && found.length < most; ) {
    if ((section.address + at) % 8 === 0) found.push(section.address + at);
    at = section.bytes.indexOf(wanted, at + 1);
  }
  return found;
};

/** Where `target` is stored, as relocations have it (compared by its lower half first), then as the file does. */
const findPointers = (
  loaded: readonly ElfSection[],
  relocations: readonly Buffer[],
  target: number,
): readonly number[] => {
  const found: number[] = [];
  const low = target % 2 ** 32;
  eachRelocation(
    relocations,
    (bytes, at) => found.length < MOST_POINTERS && bytes.readUInt32LE(at + 16) === low,
    (place, pointer) => {
      if (pointer === target) found.push(place);
    },
  );
  for (const section of loaded) found.push(...wordsEqual(section, target, MOST_POINTERS - found.length));
  return found;
};

/** As stored in the file, with relocations laid over them. */
const readWords = (
  loaded: readonly ElfSection[],
  relocations: readonly Buffer[],
  address: number,
  count: number,
): readonly number[] => {
  const end = address + 8 * count;
  const words = Array.from({ length: count }, () => 0);
  for (const section of loaded) {
    for (let i = 0; i < count; i++) {
      const at = address + 8 * i - section.address;
      if (at >= 0 && at + 8 <= section.bytes.length) words[i] = number64(section.bytes, at);
    }
  }
  eachRelocation(
    relocations,
    (bytes, at) => {
      const place = number64(bytes, at);
      return place >= address && place < end;
    },
    (place, pointer) => {
      if ((place - address) % 8 === 0) words[(place - address) / 8] = pointer;
    },
  );
  return words;
};

/** As stored; empty where the sections hold less. */
export const bytesAt = (
  sections: readonly Pick<ElfSection, 'address' | 'bytes'>[],
  address: number,
  length: number,
): Buffer => {
  const home = sections.find((each) => address >= each.address && address + length <= each.address + each.bytes.length);
  return home?.bytes.subarray(address - home.address, address - home.address + length) ?? Buffer.alloc(0);
};

/** Throws {@link UsageError} `NOT_AN_ELF_PROGRAM` where the file cannot be read. */
export const readProgram = (file: string): Buffer => {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw broken(file, `cannot be read: ${reasonOf(cause)}`, cause);
  }
};

/** So many bytes of it from `offset` on, fewer where it ends before. Throws as {@link readProgram} does. */
export const readPart = (file: string, offset: number, length: number): Buffer => {
  const bytes = Buffer.allocUnsafeSlow(length);
  try {
    const descriptor = openSync(file, 'r');
    try {
      return bytes.subarray(0, readSync(descriptor, bytes, 0, length, offset));
    } finally {
      closeSync(descriptor);
    }
  } catch (cause) {
    throw broken(file, `cannot be read: ${reasonOf(cause)}`, cause);
  }
};

/** `file` is its name. Throws {@link UsageError} `NOT_AN_ELF_PROGRAM`. */
export const parseElf = (data: Buffer, file: string): ElfFile => {
  if (data.length < HEADER_BYTES || data.toString('latin1', 0, 4) !== '\x7fELF')
    throw broken(file, 'is not an ELF file');
  if (data[4] !== 2 || data[5] !== 1) throw broken(file, 'is not a 64-bit little-endian ELF file');
  const raw = readSections(data);
  if (typeof raw === 'string') throw broken(file, raw);
  const code = readCodeStart(data);
  if (code === undefined) throw broken(file, 'holds no code that could run');
  const names = raw[data.readUInt16LE(0x3e)]?.bytes ?? Buffer.alloc(0);
  const sections = raw.map(({ nameOffset, ...rest }) => ({ name: stringAt(names, nameOffset), ...rest }));
  const loaded = sections.filter(({ address, bytes }) => address > 0 && bytes.length > 0);
  const relocations = raw.filter(({ type }) => type === SHT_RELA).map(({ bytes }) => bytes);
  return {
    sections: loaded,
    codeStart: code.start,
    codeOffset: code.offset,
    wordsAt: (address, count) => readWords(loaded, relocations, address, count),
    code: loaded.filter(({ isCode }) => isCode),
    pointersTo: (target) => findPointers(loaded, relocations, target),
  };
};
