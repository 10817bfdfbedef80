/**
 * Programs whose tables are spoiled: words moved, a field missing, lengths beyond the file, bytes at random. What stands
 * here of the layout is for programs that can be read; nothing of it is shared with the reader.
 */

const MAGIC = Buffer.from([0xf1, 0xff, 0xff, 0xff, 0, 0, process.arch === 'arm64' ? 4 : 1, 8]);
/** Words of `moduledata`: the length of the names of files, and of the entries of functions (then the capacity). */
const LENGTH_OF_FILES = 8;
const LENGTH_OF_ENTRIES = 17;
/** As many as any Go has before its slices of other things begin. */
export const MODULE_WORDS = 46;
const WORD = 8;
const HEADER_WORDS = 9;
const SECTION_HEADER_BYTES = 64;
const SEGMENT_HEADER_BYTES = 56;

const wordAt = (program: Buffer, at: number): number => Number(program.readBigUInt64LE(at));

const tableAt = (program: Buffer): number => {
  for (let at = program.indexOf(MAGIC); at >= 0; at = program.indexOf(MAGIC, at + 1)) if (at % WORD === 0) return at;
  throw new Error('no table of Go functions in it');
};

/** Where the record of the main module stands in the file: no linker leaves the length of a slice to the loader. */
export const moduleDataAt = (program: Buffer): number => {
  const entries = Buffer.alloc(2 * WORD);
  const functions = program.readBigUInt64LE(tableAt(program) + WORD);
  for (const i of [0, 1]) entries.writeBigUInt64LE(functions + 1n, WORD * i);
  for (let at = program.indexOf(entries); at >= 0; at = program.indexOf(entries, at + 1)) {
    const start = at - WORD * LENGTH_OF_ENTRIES;
    if (start % WORD === 0 && wordAt(program, start + WORD * 2) === wordAt(program, start + WORD * 3)) return start;
  }
  throw new Error('no record of its main module in it');
};

/** As a layout nobody knows: the names of files seem to be longer than all of the file. The program runs as before. */
export const spoilModuleData = (program: Buffer): Buffer => {
  const spoiled = Buffer.from(program);
  spoiled.writeBigUInt64LE(2n ** 40n, moduleDataAt(program) + WORD * LENGTH_OF_FILES);
  return spoiled;
};

/** A program with the places that are worth spoiling. */
export interface Subject {
  readonly program: Buffer;
  readonly module: number;
  readonly table: number;
  /** Where the table's parts begin: names, units, files, values, functions. */
  readonly parts: readonly number[];
}

export const subjectOf = (program: Buffer): Subject => {
  const table = tableAt(program);
  const parts = [4, 5, 6, 7, 8].map((word) => table + wordAt(program, table + WORD * word));
  return { program, module: moduleDataAt(program), table, parts };
};

type Random = () => number;

const below = (random: Random, limit: number): number => Math.floor(random() * limit);

/** A word that lies somewhere: nothing, nearly nothing, too much, a neighbour, another word of the record. */
const strangeWord = ({ program, module }: Subject, at: number, random: Random): bigint => {
  const old = program.readBigUInt64LE(at);
  const other = program.readBigUInt64LE(module + WORD * below(random, MODULE_WORDS));
  const size = BigInt(program.length);
  const strange = [0n, 1n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 40n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n, size, size - 1n];
  const near = [old + 8n, old - 8n, old + 1n, old << 1n, other, other + 8n, BigInt(below(random, program.length))];
  const all = [...strange, ...near];
  return BigInt.asUintN(64, all[below(random, all.length)] ?? 0n);
};

const setWord = (subject: Subject, at: number, random: Random): void => {
  if (at + WORD <= subject.program.length) subject.program.writeBigUInt64LE(strangeWord(subject, at, random), at);
};

const setBytes = (program: Buffer, from: number, to: number, most: number, random: Random): void => {
  const at = from + below(random, Math.max(1, to - from));
  const count = 1 + below(random, most);
  for (let i = at; i < Math.min(at + count, to, program.length); i++) program[i] = below(random, 256);
};

interface Kind {
  /** Where things are is changed, not what they are: what can still be read must read as before. */
  readonly isLayout: boolean;
  readonly spoil: (subject: Subject, random: Random) => void;
}

const bytesOf = (part: number, most: number): Kind => ({
  isLayout: false,
  spoil: ({ program, parts }, random) =>
    setBytes(program, parts[part] ?? 0, parts[part + 1] ?? (parts[part] ?? 0) + 300_000, most, random),
});

const headersOf = (at: number, size: number): Kind => ({
  isLayout: false,
  spoil: (subject, random) => {
    const start = wordAt(subject.program, at);
    setWord(subject, start + size * below(random, 30) + WORD * below(random, size / WORD), random);
  },
});

const KINDS: readonly Kind[] = [
  {
    isLayout: true,
    spoil: (subject, random) => setWord(subject, subject.module + WORD * below(random, MODULE_WORDS), random),
  },
  // A field more, and a field less.
  {
    isLayout: true,
    spoil: ({ program, module }, random) => {
      const at = module + WORD * below(random, MODULE_WORDS);
      program.copyWithin(at + WORD, at, module + WORD * MODULE_WORDS);
    },
  },
  {
    isLayout: true,
    spoil: ({ program, module }, random) => {
      const at = module + WORD * below(random, MODULE_WORDS);
      program.copyWithin(at, at + WORD, module + WORD * (MODULE_WORDS + 1));
    },
  },
  {
    isLayout: true,
    spoil: (subject, random) => setWord(subject, subject.table + WORD * below(random, HEADER_WORDS), random),
  },
  bytesOf(0, 3000),
  bytesOf(1, 16),
  bytesOf(2, 300),
  bytesOf(3, 300),
  bytesOf(4, 8),
  bytesOf(4, 300),
  headersOf(0x28, SECTION_HEADER_BYTES),
  headersOf(0x20, SEGMENT_HEADER_BYTES),
  { isLayout: false, spoil: (subject, random) => setWord(subject, 0x18 + below(random, 0x21), random) },
  { isLayout: false, spoil: ({ program }, random) => setBytes(program, 0, program.length, 2000, random) },
];

export interface Spoiled {
  readonly data: Buffer;
  readonly isLayout: boolean;
}

/** Spoils the subject's own bytes, in one place as a rule; `original` mends them. */
export const spoilAtRandom = (subject: Subject, original: Buffer, random: Random): Spoiled => {
  original.copy(subject.program);
  const kind = KINDS[below(random, KINDS.length)] as Kind;
  kind.spoil(subject, random);
  const isTwice = random() < 0.2;
  if (isTwice) (KINDS[below(random, KINDS.length)] as Kind).spoil(subject, random);
  const isCut = random() < 0.05;
  const data = isCut ? subject.program.subarray(0, below(random, original.length)) : subject.program;
  return { data, isLayout: kind.isLayout && !isTwice && !isCut };
};
