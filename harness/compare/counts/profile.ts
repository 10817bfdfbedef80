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
class Numbers<T> {
  readonly rows: T[] = [];
  readonly #known = new Map<string, number>();

  of(key: string, row: T): number {
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    this.#known.set(key, this.rows.length);
    return this.rows.push(row) - 1;
  }
}

interface Sample {
  /** One, or of calls whose caller is known two. */
  readonly stack: readonly number[];
  readonly group: string;
  readonly values: number[];
}

const functionKey = ({ function: name, file, startLine }: CountedFrame): string => `${name}\0${file}\0${startLine}`;

const locationKey = (frames: readonly CountedFrame[]): string =>
  frames.map((frame) => `${functionKey(frame)}\0${frame.line}`).join('\n');

/** What the stacks are made of, each thing once. */
class CountedStacks {
  readonly locations = new Numbers<readonly CountedFrame[]>();
  readonly samples = new Numbers<Sample>();

  add(stack: CountedStack, column: number, value: number): void {
    const { values } = this.#sampleOf(stack);
    values[column] = (values[column] ?? 0) + value;
  }

  #sampleOf({ frames, group, caller }: CountedStack): Sample {
    const levels = caller === undefined ? [frames] : [frames, caller];
    const stack = levels.map((level) => this.locations.of(locationKey(level), level));
    const at = this.samples.of(stack.join(' '), { stack, group, values: [0, 0, 0] });
    return this.samples.rows[at] as Sample;
  }
}

const stacksIn = (stacks: readonly CountedStack[], idle: readonly CountedStack[]): CountedStacks => {
  const counted = new CountedStacks();
  for (const stack of stacks) {
    counted.add(stack, 0, stack.instructions);
    counted.add(stack, 1, stack.calls);
  }
  for (const stack of idle) if (stack.instructions > 0) counted.add(stack, 2, stack.instructions);
  return counted;
};

const columnOf = <T>(rows: readonly T[], value: (row: T) => number): Uint32Array => Uint32Array.from(rows, value);

/** Where the part of each row begins among the parts of all, and behind the last where they end. */
const startsOf = (lengths: readonly number[]): Uint32Array => {
  const starts = new Uint32Array(lengths.length + 1);
  for (const [i, length] of lengths.entries()) starts[i + 1] = (starts[i] ?? 0) + length;
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

const locationTable = (
  locations: readonly (readonly CountedFrame[])[],
  functions: Numbers<CountedFrame>,
): Profile['locations'] => {
  const lines = locations.flat();
  return {
    count: locations.length,
    mapping: new Uint32Array(locations.length),
    address: new BigUint64Array(locations.length),
    isFolded: new Uint8Array(locations.length),
    lineStart: startsOf(locations.map((frames) => frames.length)),
    lineFunction: columnOf(lines, (frame) => functions.of(functionKey(frame), frame)),
    lineNumber: Int32Array.from(lines, ({ line }) => Math.max(0, line)),
    lineColumn: new Uint32Array(lines.length),
  };
};

const sampleTable = (samples: readonly Sample[]): Profile['samples'] => ({
  count: samples.length,
  values: Float64Array.from(samples.flatMap(({ values }) => values)),
  stackStart: startsOf(samples.map(({ stack }) => stack.length)),
  stack: locationsOf(samples.flatMap(({ stack }) => stack)),
  labelStart: Uint32Array.from({ length: samples.length + 1 }, (_, i) => i),
});

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
  const text: Text = (value) => strings.of(value, value);
  text('');
  const { locations, samples } = stacksIn(stacks, idle);
  const functions = new Numbers<CountedFrame>();
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
