/**
 * A profile in memory: the pprof message as columns. Tables refer to each other by index (never by the file's ids), so
 * everything that walks samples is a loop over typed arrays. Nothing here is changed after it was built.
 */

/** What a column of sample values measures, e.g. `{ type: 'cpu', unit: 'nanoseconds' }`. */
export interface ValueType {
  readonly type: string;
  readonly unit: string;
}

export interface Mapping {
  readonly start: bigint;
  readonly limit: bigint;
  readonly offset: bigint;
  readonly file: string;
  readonly buildId: string;
  readonly hasFunctions: boolean;
  readonly hasFilenames: boolean;
  readonly hasLineNumbers: boolean;
  readonly hasInlineFrames: boolean;
}

/** Columns of the functions; `strings` indices except for the line. */
export interface FunctionTable {
  readonly count: number;
  readonly name: Uint32Array;
  readonly systemName: Uint32Array;
  readonly file: Uint32Array;
  /** Line of the `func` keyword; 0 where the writer did not say (Go before 1.20). */
  readonly startLine: Uint32Array;
}

/** Columns of the locations. Lines of location `i` are `lineStart[i] … lineStart[i + 1]`, innermost (inlined) first. */
export interface LocationTable {
  readonly count: number;
  /** Index into `mappings` plus one; 0 is none. */
  readonly mapping: Uint32Array;
  readonly address: BigUint64Array;
  readonly isFolded: Uint8Array;
  readonly lineStart: Uint32Array;
  /** Index into the function table. */
  readonly lineFunction: Uint32Array;
  readonly lineNumber: Int32Array;
  readonly lineColumn: Uint32Array;
}

/** Columns of the samples. The stack of sample `i` is `stack[stackStart[i] … stackStart[i + 1]]`, leaf first. */
export interface SampleTable {
  readonly count: number;
  /** `values[i * sampleTypes.length + t]`; whole numbers, negative in differences. Beyond ±2^53 the nearest there is. */
  readonly values: Float64Array;
  /** The values beyond ±2^53 as the file has them, by their place in `values`; absent where there are none. */
  readonly wide?: ReadonlyMap<number, bigint>;
  readonly stackStart: Uint32Array;
  /** Index into the location table. */
  readonly stack: Uint16Array | Uint32Array;
  /** Labels of sample `i` are `labelStart[i] … labelStart[i + 1]` of the label table. */
  readonly labelStart: Uint32Array;
}

/** Columns of the labels. A label is text (`text` ≠ 0) or a number with a unit; `strings` indices except the number. */
export interface LabelTable {
  readonly count: number;
  readonly key: Uint32Array;
  readonly text: Uint32Array;
  readonly number: BigInt64Array;
  readonly unit: Uint32Array;
}

export interface Profile {
  /** Where it came from, for messages. */
  readonly name: string;
  readonly sampleTypes: readonly ValueType[];
  /** `sampleTypes[].type` that tools show first; empty: the last one. */
  readonly defaultSampleType: string;
  readonly periodType: ValueType;
  readonly period: bigint;
  /** Nanoseconds since 1970; as the writer said, not to be used as a clock. */
  readonly timeNs: bigint;
  /** Any int64: writers of other languages put a point in time here. */
  readonly durationNs: bigint;
  readonly comments: readonly string[];
  readonly dropFrames: string;
  readonly keepFrames: string;
  readonly docUrl: string;
  readonly strings: readonly string[];
  readonly mappings: readonly Mapping[];
  readonly functions: FunctionTable;
  readonly locations: LocationTable;
  readonly samples: SampleTable;
  readonly labels: LabelTable;
}
