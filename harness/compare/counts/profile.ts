/**
 * Counted stacks as a pprof profile: instructions and calls, one sample per line with what was inlined there, and one per
 * function and place it was called from.
 */
import type { CountedFrame, CountedStack } from '../../model/index.ts';
import { locationsOf, type Profile } from '../../profile/index.ts';

const SAMPLE_TYPES = [
  { type: 'instructions', unit: 'count' },
  { type: 'calls', unit: 'count' },
  { type: 'idle_instructions', unit: 'count' },
] as const;
export const GROUP_LABEL = 'group';

/** Rows by content, numbered in the order they come. */
class Numbers<T, Key = string> {
  readonly rows: T[] = [];
  readonly #known = new Map<Key, number>();

  of(key: Key, row: () => T): number {
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    this.#known.set(key, this.rows.length);
    return this.rows.push(row()) - 1;
  }
}

/** Functions by name, and where one name is of several by file and line. */
class Functions {
  readonly rows: CountedFrame[] = [];
  readonly #named = new Map<string, number[]>();

  of(frame: CountedFrame): number {
    const named = this.#named.get(frame.function) ?? [];
    this.#named.set(frame.function, named);
    for (const row of named) {
      const known = this.rows[row];
      if (known?.startLine === frame.startLine && known.file === frame.file) return row;
    }
    const row = this.rows.push(frame) - 1;
    named.push(row);
    return row;
  }
}

interface Sample {
  /** One, or of calls whose caller is known two. */
  readonly stack: readonly number[];
  readonly group: string;
  readonly values: [instructions: number, calls: number, idleInstructions: number];
}

const locationKey = (frames: readonly CountedFrame[]): string =>
  frames.map(({ function: name, file, startLine, line }) => `${name}\0${file}\0${startLine}\0${line}`).join('\n');

/** More locations than any program has: two of them make one number. */
const MOST_LOCATIONS = 2 ** 26;

/** What the stacks are made of, each thing once. */
class CountedStacks {
  readonly locations = new Numbers<readonly CountedFrame[]>();
  readonly samples = new Numbers<Sample, number>();
  /** Most stacks share their frames, which are then known without a look at them. */
  readonly #shared = new Map<readonly CountedFrame[], number>();

  valuesOf({ frames, group, caller }: CountedStack): Sample['values'] {
    const leaf = this.#locationOf(frames);
    const from = caller === undefined ? null : this.#locationOf(caller);
    const key = from === null ? leaf : (from + 1) * MOST_LOCATIONS + leaf;
    const at = this.samples.of(key, () => ({ stack: from === null ? [leaf] : [leaf, from], group, values: [0, 0, 0] }));
    return (this.samples.rows[at] as Sample).values;
  }

  #locationOf(frames: readonly CountedFrame[]): number {
    const known = this.#shared.get(frames);
    if (known !== undefined) return known;
    const location = this.locations.of(locationKey(frames), () => frames);
    this.#shared.set(frames, location);
    return location;
  }
}

const stacksIn = (stacks: readonly CountedStack[], idle: readonly CountedStack[]): CountedStacks => {
  const counted = new CountedStacks();
  for (const stack of stacks) {
    const values = counted.valuesOf(stack);
    values[0] += stack.instructions;
    values[1] += stack.calls;
  }
  for (const stack of idle) if (stack.instructions > 0) counted.valuesOf(stack)[2] += stack.instructions;
  return counted;
};

const columnOf = <T>(rows: readonly T[], value: (row: T) => number): Uint32Array => {
  const column = new Uint32Array(rows.length);
  rows.forEach((row, i) => (column[i] = value(row)));
  return column;
};

/** Where the part of each row begins among the parts of all, and behind the last where they end. */
const startsOf = <T>(rows: readonly T[], length: (row: T) => number): Uint32Array => {
  const starts = new Uint32Array(rows.length + 1);
  rows.forEach((row, i) => (starts[i + 1] = (starts[i] ?? 0) + length(row)));
  return starts;
};

type Text = (value: string) => number;

const functionTable = (functions: readonly CountedFrame[], text: Text): Profile['functions'] => ({
  count: functions.length,
  name: columnOf(functions, (each) => text(each.function)),
  systemName: columnOf(functions, (each) => text(each.function)),
  file: columnOf(functions, (each) => text(each.file)),
  startLine: columnOf(functions, (each) => each.startLine),
});

const locationTable = (locations: readonly (readonly CountedFrame[])[], functions: Functions): Profile['locations'] => {
  const lines = locations.flat();
  return {
    count: locations.length,
    mapping: new Uint32Array(locations.length),
    address: new BigUint64Array(locations.length),
    isFolded: new Uint8Array(locations.length),
    lineStart: startsOf(locations, (frames) => frames.length),
    lineFunction: columnOf(lines, (frame) => functions.of(frame)),
    lineNumber: Int32Array.from(columnOf(lines, ({ line }) => Math.max(0, line))),
    lineColumn: new Uint32Array(lines.length),
  };
};

const sampleTable = (samples: readonly Sample[]): Profile['samples'] => {
  const values = new Float64Array(samples.length * SAMPLE_TYPES.length);
  samples.forEach((sample, i) => values.set(sample.values, i * SAMPLE_TYPES.length));
  return {
    count: samples.length,
    values,
    stackStart: startsOf(samples, ({ stack }) => stack.length),
    stack: locationsOf(samples.flatMap(({ stack }) => stack)),
    labelStart: startsOf(samples, () => 1),
  };
};

/** One label a sample: the group of its work. */
const labelTable = (samples: readonly Sample[], text: Text): Profile['labels'] => ({
  count: samples.length,
  key: columnOf(samples, () => text(GROUP_LABEL)),
  text: columnOf(samples, ({ group }) => text(group)),
  number: new BigInt64Array(samples.length),
  unit: new Uint32Array(samples.length),
});

/** What pprof files say beside their tables. */
const HEADER = {
  name: 'instructions',
  sampleTypes: SAMPLE_TYPES,
  defaultSampleType: 'instructions',
  periodType: SAMPLE_TYPES[0],
  period: 1n,
  timeNs: 0n,
  durationNs: 0n,
  comments: [],
  dropFrames: '',
  keepFrames: '',
  docUrl: '',
  mappings: [],
} as const;

/**
 * The work of a window, and in a column of its own that of the stretch without requests before it. The compiled
 * function is the outermost line of a location. Instructions know no callers: their stacks are one location deep. Calls
 * whose caller was counted have that as a second one, and runs stored before that was have none.
 */
export const instructionsProfile = (stacks: readonly CountedStack[], idle: readonly CountedStack[]): Profile => {
  const strings = new Numbers<string>();
  const text: Text = (value) => strings.of(value, () => value);
  text('');
  const { locations, samples } = stacksIn(stacks, idle);
  const functions = new Functions();
  const located = locationTable(locations.rows, functions);
  return {
    ...HEADER,
    locations: located,
    functions: functionTable(functions.rows, text),
    samples: sampleTable(samples.rows),
    labels: labelTable(samples.rows, text),
    strings: strings.rows,
  };
};
