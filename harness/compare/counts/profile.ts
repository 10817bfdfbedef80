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

/**
 * The work of a window, and in a column of its own that of the stretch without requests before it. The compiled
 * function is the outermost line of a location. Instructions know no callers: their stacks are one location deep. Calls
 * whose caller was counted have that as a second one, and runs stored before that was have none.
 */
export const instructionsProfile = (stacks: readonly CountedStack[], idle: readonly CountedStack[]): Profile => {
  const strings = new Numbers<string>();
  strings.of('', '');
  const text = (value: string): number => strings.of(value, value);
  const functions = new Numbers<CountedFrame>();
  const locations = new Numbers<readonly CountedFrame[]>();
  const samples = new Numbers<Sample>();
  const sampleOf = ({ frames, group, caller }: CountedStack): Sample => {
    const levels = caller === undefined ? [frames] : [frames, caller];
    const stack = levels.map((level) => locations.of(locationKey(level), level));
    const at = samples.of(stack.join(' '), { stack, group, values: [0, 0, 0] });
    return samples.rows[at] as Sample;
  };
  const add = (sample: Sample, column: number, value: number): void => {
    sample.values[column] = (sample.values[column] ?? 0) + value;
  };
  for (const stack of stacks) {
    const sample = sampleOf(stack);
    add(sample, 0, stack.instructions);
    add(sample, 1, stack.calls);
  }
  for (const stack of idle) if (stack.instructions > 0) add(sampleOf(stack), 2, stack.instructions);
  const lines = locations.rows.flatMap((frames) =>
    frames.map((frame) => ({ function: functions.of(functionKey(frame), frame), line: frame.line })),
  );
  const lineStart = new Uint32Array(locations.rows.length + 1);
  locations.rows.forEach((frames, i) => (lineStart[i + 1] = (lineStart[i] ?? 0) + frames.length));
  const columnOf = <T>(rows: readonly T[], value: (row: T) => number): Uint32Array => Uint32Array.from(rows, value);
  const count = samples.rows.length;
  const upTo = Uint32Array.from({ length: count + 1 }, (_, i) => i);
  const stackStart = new Uint32Array(count + 1);
  samples.rows.forEach(({ stack }, i) => (stackStart[i + 1] = (stackStart[i] ?? 0) + stack.length));
  const functionTable = {
    count: functions.rows.length,
    name: columnOf(functions.rows, (each) => text(each.function)),
    systemName: columnOf(functions.rows, (each) => text(each.function)),
    file: columnOf(functions.rows, (each) => text(each.file)),
    startLine: columnOf(functions.rows, (each) => each.startLine),
  };
  const labels = {
    count,
    key: columnOf(samples.rows, () => text(GROUP_LABEL)),
    text: columnOf(samples.rows, ({ group }) => text(group)),
    number: new BigInt64Array(count),
    unit: new Uint32Array(count),
  };
  return {
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
    strings: strings.rows,
    mappings: [],
    functions: functionTable,
    locations: {
      count: locations.rows.length,
      mapping: new Uint32Array(locations.rows.length),
      address: new BigUint64Array(locations.rows.length),
      isFolded: new Uint8Array(locations.rows.length),
      lineStart,
      lineFunction: columnOf(lines, (each) => each.function),
      lineNumber: Int32Array.from(lines, (each) => Math.max(0, each.line)),
      lineColumn: new Uint32Array(lines.length),
    },
    samples: {
      count,
      values: Float64Array.from(samples.rows.flatMap(({ values }) => values)),
      stackStart,
      stack: locationsOf(samples.rows.flatMap(({ stack }) => stack)),
      labelStart: upTo,
    },
    labels,
  };
};
