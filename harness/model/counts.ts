/** What a baseline keeps of counted instructions: enough to judge them against counts made later, elsewhere. */
import type { CountConditions, ExactLaunch, WorkGroup } from './exact.ts';

export const COUNTS_SCHEMA_VERSION = 1;

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
