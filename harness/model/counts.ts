/** What a baseline keeps of counted instructions: enough to judge them against counts made later, elsewhere. */
import type { ExactEngine, ExactLaunch, WorkGroup } from './exact.ts';

export const COUNTS_SCHEMA_VERSION = 1;

/** All that moves counts beside the code that is counted: where any of it differs, counts are not compared. */
export interface CountConditions {
  /** `go1.26.8`. */
  readonly goVersion: string;
  readonly goos: string;
  readonly goarch: string;
  /** What else of Go's settings chooses code, as `go version -m` has it: `GOAMD64`, `CGO_ENABLED`, … */
  readonly goSettings: Readonly<Record<string, string>>;
  readonly engine: ExactEngine;
  readonly engineVersion: string;
  /** The model that the emulator was told to be, and what a program there is told that it can do. */
  readonly cpu: string;
  readonly cpuFeatures: string;
  /** sha256 (hex, 16 digits), as are those below: of the counting plugin's source. */
  readonly plugin: string;
  /** Of what is patched in Go's runtime; `none`: this Go could not be patched. */
  readonly runtimePatches: string;
  /** Of the agent's source, which lies in the binary and rests. */
  readonly agent: string;
  readonly gomaxprocs: number;
  readonly gogc: string;
  readonly gomemlimit: string;
  /** Ours, beside the scenario's own. */
  readonly godebug: string;
  /** Of the schedule. */
  readonly seed: number;
  /** Counted in each launch, after as many of warm-up. */
  readonly requests: number;
  /** Of all of them, as they were replayed. */
  readonly requestsDigest: string;
}

/** A launch without what the functions' table and the merged profile hold. */
type StoredLaunch = Omit<ExactLaunch, 'side' | 'profile'>;

/** Launch by launch; one number where all agree. */
export type PerLaunch = number | readonly number[];

/** Of one function, charged as reports charge it, in the whole window. */
export interface StoredFunction {
  readonly name: string;
  /** Index into the files. */
  readonly file: number;
  /** From the `func` keyword to the last line seen. */
  readonly lines: readonly [number, number];
  readonly group: WorkGroup;
  readonly instructions: PerLaunch;
  readonly calls: PerLaunch;
  /** In the stretch without requests before the window. */
  readonly idle: PerLaunch;
}

export interface StoredCounts {
  readonly schemaVersion: typeof COUNTS_SCHEMA_VERSION;
  readonly scenario: string;
  readonly conditions: CountConditions;
  /** Why the runtime's random choices are in; null when they were taken out. */
  readonly unsteadyReason: string | null;
  readonly launches: readonly StoredLaunch[];
  readonly files: readonly string[];
  readonly functions: readonly StoredFunction[];
}
