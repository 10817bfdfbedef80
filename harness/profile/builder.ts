/**
 * Puts samples of several profiles into one. Everything is matched by content (names, files, lines, labels), never by
 * id, and by address only where a location has no lines: addresses differ between two builds of the same code.
 */
import { locationsOf } from './columns.ts';
import type { Mapping, Profile } from './profile.ts';
import { RowInterner } from './row-interner.ts';

/** An extra label put on every sample of one source. */
export interface ExtraLabel {
  readonly key: string;
  readonly text: string;
}

export interface Source {
  readonly profile: Profile;
  /** Factor per value column; 0 leaves the column out of the sum. */
  readonly factors: readonly number[];
  readonly label?: ExtraLabel;
}

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

class ProfileBuilder {
  readonly strings = new Interner();
  readonly mappings: Mapping[] = [];
  readonly mappingKeys = new Interner();
  /** name, system name, file, start line */
  readonly functions = new RowInterner();
  /** mapping + 1, address low, address high, folded, then function, line, column per line */
  readonly locations = new RowInterner();
  readonly addresses: bigint[] = [];
  /** key, text, number low, number high, unit */
  readonly labels = new RowInterner();
  /** label count, labels, then the stack */
  readonly samples = new RowInterner();
  readonly values: number[] = [];
  readonly width: number;

  constructor(width: number) {
    this.width = width;
    this.strings.number('');
  }

  add({ profile, factors, label }: Source): void {
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
    const halves = new Uint32Array(
      locations.address.buffer,
      locations.address.byteOffset,
      locations.address.length * 2,
    );
    const row: number[] = [];
    const numbers = new Uint32Array(locations.count);
    for (let i = 0; i < locations.count; i++) {
      const first = locations.lineStart[i] ?? 0;
      const end = locations.lineStart[i + 1] ?? 0;
      const mapping = locations.mapping[i] ?? 0;
      const hasLines = end > first;
      row.length = 0;
      row.push(
        hasLines || mapping === 0 ? 0 : (mappingOf[mapping - 1] ?? 0) + 1,
        hasLines ? 0 : (halves[2 * i] ?? 0),
        hasLines ? 0 : (halves[2 * i + 1] ?? 0),
        locations.isFolded[i] ?? 0,
      );
      for (let line = first; line < end; line++) {
        row.push(
          functionOf[locations.lineFunction[line] ?? 0] ?? 0,
          locations.lineNumber[line] ?? 0,
          locations.lineColumn[line] ?? 0,
        );
      }
      const number = this.locations.number(row);
      if (number === this.addresses.length) {
        this.addresses.push(locations.address[i] ?? 0n);
        this.locationMapping.push(mapping === 0 ? 0 : (mappingOf[mapping - 1] ?? 0) + 1);
      }
      numbers[i] = number;
    }
    return numbers;
  }

  readonly locationMapping: number[] = [];

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
      const labels = [...extra, ...labelOf.subarray(samples.labelStart[i], samples.labelStart[i + 1])];
      // Labels are a set: two writers may list them in another order.
      labels.sort((a, b) => a - b);
      row.push(labels.length, ...labels);
      for (let at = samples.stackStart[i] ?? 0; at < (samples.stackStart[i + 1] ?? 0); at++) {
        row.push(locationOf[samples.stack[at] ?? 0] ?? 0);
      }
      const base = this.samples.number(row) * width;
      for (let column = 0; column < width; column++) {
        const value = (samples.values[i * width + column] ?? 0) * (factors[column] ?? 0);
        this.values[base + column] = (this.values[base + column] ?? 0) + value;
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
    const lineStart = new Uint32Array(count + 1);
    const isFolded = new Uint8Array(count);
    const lines: number[] = [];
    for (let i = 0; i < count; i++) {
      const row = this.locations.row(i);
      isFolded[i] = row[3] ?? 0;
      for (let at = 4; at < row.length; at++) lines.push(row[at] ?? 0);
      lineStart[i + 1] = lines.length / 3;
    }
    const column = (offset: number): Uint32Array =>
      Uint32Array.from({ length: lines.length / 3 }, (_, i) => lines[3 * i + offset] ?? 0);
    return {
      count,
      mapping: Uint32Array.from(this.locationMapping),
      address: BigUint64Array.from(this.addresses),
      isFolded,
      lineStart,
      lineFunction: column(0),
      lineNumber: column(1),
      lineColumn: column(2),
    };
  }

  sampleTables(): Pick<Profile, 'samples' | 'labels'> {
    const { width } = this;
    const values: number[] = [];
    const stack: number[] = [];
    const stackStart = [0];
    const labelStart = [0];
    const labelRows: number[] = [];
    for (let i = 0; i < this.samples.count; i++) {
      const own = this.values.slice(i * width, (i + 1) * width);
      if (own.every((value) => value === 0)) continue;
      const row = this.samples.row(i);
      const labelCount = row[0] ?? 0;
      values.push(...own);
      for (let at = 1; at <= labelCount; at++) labelRows.push(row[at] ?? 0);
      for (let at = 1 + labelCount; at < row.length; at++) stack.push(row[at] ?? 0);
      stackStart.push(stack.length);
      labelStart.push(labelRows.length);
    }
    const column = (offset: number): Uint32Array =>
      Uint32Array.from(labelRows, (label) => this.labels.row(label)[offset] ?? 0);
    const numberOf = (label: number): bigint => {
      const row = this.labels.row(label);
      return BigInt.asIntN(64, (BigInt(row[3] ?? 0) << 32n) | BigInt(row[2] ?? 0));
    };
    return {
      samples: {
        count: stackStart.length - 1,
        values: Float64Array.from(values),
        stackStart: Uint32Array.from(stackStart),
        stack: locationsOf(stack),
        labelStart: Uint32Array.from(labelStart),
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

/** The sum of the sources' samples, each value times its factor; samples whose values are all 0 are left out. */
export const combine = (sources: readonly Source[], header: Profile): Profile => {
  const builder = new ProfileBuilder(header.sampleTypes.length);
  for (const source of sources) builder.add(source);
  return builder.build(header);
};
