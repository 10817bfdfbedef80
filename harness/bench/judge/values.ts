/** What is known of benchmarks: measured, judged, and in between. */
import type { BySide, Environment, Revision, Side } from '../../model/index.ts';

export const BENCH_SCHEMA_VERSION = 1;

/** Timed iterations of one benchmark in one process; set-up and stopped stretches are not in it. */
export interface Turn {
  readonly iterations: number;
  readonly wallNs: number;
  /** All threads of the process, user and system. */
  readonly cpuNs: number;
}

/** The same with what is only counted while nobody else waits for a turn. */
export interface Slice extends Turn {
  readonly mallocs: number;
  readonly allocBytes: number;
  /** `b.SetBytes`, per iteration; 0: not called. */
  readonly setBytes: number;
  /** `b.ReportMetric`: unit → value. */
  readonly reported: Readonly<Record<string, number>>;
}

/** Which launches: all benchmarks are screened; what looks changed is then measured anew. */
export type Stage = 'screen' | 'confirm';

/** Both sides of one benchmark by binaries of one link seed, in fresh processes that take turns on the same CPU. */
export interface BenchLaunch {
  readonly stage: Stage;
  /** null: Go's own order of functions. */
  readonly linkSeed: number | null;
  /** Of each pair. */
  readonly firstSides: readonly Side[];
  /** Before the turns: what is allocated, and what the benchmark reports. */
  readonly alone: BySide<Slice>;
  /** Turns back to back, one of each side in each pair. */
  readonly pairs: readonly BySide<Turn>[];
}

/** Which clock its time is judged by: that of the CPU, or of the wall where it mostly waits. */
export type BenchClock = 'cpu' | 'wall';

/** `measured` on both sides, `untried` while there was time; else why it cannot be compared. */
export type BenchState =
  | { readonly kind: 'measured' }
  | { readonly kind: 'same program' | 'same path' }
  | { readonly kind: 'new' | 'gone' }
  | { readonly kind: 'untried' }
  | { readonly kind: 'skipped'; readonly sides: readonly Side[] }
  | { readonly kind: 'failed'; readonly sides: readonly Side[]; readonly why: string; readonly output: string };

export interface BenchmarkRun {
  readonly package: string;
  /** With its parents: `BenchmarkDecode/large`. */
  readonly name: string;
  readonly state: BenchState;
  /** GOMAXPROCS. */
  readonly procs: number;
  /** Of each slice, the same on both sides. */
  readonly iterations: number;
  readonly clock: BenchClock;
  /** It called `b.RunParallel`. */
  readonly isParallel: boolean;
  readonly launches: readonly BenchLaunch[];
}

/** A package of which a side does not compile, or is not there. */
export interface BrokenPackage {
  readonly package: string;
  readonly side: Side;
  readonly why: string;
}

/** Raw, as it was measured: everything later is computed from it. */
export interface BenchRun {
  readonly schemaVersion: typeof BENCH_SCHEMA_VERSION;
  readonly godynoVersion: string;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly seed: number;
  readonly base: Revision;
  readonly head: Revision;
  readonly environment: Environment;
  readonly goVersion: BySide<string>;
  /** CPUs that the benchmarks ran on; empty: not bound. */
  readonly cpus: readonly number[];
  readonly budgetSeconds: number;
  readonly buildSeconds: number;
  /** After the builds. */
  readonly measureSeconds: number;
  readonly benchmarks: readonly BenchmarkRun[];
  readonly broken: readonly BrokenPackage[];
  readonly notes: readonly string[];
}

export type BenchVerdict = 'regressed' | 'improved' | 'unchanged' | 'inconclusive' | 'notJudged';

/** What is judged of every benchmark. */
export type GateMetric = 'time' | 'allocs' | 'bytes';

export interface MetricJudged {
  readonly metric: GateMetric;
  readonly verdict: BenchVerdict;
  /** Per operation: ns, count or bytes. */
  readonly base: number;
  readonly head: number;
  readonly effectRatio: number;
  readonly ciRatio: readonly [number, number];
  readonly pValue: number;
  /** Benjamini-Hochberg over all that was measured anew; null where it was not. */
  readonly qValue: number | null;
  /** Launches the verdict comes from. */
  readonly launches: number;
  readonly stage: Stage;
  /** In all, for a verdict; null where there is one. */
  readonly launchesNeeded: number | null;
}

/** A unit of `b.ReportMetric`: shown, never judged. */
export interface ReportedMetric {
  readonly unit: string;
  readonly base: number;
  readonly head: number;
  readonly better: 'lower' | 'higher';
}

export interface BenchmarkJudged {
  readonly package: string;
  readonly name: string;
  readonly verdict: BenchVerdict;
  /** Where there is no measurement that says it. */
  readonly reason: string | null;
  readonly clock: BenchClock;
  readonly isParallel: boolean;
  readonly metrics: readonly MetricJudged[];
  readonly reported: readonly ReportedMetric[];
}

export interface BenchComparison {
  readonly schemaVersion: typeof BENCH_SCHEMA_VERSION;
  readonly verdict: 'regressed' | 'invalid' | 'inconclusive' | 'improved' | 'unchanged';
  readonly base: Revision;
  readonly head: Revision;
  readonly seed: number;
  readonly buildSeconds: number;
  readonly measureSeconds: number;
  readonly benchmarks: readonly BenchmarkJudged[];
  readonly broken: readonly BrokenPackage[];
  /** Geometric means of head ÷ base − 1 of the time; null where there is none. */
  readonly geomeanAllRatio: number | null;
  readonly geomeanChangedRatio: number | null;
  readonly notes: readonly string[];
}

/** Two packages may have benchmarks of one name. */
export const benchmarkKey = ({ package: pkg, name }: Pick<BenchmarkRun, 'package' | 'name'>): string =>
  `${pkg}\t${name}`;
