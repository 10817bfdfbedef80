/** What a run of benchmarks is told, and what it tells meanwhile. */
import type { BySide } from '../../model/index.ts';
import type { SourceTree } from '../../source/index.ts';

export interface BenchPlan {
  readonly trees: BySide<SourceTree>;
  /** Where `go` is called, relative to each side's root. */
  readonly place: BySide<string>;
  /** Of packages, as for `go test`. */
  readonly patterns: readonly string[];
  /** As for `go test -bench`. */
  readonly bench: string;
  readonly buildFlags: readonly string[];
  readonly seed: number;
  /** After the builds. */
  readonly budgetSeconds: number;
  readonly workDir: string;
  /** Where benchmarks run, one process at a time; empty: anywhere. */
  readonly targetCpus: readonly number[];
  /** Where links run meanwhile; empty: anywhere. */
  readonly otherCpus: readonly number[];
  /** All that may be used, for benchmarks that want several; empty: unknown. */
  readonly usableCpus: readonly number[];
  /** For benchmarks that call `b.RunParallel`. */
  readonly parallelCpus: number;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

export const orNull = (cpus: readonly number[]): readonly number[] | null => (cpus.length === 0 ? null : cpus);
