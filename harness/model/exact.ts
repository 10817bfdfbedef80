/** Instructions counted launch by launch: what exact mode measured, before anything is decided. */
import type { Side } from './side.ts';

export const WORK_GROUPS = ['user', 'runtime', 'allocator', 'gc', 'scheduler'] as const;
/** What kind of work a function does: the verdict is about the first three. */
export type WorkGroup = (typeof WORK_GROUPS)[number];

export type ExactEngine = 'qemu' | 'perf' | 'cover';

/** One level of a call: what was executed, or into what it was inlined. */
export interface CountedFrame {
  readonly function: string;
  readonly file: string;
  readonly line: number;
  /** Line of the `func` keyword. */
  readonly startLine: number;
}

/** Instructions of one line, or entries of one function (from one place), in the whole window. */
export interface CountedStack {
  /** What was executed first, then what it was inlined into, the compiled function last. */
  readonly frames: readonly CountedFrame[];
  readonly group: WorkGroup;
  readonly instructions: number;
  /** Entries of the compiled function; such a stack has that one frame. */
  readonly calls: number;
  /** Where these calls were made, as frames are; absent where nobody counted that. */
  readonly caller?: readonly CountedFrame[];
}

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

/** All exact launches of one scenario, or why there are none; which of the three lists is filled follows from what was counted. */
export interface ExactRun {
  readonly engine: ExactEngine;
  /** Why it was given up, one sentence; null when it was not. */
  readonly refusal: string | null;
  /** Both binaries were built with the runtime's random choices taken out; without, limits are wider. */
  readonly steady: boolean;
  /** Why not; null when steady. */
  readonly unsteadyReason: string | null;
  /** Why the emulator counted totals, not functions; absent where functions were counted. */
  readonly namelessReason?: string;
  readonly launches: readonly ExactLaunch[];
  /** Engine `perf`, and `qemu` without names: instructions in all, launch by launch. */
  readonly totals?: readonly TotalsLaunch[];
  /** Engine `cover`: calls instead of instructions, launch by launch. */
  readonly calls?: readonly CallsLaunch[];
  /** Under which conditions head was counted; absent where no functions were, and in runs from before this was kept. */
  readonly conditions?: CountConditions;
  /** Said in the report, e.g. replies that differ between the sides. */
  readonly warnings: readonly string[];
}

/** What the counted requests were answered, in the order of the schedule; one entry per request in each column. */
export interface Replies {
  /** Index into the scenario's requests. */
  readonly route: readonly number[];
  readonly status: readonly number[];
  /** Of the body. */
  readonly bytes: readonly number[];
  /** Hash of the body's first 64 KiB without its dates, digits, ids and random tokens. */
  readonly masked: readonly string[];
}

/** One fresh start of one side, counted over the same requests in the same order as every other. */
interface CountedLaunch {
  readonly index: number;
  readonly side: Side;
  readonly linkSeed: number | null;
  /** Counted, after as many of warm-up. */
  readonly requests: number;
  /** Start to end, in seconds. */
  readonly wallSeconds: number;
}

/** Instructions of the whole process in user mode, collection and scheduling among them. */
export interface TotalsLaunch extends CountedLaunch {
  readonly instructions: number;
  readonly windowSeconds: number;
  /** In the stretch without requests before the window, and its length. */
  readonly idleInstructions: number;
  readonly idleSeconds: number;
}

/** What is judged of all requests of one route, counted apart. */
interface RouteWork {
  /** Index into the scenario's requests. */
  readonly route: number;
  readonly requests: number;
  /** Of the service's functions, of runtime helpers and of the allocator. */
  readonly instructions: number;
}

export interface CallsLaunch extends CountedLaunch {
  /** Path relative to the run's folder of the launch's `calls` profile. */
  readonly profile: string;
}

export interface ExactLaunch extends CountedLaunch {
  /** All instructions of the window by kind of work, sysmon's thread left out. */
  readonly groups: Readonly<Record<WorkGroup, number>>;
  readonly windowSeconds: number;
  /** Length of the stretch without requests that was counted before the window. */
  readonly idleSeconds: number;
  /** In all of the window, by name; sysmon's thread left out. */
  readonly syscalls: Readonly<Record<string, number>>;
  /** Guest threads that ran, sysmon's included. */
  readonly threads: number;
  /** Sent before the usual warm-up, where launches before did not agree. */
  readonly moreWarmUp?: number;
  /** Most memory of the emulated process, without collection. */
  readonly peakRssBytes?: number;
  /** Indirect calls whose caller found no place in the counters; absent where all did. */
  readonly lostCalls?: number;
  readonly mallocs?: number;
  readonly allocBytes?: number;
  /** The counted requests once more, those of each route together; absent where routes were not counted apart. */
  readonly routes?: readonly RouteWork[];
  /** Absent in runs stored before answers were compared. */
  readonly replies?: Replies;
  /** Path relative to the run's folder of the launch's `instructions` profile. */
  readonly profile: string;
}
