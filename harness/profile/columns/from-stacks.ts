/** Stacks that were read from something else than a pprof file → a profile in columns. */
import { locationsOf } from './columns.ts';
import type { Profile, ValueType } from './profile.ts';

export interface StackFrame {
  readonly function: string;
  readonly file: string;
  readonly line: number;
}

export interface StackRow {
  /** Leaf first. */
  readonly frames: readonly StackFrame[];
  /** One for each sample type. */
  readonly values: readonly number[];
  /** Of the profile's one label. */
  readonly label: string;
}

export interface StacksHead {
  readonly name: string;
  /** The last one is shown first, and is what the period counts. */
  readonly sampleTypes: readonly [ValueType, ValueType];
  readonly period: bigint;
  readonly comments: readonly string[];
  /** Key of the label that every row has. */
  readonly label: string;
}

/** Gives every text or row one number, in the order they come. */
class Numbers<Row> {
  readonly rows: Row[] = [];
  readonly #known = new Map<string, number>();

  of(key: string, row: () => Row): number {
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    this.#known.set(key, this.rows.length);
    return this.rows.push(row()) - 1;
  }
}

interface FunctionRow {
  readonly name: number;
  readonly file: number;
}

interface LocationRow {
  readonly function: number;
  readonly line: number;
}

class Tables {
  readonly strings = new Numbers<string>();
  readonly functions = new Numbers<FunctionRow>();
  readonly locations = new Numbers<LocationRow>();

  constructor() {
    this.text('');
  }

  text(value: string): number {
    return this.strings.of(value, () => value);
  }

  location({ function: name, file, line }: StackFrame): number {
    const fn = this.functions.of(`${name}\0${file}`, () => ({ name: this.text(name), file: this.text(file) }));
    return this.locations.of(`${fn} ${line}`, () => ({ function: fn, line }));
  }
}

const startsOf = (lengths: readonly number[]): Uint32Array => {
  const starts = new Uint32Array(lengths.length + 1);
  lengths.forEach((length, at) => (starts[at + 1] = (starts[at] ?? 0) + length));
  return starts;
};

const functionTable = (rows: readonly FunctionRow[]): Profile['functions'] => ({
  count: rows.length,
  name: Uint32Array.from(rows, ({ name }) => name),
  systemName: Uint32Array.from(rows, ({ name }) => name),
  file: Uint32Array.from(rows, ({ file }) => file),
  startLine: new Uint32Array(rows.length),
});

const locationTable = (rows: readonly LocationRow[]): Profile['locations'] => ({
  count: rows.length,
  mapping: new Uint32Array(rows.length),
  address: new BigUint64Array(rows.length),
  isFolded: new Uint8Array(rows.length),
  lineStart: startsOf(rows.map(() => 1)),
  lineFunction: Uint32Array.from(rows, (row) => row.function),
  lineNumber: Int32Array.from(rows, ({ line }) => Math.min(line, 0x7fff_ffff)),
  lineColumn: new Uint32Array(rows.length),
});

export const profileOfStacks = (head: StacksHead, rows: readonly StackRow[]): Profile => {
  const tables = new Tables();
  const located = rows.map(({ frames }) => frames.map((frame) => tables.location(frame)));
  const key = tables.text(head.label);
  const labels = rows.map(({ label }) => tables.text(label));
  const { name, sampleTypes, period, comments } = head;
  return {
    name,
    sampleTypes,
    defaultSampleType: sampleTypes[1].type,
    periodType: sampleTypes[1],
    period,
    timeNs: 0n,
    durationNs: 0n,
    comments,
    dropFrames: '',
    keepFrames: '',
    docUrl: '',
    mappings: [],
    functions: functionTable(tables.functions.rows),
    locations: locationTable(tables.locations.rows),
    samples: {
      count: rows.length,
      values: Float64Array.from(rows.flatMap(({ values }) => values)),
      stackStart: startsOf(located.map(({ length }) => length)),
      stack: locationsOf(located.flat()),
      labelStart: startsOf(rows.map(() => 1)),
    },
    labels: {
      count: rows.length,
      key: new Uint32Array(rows.length).fill(key),
      text: Uint32Array.from(labels),
      number: new BigInt64Array(rows.length),
      unit: new Uint32Array(rows.length),
    },
    strings: tables.strings.rows,
  };
};
