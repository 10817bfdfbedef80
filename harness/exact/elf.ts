/** As much of ELF (64 bit, little-endian) as it takes to find Go's tables: sections, bytes by address, relocations. */
import { readFileSync } from 'node:fs';
import { UsageError } from '../errors.ts';

export interface Section {
  readonly name: string;
  readonly address: number;
  readonly bytes: Buffer;
}

export interface ElfFile {
  readonly sections: readonly Section[];
  /** Lowest address of executable code, as linked. */
  readonly codeStart: number;
  /** The pointer stored at `address`, as linked: with position-independent files it stands in the relocations. */
  readonly pointerAt: (address: number) => number;
  /** Addresses at which a pointer to `target` is stored. */
  readonly pointersTo: (target: number) => readonly number[];
}

const SHT_RELA = 4;
const SHT_NOBITS = 8;
const PT_LOAD = 1;
const PF_X = 1;
/** R_X86_64_RELATIVE and R_AARCH64_RELATIVE: the addend is the pointer. */
const RELATIVE: ReadonlySet<number> = new Set([8, 1027]);
const RELA_BYTES = 24;

const broken = (file: string, what: string): UsageError =>
  new UsageError('NOT_AN_ELF_PROGRAM', `${file} ${what}`, 'Exact mode needs a Linux program for amd64 or arm64.');

const number64 = (buffer: Buffer, offset: number): number => Number(buffer.readBigUInt64LE(offset));

const stringAt = (buffer: Buffer, offset: number): string =>
  buffer.toString('latin1', offset, buffer.indexOf(0, offset));

interface RawSection {
  readonly nameOffset: number;
  readonly type: number;
  readonly address: number;
  readonly bytes: Buffer;
}

const readSections = (data: Buffer): readonly RawSection[] => {
  const [start, size, count] = [number64(data, 0x28), data.readUInt16LE(0x3a), data.readUInt16LE(0x3c)];
  return Array.from({ length: count }, (_, index) => {
    const at = start + index * size;
    const type = data.readUInt32LE(at + 4);
    const [offset, bytes] = [number64(data, at + 0x18), number64(data, at + 0x20)];
    return {
      nameOffset: data.readUInt32LE(at),
      type,
      address: number64(data, at + 0x10),
      bytes: type === SHT_NOBITS ? Buffer.alloc(0) : data.subarray(offset, offset + bytes),
    };
  });
};

const readCodeStart = (data: Buffer): number => {
  const [start, size, count] = [number64(data, 0x20), data.readUInt16LE(0x36), data.readUInt16LE(0x38)];
  const executable = Array.from({ length: count }, (_, index) => start + index * size)
    .filter((at) => data.readUInt32LE(at) === PT_LOAD && (data.readUInt32LE(at + 4) & PF_X) !== 0)
    .map((at) => number64(data, at + 0x10));
  return Math.min(...executable);
};

const readRelocations = (sections: readonly RawSection[]): ReadonlyMap<number, number> => {
  const pointers = new Map<number, number>();
  for (const { type, bytes } of sections) {
    if (type !== SHT_RELA) continue;
    for (let at = 0; at + RELA_BYTES <= bytes.length; at += RELA_BYTES) {
      if (RELATIVE.has(bytes.readUInt32LE(at + 8))) pointers.set(number64(bytes, at), number64(bytes, at + 16));
    }
  }
  return pointers;
};

const wordsEqual = (section: Section, target: number): readonly number[] => {
  const wanted = Buffer.alloc(8);
  wanted.writeBigUInt64LE(BigInt(target));
  const found: number[] = [];
  for (let at = section.bytes.indexOf(wanted); at >= 0; at = section.bytes.indexOf(wanted, at + 1)) {
    if ((section.address + at) % 8 === 0) found.push(section.address + at);
  }
  return found;
};

/** Throws {@link UsageError} `NOT_AN_ELF_PROGRAM`. */
export const readElf = (file: string): ElfFile => {
  const data = readFileSync(file);
  if (data.length < 64 || data.toString('latin1', 0, 4) !== '\x7fELF') throw broken(file, 'is not an ELF file');
  if (data[4] !== 2 || data[5] !== 1) throw broken(file, 'is not a 64-bit little-endian ELF file');
  const raw = readSections(data);
  const names = raw[data.readUInt16LE(0x3e)]?.bytes ?? Buffer.alloc(0);
  const sections = raw.map(({ nameOffset, address, bytes }) => ({
    name: stringAt(names, nameOffset),
    address,
    bytes,
  }));
  const loaded = sections.filter(({ address, bytes }) => address > 0 && bytes.length > 0);
  const relocated = readRelocations(raw);
  return {
    sections,
    codeStart: readCodeStart(data),
    pointerAt: (address) => {
      const pointer = relocated.get(address);
      if (pointer !== undefined) return pointer;
      const section = loaded.find((each) => address >= each.address && address + 8 <= each.address + each.bytes.length);
      return section === undefined ? 0 : number64(section.bytes, address - section.address);
    },
    pointersTo: (target) => [
      ...[...relocated].flatMap(([address, pointer]) => (pointer === target ? [address] : [])),
      ...loaded.flatMap((section) => wordsEqual(section, target)),
    ],
  };
};
