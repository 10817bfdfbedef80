/**
 * Calls of functions from the data of Go's coverage counters: a function's first block is entered once per call.
 * The formats are those of Go 1.20 to 1.27 (internal/coverage/defs.go); another version is refused.
 */
import { InvalidMeasurementError } from '../errors.ts';

export interface CoveredFunction {
  /** As the compiler names it, but without type parameters; a method of a generic type has no receiver here. */
  readonly name: string;
  /** Import path and file name. */
  readonly file: string;
  /** Where the body begins: the line of its brace, or of what follows it (from Go 1.27 on of its first code). */
  readonly line: number;
  /** Where the last of its code ends. */
  readonly lastLine: number;
}

/** Functions of every package, in the order in which counters refer to them. */
export type CoverageMeta = readonly (readonly CoveredFunction[])[];

/** Calls so far by package and function; those never called are absent. */
export type CoverageCounters = ReadonlyMap<string, number>;

export interface FunctionCalls {
  readonly function: CoveredFunction;
  readonly calls: number;
}

const META_MAGIC = 0x6d766300;
const COUNTERS_MAGIC = 0x6d776300;
const VERSION = 1;
const META_HEADER_BYTES = 56;
const PACKAGE_HEADER_BYTES = 44;
const COUNTERS_HEADER_BYTES = 32;
const SEGMENT_HEADER_BYTES = 16;
/** How counters are written: each as four bytes, or in the variable length of ULEB128. */
const RAW = 1;
/** Counters are 32 bits wide and start again at 0. */
const WRAP = 2 ** 32;

const unreadable = (what: string): InvalidMeasurementError =>
  new InvalidMeasurementError(
    'COVERAGE_UNREADABLE',
    `The coverage data cannot be read: ${what}`,
    'Please report this with the output of `go version`.',
  );

/** Reads on from a place; past the end is an error, never a zero. */
class Reader {
  readonly #bytes: Buffer;
  at: number;

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  #step(bytes: number): number {
    const at = this.at;
    if (at + bytes > this.#bytes.length) throw unreadable('it ends too early');
    this.at += bytes;
    return at;
  }

  u8(): number {
    return this.#bytes.readUInt8(this.#step(1));
  }

  u32(): number {
    return this.#bytes.readUInt32LE(this.#step(4));
  }

  u64(): number {
    return Number(this.#bytes.readBigUInt64LE(this.#step(8)));
  }

  uleb(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.u8();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  }

  text(): string {
    const length = this.uleb();
    const at = this.#step(length);
    return this.#bytes.toString('utf8', at, at + length);
  }

  texts(): readonly string[] {
    return this.list(this.uleb(), () => this.text());
  }

  /** `count` items, of a byte or more each. */
  list<T>(count: number, read: () => T): readonly T[] {
    if (count > this.#bytes.length - this.at) throw unreadable('it holds less than it says');
    return Array.from({ length: count }, read);
  }
}

const requireFormat = (reader: Reader, magic: number, what: string): void => {
  if (reader.u32() !== magic) throw unreadable(`it holds no ${what}`);
  const version = reader.u32();
  if (version !== VERSION) throw unreadable(`${what} of version ${version}, not ${VERSION}`);
};

/** `T.m` and `*T.m` → `T.m` and `(*T).m`. */
const withReceiver = (name: string): string => name.replace(/^\*(\w+)\./u, '(*$1).');

/** As the linker writes it: dots of the last element would read as the name's. */
const linkPath = (path: string): string => {
  const last = path.lastIndexOf('/') + 1;
  return path.slice(0, last) + path.slice(last).replaceAll('.', '%2e');
};

/** Of each unit: line and column of its begin, of its end, and how many statements it has. */
const readLines = (reader: Reader, units: number): Pick<CoveredFunction, 'line' | 'lastLine'> => {
  let [line, lastLine] = [0, 0];
  for (let unit = 0; unit < units; unit++) {
    const [begin, , end] = [reader.uleb(), reader.uleb(), reader.uleb(), reader.uleb(), reader.uleb()];
    if (unit === 0) line = begin;
    lastLine = Math.max(lastLine, end);
  }
  return { line, lastLine };
};

const readPackage = (bytes: Buffer, start: number): readonly CoveredFunction[] => {
  const header = new Reader(bytes, start + 4);
  const [nameIndex, pathIndex] = [header.u32(), header.u32()];
  header.at = start + PACKAGE_HEADER_BYTES - 4;
  const offsets = header.list(header.u32(), () => header.u32());
  const texts = header.texts();
  const text = (index: number): string => texts[index] ?? '';
  const prefix = text(nameIndex) === 'main' ? 'main' : linkPath(text(pathIndex));
  return offsets.map((offset) => {
    const reader = new Reader(bytes, start + offset);
    const units = reader.uleb();
    const name = `${prefix}.${withReceiver(text(reader.uleb()))}`;
    const file = text(reader.uleb());
    return { name, file, ...readLines(reader, units) };
  });
};

/** The functions of a binary that was built with -cover. Throws `COVERAGE_UNREADABLE`. */
export const readCoverageMeta = (data: Uint8Array): CoverageMeta => {
  const bytes = Buffer.from(data);
  const header = new Reader(bytes, 0);
  requireFormat(header, META_MAGIC, 'coverage meta-data');
  header.u64();
  const packages = header.u64();
  header.at = META_HEADER_BYTES;
  const starts = header.list(packages, () => header.u64());
  return starts.map((start) => readPackage(bytes, start));
};

/** Throws `COVERAGE_UNREADABLE`. */
export const readCoverageCounters = (data: Uint8Array): CoverageCounters => {
  const reader = new Reader(Buffer.from(data), 0);
  requireFormat(reader, COUNTERS_MAGIC, 'coverage counters');
  reader.at += 16;
  const flavour = reader.u8();
  reader.at = COUNTERS_HEADER_BYTES;
  const functions = reader.u64();
  const skipped = reader.u32() + reader.u32();
  reader.at = COUNTERS_HEADER_BYTES + SEGMENT_HEADER_BYTES + skipped;
  reader.at = Math.ceil(reader.at / 4) * 4;
  const next = (): number => (flavour === RAW ? reader.u32() : reader.uleb());
  const calls = new Map<string, number>();
  for (let i = 0; i < functions; i++) {
    const [units, packageIndex, functionIndex] = [next(), next(), next()];
    const values = reader.list(units, next);
    calls.set(`${packageIndex} ${functionIndex}`, values[0] ?? 0);
  }
  return calls;
};

/** Calls between two readings of one process. */
export const callsBetween = (
  meta: CoverageMeta,
  before: CoverageCounters,
  after: CoverageCounters,
): readonly FunctionCalls[] =>
  meta.flatMap((functions, packageIndex) =>
    functions.flatMap((each, functionIndex): readonly FunctionCalls[] => {
      const key = `${packageIndex} ${functionIndex}`;
      const calls = ((after.get(key) ?? 0) - (before.get(key) ?? 0) + WRAP) % WRAP;
      return calls === 0 ? [] : [{ function: each, calls }];
    }),
  );
