/**
 * Puts samples of several profiles into one. Everything is matched by content (names, files, lines, labels), never by
 * id. Code is matched by {@link Matching}.
 */
import { locationColumn } from '../columns/columns.ts';
import { exactValue } from '../costs/exact-sums.ts';
import type { Mapping, Profile } from '../columns/profile.ts';
import { RowInterner } from './row-interner.ts';

/** An extra label put on every sample of one source. */
export interface ExtraLabel {
  readonly key: string;
  readonly text: string;
}

export interface ProfileSource {
  readonly profile: Profile;
  /** Factor per value column; 0 leaves the column out of the sum. */
  readonly factors: readonly number[];
  readonly label?: ExtraLabel;
}

/**
 * How code is known again. By its lines, and by address only where it has none: addresses differ between two builds of
 * the same code. Or by address, for snapshots of one process: there it is the lines that differ. Go's writer keeps one
 * file for each function name, that of the first frame it meets, so with `//line` (goyacc, ragel, templ) the same code
 * lies in another file in the next snapshot; and it expands a cut stack as far as the first one it meets goes.
 */
export type Matching = 'lines' | 'address';

/** Gives every key one number. */
class Interner {
  readonly keys: string[] = [];
  readonly #numbers = new Map<string, number>();

  number(key: string): number {
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const next = this.keys.length;
    this.#numbers.set(key, next);
    this.keys.push(key);
    return next;
  }
}

/** Sums of values by their place in the table to be. */
interface ValueSums {
  add(at: number, samples: Profile['samples'], from: number, factor: number): void;
  /** Whether one of the places `from … to` is not 0. */
  isNonZero(from: number, to: number): boolean;
  /** The sums of the places `from … to`. */
  values(from: number, to: number): readonly number[];
  /** Notes those of the places `from … to` that a number cannot hold, by places that begin at `at`. */
  noteWide(from: number, to: number, at: number, into: Map<number, bigint>): void;
}

class PlainSums implements ValueSums {
  readonly #sums: number[] = [];

  add(at: number, { values }: Profile['samples'], from: number, factor: number): void {
    this.#sums[at] = (this.#sums[at] ?? 0) + (values[from] ?? 0) * factor;
  }

  isNonZero(from: number, to: number): boolean {
    for (let at = from; at < to; at++) if (this.#sums[at] !== 0) return true;
    return false;
  }

  values(from: number, to: number): readonly number[] {
    return this.#sums.slice(from, to);
  }

  noteWide(): void {
    // None is wide.
  }
}

/** For profiles with values beyond 2^53: as Go adds them, wrapping around at 64 bits. */
class WideSums implements ValueSums {
  readonly #sums: bigint[] = [];

  add(at: number, samples: Profile['samples'], from: number, factor: number): void {
    const more = exactValue(samples, from) * BigInt(factor);
    this.#sums[at] = BigInt.asIntN(64, (this.#sums[at] ?? 0n) + more);
  }

  isNonZero(from: number, to: number): boolean {
    return this.values(from, to).some((sum) => sum !== 0);
  }

  values(from: number, to: number): readonly number[] {
    return this.#sums.slice(from, to).map(Number);
  }

  noteWide(from: number, to: number, at: number, into: Map<number, bigint>): void {
    this.#sums.slice(from, to).forEach((sum, column) => {
      if (!Number.isSafeInteger(Number(sum))) into.set(at + column, sum);
    });
  }
}

class ProfileBuilder {
  readonly strings = new Interner();
  readonly mappings: Mapping[] = [];
  readonly mappingKeys = new Interner();
  /** name, system name, file, start line */
  readonly functions = new RowInterner();
  /** What a location is known by: mapping + 1, address low, address high, folded, then its lines or what stands for them. */
  readonly locations = new RowInterner();
  readonly addresses: bigint[] = [];
  readonly locationMapping: number[] = [];
  readonly folded: number[] = [];
  /** Function, line and column of every line, location after location, as they were met first. */
  readonly lines: number[] = [];
  readonly lineStart: number[] = [0];
  /** key, text, number low, number high, unit */
  readonly labels = new RowInterner();
  /** label count, labels, then the stack */
  readonly samples = new RowInterner();
  readonly sums: ValueSums;
  readonly width: number;
  readonly matching: Matching;

  constructor(width: number, sums: ValueSums, matching: Matching) {
    this.width = width;
    this.sums = sums;
    this.matching = matching;
    this.strings.number('');
  }

  add({ profile, factors, label }: ProfileSource): void {
    const stringOf = profile.strings.map((text) => this.strings.number(text));
    const mappingOf = profile.mappings.map((mapping) => this.mapping(mapping));
    const functionOf = this.addFunctions(profile, stringOf);
    const locationOf = this.addLocations(profile, mappingOf, functionOf);
    const labelOf = this.addLabels(profile, stringOf);
    const extra =
      label === undefined
        ? []
        : [this.labels.number([this.strings.number(label.key), this.strings.number(label.text), 0, 0, 0])];
    this.addSamples(profile, factors, locationOf, labelOf, extra);
  }

  mapping(mapping: Mapping): number {
    const key = `${mapping.buildId} ${mapping.file} ${mapping.start} ${mapping.limit} ${mapping.offset}`;
    const number = this.mappingKeys.number(key);
    if (number === this.mappings.length) this.mappings.push(mapping);
    return number;
  }

  addFunctions({ functions }: Profile, stringOf: readonly number[]): Uint32Array {
    const text = (column: Uint32Array, i: number): number => stringOf[column[i] ?? 0] ?? 0;
    return Uint32Array.from({ length: functions.count }, (_, i) =>
      this.functions.number([
        text(functions.name, i),
        text(functions.systemName, i),
        text(functions.file, i),
        functions.startLine[i] ?? 0,
      ]),
    );
  }

  addLocations({ locations }: Profile, mappingOf: readonly number[], functionOf: Uint32Array): Uint32Array {
    const { address } = locations;
    const halves = new Uint32Array(address.buffer, address.byteOffset, address.length * 2);
    /** Locations met so far at an address, where the writer has several there. */
    const met = new Map<bigint, number>();
    const row: number[] = [];
    const numbers = new Uint32Array(locations.count);
    for (let i = 0; i < locations.count; i++) {
      const first = locations.lineStart[i] ?? 0;
      const end = locations.lineStart[i + 1] ?? 0;
      const at = address[i] ?? 0n;
      const mapping = locations.mapping[i] ?? 0;
      const isByAddress = end === first || (this.matching === 'address' && at !== 0n);
      row.length = 0;
      row.push(
        isByAddress && mapping !== 0 ? (mappingOf[mapping - 1] ?? 0) + 1 : 0,
        isByAddress ? (halves[2 * i] ?? 0) : 0,
        isByAddress ? (halves[2 * i + 1] ?? 0) : 0,
        locations.isFolded[i] ?? 0,
      );
      if (isByAddress && end > first) {
        const before = met.get(at) ?? 0;
        met.set(at, before + 1);
        row.push(before);
      } else this.pushLines(row, locations, first, end, functionOf);
      const number = this.locations.number(row);
      if (number === this.addresses.length) {
        this.addresses.push(at);
        this.locationMapping.push(mapping === 0 ? 0 : (mappingOf[mapping - 1] ?? 0) + 1);
        this.folded.push(locations.isFolded[i] ?? 0);
        this.pushLines(this.lines, locations, first, end, functionOf);
        this.lineStart.push(this.lines.length / 3);
      }
      numbers[i] = number;
    }
    return numbers;
  }

  pushLines(
    into: number[],
    { lineFunction, lineNumber, lineColumn }: Profile['locations'],
    first: number,
    end: number,
    functionOf: Uint32Array,
  ): void {
    for (let line = first; line < end; line++) {
      // Rows hold no negative numbers; the column they come out in takes the sign back.
      into.push(functionOf[lineFunction[line] ?? 0] ?? 0, (lineNumber[line] ?? 0) >>> 0, lineColumn[line] ?? 0);
    }
  }

  addLabels({ labels }: Profile, stringOf: readonly number[]): Uint32Array {
    const numbers = new Uint32Array(labels.count);
    for (let i = 0; i < labels.count; i++) {
      const bits = BigInt.asUintN(64, labels.number[i] ?? 0n);
      numbers[i] = this.labels.number([
        stringOf[labels.key[i] ?? 0] ?? 0,
        stringOf[labels.text[i] ?? 0] ?? 0,
        Number(bits & 0xffff_ffffn),
        Number(bits >> 32n),
        stringOf[labels.unit[i] ?? 0] ?? 0,
      ]);
    }
    return numbers;
  }

  addSamples(
    { samples }: Profile,
    factors: readonly number[],
    locationOf: Uint32Array,
    labelOf: Uint32Array,
    extra: readonly number[],
  ): void {
    const { width } = this;
    const row: number[] = [];
    for (let i = 0; i < samples.count; i++) {
      row.length = 0;
      const [labelFrom = 0, labelTo = 0] = [samples.labelStart[i], samples.labelStart[i + 1]];
      const labels = labelTo > labelFrom ? [...extra, ...labelOf.subarray(labelFrom, labelTo)] : [...extra];
      // Labels are a set: two writers may list them in another order.
      labels.sort((a, b) => a - b);
      row.push(labels.length, ...labels);
      for (let at = samples.stackStart[i] ?? 0; at < (samples.stackStart[i + 1] ?? 0); at++) {
        row.push(locationOf[samples.stack[at] ?? 0] ?? 0);
      }
      const base = this.samples.number(row) * width;
      for (let column = 0; column < width; column++) {
        this.sums.add(base + column, samples, i * width + column, factors[column] ?? 0);
      }
    }
  }

  /** The profile of all samples with a value that is not 0; `header` gives everything that is not a table. */
  build(header: Profile): Profile {
    return {
      ...header,
      strings: this.strings.keys,
      mappings: this.mappings,
      functions: this.functionTable(),
      locations: this.locationTable(),
      ...this.sampleTables(),
    };
  }

  functionTable(): Profile['functions'] {
    const { count } = this.functions;
    const column = (offset: number): Uint32Array =>
      Uint32Array.from({ length: count }, (_, i) => this.functions.row(i)[offset] ?? 0);
    return { count, name: column(0), systemName: column(1), file: column(2), startLine: column(3) };
  }

  locationTable(): Profile['locations'] {
    const { count } = this.locations;
    const lineCount = this.lines.length / 3;
    const column = (offset: number): Uint32Array =>
      Uint32Array.from({ length: lineCount }, (_, i) => this.lines[3 * i + offset] ?? 0);
    return {
      count,
      mapping: Uint32Array.from(this.locationMapping),
      address: BigUint64Array.from(this.addresses),
      isFolded: Uint8Array.from(this.folded),
      lineStart: Uint32Array.from(this.lineStart),
      lineFunction: column(0),
      lineNumber: Int32Array.from(column(1)),
      lineColumn: column(2),
    };
  }

  /** Numbers of the samples with a value that is not 0. */
  keptSamples(): Uint32Array {
    const { width } = this;
    const kept = new Uint32Array(this.samples.count);
    let count = 0;
    for (let i = 0; i < this.samples.count; i++) if (this.sums.isNonZero(i * width, (i + 1) * width)) kept[count++] = i;
    return kept.subarray(0, count);
  }

  /** Every table is as long as it will be from the beginning: those of a large profile are most of what we hold. */
  sampleTables(): Pick<Profile, 'samples' | 'labels'> {
    const { width, samples } = this;
    const kept = this.keptSamples();
    const labelCounts = kept.map((i) => samples.word(i, 0));
    const stackLength = kept.reduce((sum, i, at) => sum + samples.length(i) - 1 - (labelCounts[at] ?? 0), 0);
    const values = new Float64Array(kept.length * width);
    const wide = new Map<number, bigint>();
    const stack = locationColumn(this.locations.count, stackLength);
    const stackStart = new Uint32Array(kept.length + 1);
    const labelStart = new Uint32Array(kept.length + 1);
    const labelRows: number[] = [];
    let stacked = 0;
    for (let at = 0; at < kept.length; at++) {
      const i = kept[at] ?? 0;
      values.set(this.sums.values(i * width, (i + 1) * width), at * width);
      this.sums.noteWide(i * width, (i + 1) * width, at * width, wide);
      const labelEnd = 1 + (labelCounts[at] ?? 0);
      for (let word = 1; word < labelEnd; word++) labelRows.push(samples.word(i, word));
      for (let word = labelEnd; word < samples.length(i); word++) stack[stacked++] = samples.word(i, word);
      stackStart[at + 1] = stacked;
      labelStart[at + 1] = labelRows.length;
    }
    const column = (offset: number): Uint32Array =>
      Uint32Array.from(labelRows, (label) => this.labels.row(label)[offset] ?? 0);
    const numberOf = (label: number): bigint => {
      const row = this.labels.row(label);
      return BigInt.asIntN(64, (BigInt(row[3] ?? 0) << 32n) | BigInt(row[2] ?? 0));
    };
    return {
      samples: {
        count: kept.length,
        values,
        ...(wide.size > 0 && { wide }),
        stackStart,
        stack,
        labelStart,
      },
      labels: {
        count: labelRows.length,
        key: column(0),
        text: column(1),
        unit: column(4),
        number: BigInt64Array.from(labelRows, numberOf),
      },
    };
  }
}

/**
 * The sum of the sources' samples, each value times its factor; samples whose values are all 0 are left out. What is
 * matched keeps the look of the first source that has it.
 */
export const combine = (sources: readonly ProfileSource[], header: Profile, matching: Matching = 'lines'): Profile => {
  const isWide = sources.some(({ profile }) => profile.samples.wide !== undefined);
  const builder = new ProfileBuilder(header.sampleTypes.length, isWide ? new WideSums() : new PlainSums(), matching);
  for (const source of sources) builder.add(source);
  return builder.build(header);
};
