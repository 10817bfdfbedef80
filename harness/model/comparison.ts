/** What a run says: the promise of `comparison.json`, schema version 1 (docs/files.md). */
import type { Diagnosed } from './diagnosis.ts';
import type { ExactEngine } from './exact.ts';
import type { MetricId } from './metric-ids.ts';
import type { CostKind, GatedKind } from './profile-kinds.ts';
import type { AnswerSample, Environment, RunSettings, StopReason, NewOnHead } from './run.ts';
import type { BySide, Side } from './side.ts';

export const COMPARISON_SCHEMA_VERSION = 1;

/** Worst first: a run's verdict is the first of these that one of its scenarios has. */
export const VERDICTS = ['regressed', 'invalid', 'inconclusive', 'improved', 'unchanged'] as const;
export type RunVerdict = (typeof VERDICTS)[number];

/** `notJudged`: this machine or run cannot decide it; `changed`: certain, but below what fails. */
export type MetricVerdict = RunVerdict | 'notJudged' | 'changed';

export type MetricUnit = 'ns' | 'count' | 'B' | 'ms' | 'ratio' | 'instructions';

export interface Comparison {
  readonly schemaVersion: typeof COMPARISON_SCHEMA_VERSION;
  readonly godynoVersion: string;
  readonly verdict: RunVerdict;
  readonly base: ComparedRevision;
  readonly head: ComparedRevision;
  readonly seed: number;
  /** How the two sides were brought together. */
  readonly method: ComparisonMethod;
  readonly scenarios: readonly ScenarioComparison[];
  /** Scenarios of which base has nothing; absent when there are none. */
  readonly newOnHead?: readonly NewOnHead[];
  /** Regressions that were accepted beforehand; absent when no waiver was given. */
  readonly waivers?: WaiverSummary;
  /** Where the command's time went beside its scenarios; absent where it measured nothing, and in merged ones. */
  readonly took?: TimeTaken;
}

/** Wall clock of a whole command, in seconds. */
export interface TimeTaken {
  readonly wholeSeconds: number;
  /** Until both sides' sources lay there and their difference was known. */
  readonly sourcesSeconds: number;
  /** Reading profiles and counts, and judging by them; absent where a report is made without them. */
  readonly readingSeconds?: number;
  readonly reportingSeconds?: number;
}

/**
 * Wall clock of a scenario by what it was spent on, in seconds; the parts add up to `wholeSeconds`. Those of which an
 * older run does not tell are absent, as is the sum.
 */
export interface ScenarioTime {
  readonly wholeSeconds?: number;
  readonly buildSeconds: number;
  readonly linkWaitSeconds: number;
  /** Of judged launches: from their first process to both sides ready. */
  readonly startSeconds: number;
  readonly warmUpSeconds: number;
  readonly windowsSeconds: number;
  readonly contentionSeconds: number;
  /** The rest of judged launches: collections, profiles, looks at answers. */
  readonly collectingSeconds: number;
  /** Whole launches, each for one question. */
  readonly latencySeconds: number;
  readonly growthSeconds: number;
  readonly allocationsSeconds: number;
  readonly explainSeconds: number;
  /** Each request name by itself; absent where that was not measured. */
  readonly routesSeconds?: number;
  readonly exactSeconds?: number;
  readonly exactBuildSeconds?: number;
  /** Waiting for services to stop. */
  readonly stopSeconds?: number;
  /** What lies between: checking, looking, the loader's start. */
  readonly otherSeconds?: number;
  /** From the builds to the verdict on CPU; absent where it is no gate or had none. */
  readonly cpuVerdictSeconds?: number;
}

/** What waivers did: `verdict` stays what was measured, `verdictWithout` decides the exit code. */
export interface WaiverSummary {
  readonly verdictWithout: RunVerdict;
  readonly applied: readonly AppliedWaiver[];
  /** Waivers that did not apply, one sentence each: expired, exceeded, no longer needed. */
  readonly remarks: readonly string[];
}

export interface AppliedWaiver {
  readonly scenario: string;
  readonly metric: MetricId;
  /** The largest effect that was accepted, and of which kind it is (`effectRatio` or `effectAbsolute`). */
  readonly ceiling: number;
  readonly kind: 'ratio' | 'absolute';
  readonly reason: string;
  /** The last day it holds, `YYYY-MM-DD`. */
  readonly expires: string;
  /** Where it is written: `file:line` or a commit. */
  readonly source: string;
  /** The effect that was measured. */
  readonly effect: number;
}

/**
 * `duet`: measured side by side here. Stored runs: `shared-base`, each beside the same base on one machine;
 * `same-machine`, `other-machine`, with wide limits (docs/method.md).
 */
export type ComparisonMethod = 'duet' | 'shared-base' | 'same-machine' | 'other-machine';

export interface ComparedRevision {
  readonly revision: string;
  readonly label: string;
}

export interface ScenarioComparison {
  readonly scenario: string;
  readonly verdict: RunVerdict;
  /** Why invalid or inconclusive, one sentence; null otherwise. */
  readonly reason: string | null;
  readonly pairs: number;
  readonly launches: number;
  readonly linkSeeds: number;
  readonly discardedPairs: number;
  readonly durationSeconds: number;
  /** Where its time went; absent where it was not measured here. */
  readonly took?: ScenarioTime;
  readonly stop: StopReason;
  readonly exact: ExactSummary | null;
  readonly metrics: readonly MetricComparison[];
  /** Told per request name of the scenario; absent where it has one name, or nothing was measured per name. */
  readonly routes?: readonly RouteComparison[];
  /** By the values of labels; absent where the scenario names none, or no sample has one. */
  readonly labels?: readonly LabelComparison[];
  readonly functions: readonly FunctionComparison[];
  /** Functions that the scenario gives a limit; absent where it gives none. */
  readonly functionGates?: readonly FunctionGateComparison[];
  readonly attribution: Attribution | null;
  /** What was captured to explain what moved, and what was not; absent where nothing moved. */
  readonly diagnosis?: readonly Diagnosed[];
  /** Waits that are no request's; absent where there are none. */
  readonly waitsApart?: readonly WaitApartRow[];
  /** Absent where no launch was traced on both sides. */
  readonly traced?: TracedComparison;
  /** Absent where no launch ran under Linux perf on both sides. */
  readonly perf?: PerfComparison;
  /** Stuck on head alone; absent where nothing is. */
  readonly stuck?: readonly StuckGoroutines[];
  /** Another Go on each side, said before anything else; absent where both have one. */
  readonly toolchain?: ToolchainChange;
  /** Module path of the target, by which its own functions are named; absent when it is not known. */
  readonly module?: string;
  /** What else differs between the builds (PGO, GODEBUG defaults, tags, …); absent when they were built alike. */
  readonly builtDifferently?: readonly string[];
  readonly loader: { readonly verdict: 'ok' | 'suspect' | 'invalid'; readonly reasons: readonly string[] };
  readonly environment: Environment;
  readonly settings: RunSettings;
  /** How the base was found or had (`where the head left main (3f2a9c5)`); absent where somebody named it. */
  readonly baseFound?: string;
  /** Validity and fallback remarks, one sentence each. */
  readonly warnings: readonly string[];
  /** Answers that differ between the sides, looked at in every launch; absent when none do. */
  readonly answers?: readonly AnswerDifference[];
  /** What the first failed requests met; absent when none failed. */
  readonly failedRequests?: readonly ShownFailure[];
}

/** A request name that the sides answer differently (dates, numbers, ids and random tokens aside). */
export interface AnswerDifference {
  readonly route: string;
  /** `less`: head leaves most of what base says out; `more`: the mirror image. */
  readonly what: 'less' | 'more' | 'status' | 'body';
  /** That are so, of those that were compared. */
  readonly answers: number;
  readonly of: number;
  /** The first of them: the request line as it was sent, and what came back. */
  readonly request: string;
  readonly base: AnswerSample;
  readonly head: AnswerSample;
}

/** A failed request, shown once where both sides answered alike. Texts come from the service and are bounded. */
export interface ShownFailure {
  readonly side: Side | 'both';
  readonly route: string;
  /** The request line as it was sent. */
  readonly request: string;
  readonly how: string;
  /** The beginning of the answer's body. */
  readonly body: string | null;
}

export interface ToolchainChange {
  /** The Go that built each side, `go1.26.8`. */
  readonly versions: BySide<string>;
  /** The go lines of the two go.mod files, where they differ; null: alike, or not known. */
  readonly goLines: BySide<string> | null;
  /** Nothing else that is built differs. */
  readonly isOnly: boolean;
  readonly binaryBytes: BySide<number>;
  /** Metrics whose gate has a limit of its own for such a change, which was the one that held. */
  readonly gates: readonly MetricId[];
  /** What the newer one is known to do otherwise, one sentence each. */
  readonly known: readonly string[];
  /** What calls into the packages of Go, the module's own code and its dependencies cost; parts below 0.5 % left out. */
  readonly costs: readonly GroupCost[];
}

/** The cost of a part of the program, per request. */
export interface GroupCost {
  readonly profile: CostKind;
  /** `go`: a package of Go's library, with what it calls; `runtime`; `module`: the module's own code; `dependencies`. */
  readonly of: 'go' | 'runtime' | 'module' | 'dependencies';
  /** `encoding/json*` (the star: with packages below it); empty where `of` says it. */
  readonly package: string;
  readonly unit: MetricUnit;
  readonly basePerRequest: number;
  readonly headPerRequest: number;
  readonly deltaPerRequest: number;
  /** delta ÷ the base's total per request. */
  readonly impactRatio: number;
  /** More than chance between launches. */
  readonly isCertain: boolean;
}

export interface ExactSummary {
  readonly engine: ExactEngine;
  /** Largest A/A pair of this run. */
  readonly aaSpreadRatio: number;
  /** Why it gave no verdict; null when it did. */
  readonly refusal: string | null;
  /** Why Go's runtime was counted with its random choices in, so that wider limits hold; absent where they were taken out. */
  readonly unsteadyReason?: string;
  /** Why no function is told apart; absent where functions were counted, and of the CPU's counter. */
  readonly namelessReason?: string;
  /** What was counted beside the instructions; absent where it gave no verdict. */
  readonly counted?: ExactCounted;
}

export interface ExactCounted {
  /** Launches of each side, and the requests counted in each. */
  readonly launches: BySide<number>;
  readonly requests: number;
  /** The rate at which instructions are turned into an estimate of time. */
  readonly instructionsPerNs: number;
  /** Per request, those that follow the requests and not the clock; the most frequent first. */
  readonly syscalls: readonly CountedCalls[];
  /** Allocations per request. Null where the program's allocator is not Go's. */
  readonly mallocs: BySide<number> | null;
  /** Instructions per request of each route, in the scenario's order; absent where routes were not counted apart. */
  readonly routes?: readonly CountedCalls[];
  readonly replies: readonly ReplyDifference[];
  /** Routes whose answers vary between launches of one side, and so were not compared. */
  readonly varyingRoutes: readonly string[];
  /** CPU samples per side that call paths were taken from: counts have none. Null where there were no samples. */
  readonly pathSamples: BySide<number> | null;
  /** Of all calls, those whose caller was counted; absent where callers were not, or nobody asked for them. */
  readonly knownCallersRatio?: number;
}

/** Calls (of routes: instructions) per request, by name. */
export interface CountedCalls {
  readonly name: string;
  readonly base: number;
  readonly head: number;
  readonly isChanged: boolean;
}

/** A route that the sides answer differently, dates, digits, ids and random tokens aside. */
export interface ReplyDifference {
  readonly route: string;
  /** That differ, of those counted. */
  readonly requests: number;
  readonly of: number;
  readonly what: 'body' | 'length';
  /** Length of the first that differs. */
  readonly firstBytes: BySide<number>;
}

/** One metric of one request name of the scenario. It informs; no gate is asked of it. */
export interface RouteComparison {
  readonly route: string;
  readonly metric: MetricId;
  readonly unit: MetricUnit;
  /** Answered requests of this name behind the figures. */
  readonly requests: BySide<number>;
  readonly base: number;
  readonly head: number;
  /** head ÷ base − 1, with its interval. */
  readonly effectRatio: number;
  readonly ciRatio: readonly [number, number] | null;
  readonly ciLevel: number;
  readonly pValue: number;
  /** Benjamini-Hochberg over all rows of the scenario's requests. */
  readonly qValue: number;
  readonly verdict: RouteVerdict;
}

/** `notJudged`: too few or too uneven requests to tell. */
export type RouteVerdict = 'regressed' | 'improved' | 'unchanged' | 'notJudged';

/** What the requests of one value of a label cost, of those labels that the service sets and the scenario names. */
export interface LabelComparison {
  readonly label: string;
  /** Empty: samples without it. */
  readonly value: string;
  readonly profile: CostKind;
  readonly unit: MetricUnit;
  /** Profile samples behind the figures. */
  readonly samples: BySide<number>;
  /** Per request of the scenario, whatever its label: all values together are what a request costs. */
  readonly basePerRequest: number;
  readonly headPerRequest: number;
  /** head ÷ base − 1, with its 90 % interval; null where base has none. */
  readonly effectRatio: number | null;
  readonly ciRatio: readonly [number, number] | null;
  /** delta ÷ the base's total per request, shrunken by how sure it is. */
  readonly impactRatio: number;
  readonly impactCiRatio: readonly [number, number];
  /** Benjamini-Hochberg over the values of the label in the profile. */
  readonly qValue: number | null;
  readonly verdict: Exclude<RouteVerdict, 'unchanged'>;
}

export interface MetricComparison {
  readonly metric: MetricId;
  readonly unit: MetricUnit;
  readonly better: 'lower' | 'higher';
  /** Whether its regression fails the run. */
  readonly gate: boolean;
  /** Named in the scenario: not judged then makes the scenario inconclusive. */
  readonly required: boolean;
  /** Means over the judged units; null when a side has no value. */
  readonly base: number | null;
  readonly head: number | null;
  /** head ÷ base − 1; null where base is 0 or the metric is compared by difference. */
  readonly effectRatio: number | null;
  readonly ciRatio: readonly [number, number] | null;
  /** head − base in the unit, with interval, for metrics compared by difference (growth, errors); else null. */
  readonly effectAbsolute: number | null;
  readonly ciAbsolute: readonly [number, number] | null;
  readonly ciLevel: number;
  readonly pValue: number | null;
  /** Benjamini-Hochberg over the scenario's metrics, for information. */
  readonly qValue: number | null;
  /** τ: the smallest effect that fails; ratio or absolute as above. */
  readonly practicalRatio: number | null;
  readonly practicalAbsolute: number | null;
  readonly smallestDetectableRatio: number | null;
  readonly verdict: MetricVerdict;
  readonly reason: string | null;
  readonly decidedBy: DecidedBy | null;
  /** Units (launches or windows) it would take in all, when inconclusive. */
  readonly unitsNeeded: number | null;
  readonly warnings: readonly string[];
}

export interface DecidedBy {
  readonly stage: 'judged' | 'latency' | 'exact' | 'growth' | 'stored';
  readonly unit: 'launch' | 'window' | 'linkSeed' | 'run';
  readonly n: number;
  readonly linkSeeds: number;
}

export type FunctionKind = 'regressed' | 'improved' | 'new' | 'gone' | 'moved' | 'unclear';

/** Per request, like the row that it is a part of. */
export interface SpentOn extends BySide<number> {
  readonly reason: string;
}

export interface FunctionComparison {
  /**
   * `inuse_space`, `goroutine`, `goroutineleak` (those that can never wake, by Go 1.27): what a launch still held after its
   * last collection, see {@link Held}.
   */
  readonly profile: CostKind;
  /** Canonical name. */
  readonly function: string;
  readonly package: string;
  readonly file: string;
  readonly line: number;
  /**
   * Own (flat) cost per request, runtime leaves charged to the first non-runtime caller. Of `goroutine`: those that wait
   * in this function, or that it began where they wait in Go's library.
   */
  readonly basePerRequest: number;
  readonly headPerRequest: number;
  readonly deltaPerRequest: number;
  /** The same as it stood at the end of a launch, not divided by its requests; only of what is held. */
  readonly held?: Held;
  /** What it is spent on, by the labels of the samples (`sleep`, `network`, …), the largest difference first; only of `wall`. */
  readonly reasons?: readonly SpentOn[];
  /** Including callees. */
  readonly baseCumPerRequest: number;
  readonly headCumPerRequest: number;
  readonly unit: MetricUnit;
  /** delta ÷ the base's total per request. */
  readonly impactRatio: number;
  readonly impactCiRatio: readonly [number, number] | null;
  readonly smallestDetectableRatio: number | null;
  /** Benjamini-Hochberg within the profile, functions that the change touches weighted (docs/blame.md). */
  readonly qValue: number | null;
  readonly baseCallsPerRequest: number | null;
  readonly headCallsPerRequest: number | null;
  readonly kind: FunctionKind;
  /**
   * On rows of code that is not the module's own: the nearest caller that is, along `path`. Absent where there is none.
   */
  readonly caller?: string;
  /**
   * On rows of the module's own code: own cost together with that of the runtime, of Go's library and of dependencies,
   * down to the next function of the module.
   */
  readonly withLibraries?: BySide<number>;
  /** Root to function. */
  readonly path: readonly string[];
  readonly changedInDiff: boolean;
  /**
   * On rows the change does not touch: `calls`, a function it calls itself is touched; `calledFrom`, the nearest caller
   * of the module's own code is (calls that Go's library or a dependency passes on are looked through).
   */
  readonly nearChange?: 'calls' | 'calledFrom';
  readonly movedTo: string | null;
  /** On counted rows: who calls it, per request, those that call it more or less often first; at most three. */
  readonly callers?: readonly CountedCalls[];
  /** On counted rows that are named for what they call: what they call more or less often; at most three. */
  readonly callees?: readonly CountedCalls[];
  /** Present when the row is named for what its callees spend: tell headCum − baseCum then, not its own delta. */
  readonly namedFor?: 'callees';
  /** Its figures are of requests of this name alone; absent: of all of the scenario's. */
  readonly route?: string;
}

/** `notJudged`: no function matches, or the samples cannot tell; that fails nothing. */
export type FunctionGateVerdict = 'regressed' | 'improved' | 'unchanged' | 'notJudged';

/** A limit of functions, and what came of it. */
export interface FunctionGateComparison {
  /** As the scenario has it. */
  readonly pattern: string;
  readonly profile: GatedKind;
  /** The smallest worsening of a function's own cost that fails. */
  readonly failRatio: number;
  readonly verdict: FunctionGateVerdict;
  readonly reason: string | null;
  /** Functions of base that match. */
  readonly matched: number;
  /** Of these at most five, those that fail first, then the most expensive. */
  readonly functions: readonly GatedFunction[];
}

export interface GatedFunction {
  readonly function: string;
  readonly unit: MetricUnit;
  /** Own cost, as in {@link FunctionComparison}. */
  readonly basePerRequest: number;
  readonly headPerRequest: number;
  /** head ÷ base − 1, with its 90 % interval. */
  readonly effectRatio: number;
  readonly ciRatio: readonly [number, number];
  /** Benjamini-Hochberg over the functions with a limit in this profile; null with too few samples to test. */
  readonly qValue: number | null;
  /** Where its cost came from, or went to: another cut of the same work, which fails nothing. */
  readonly movedTo: string | null;
  readonly verdict: FunctionGateVerdict;
}

/** Mean over launches, in the row's unit. */
export type Held = BySide<number>;

/** Where the function rows come from and what they explain of the regressed metric. */
export interface Attribution {
  /** `stored`: profiles of another time, whose functions are named without a metric that moved. */
  readonly source: 'exact' | 'explain' | 'judged' | 'stored';
  /** CPU samples per side behind the rows; null for exact counts. */
  readonly samples: BySide<number> | null;
  /** One sentence when no single function stands out. */
  readonly diffuse: string | null;
  /** The function rows name first: the head of the verdict sentence; null when none is certain. */
  readonly culprit: string | null;
  readonly warnings: readonly string[];
}

/** What a request's time under an execution trace is made of; pauses stop whoever runs, and are in the others besides. */
export const TRACED_PARTS = [
  'running',
  'scheduler',
  'GC assists',
  'system calls',
  'network',
  'locks',
  'channels and conditions',
  'sleep',
  'GC pauses',
] as const;
export type TracedPart = (typeof TRACED_PARTS)[number];

/** Launches under an execution trace, compared. Parts below a microsecond on both sides are left out. */
export interface TracedComparison {
  readonly launches: number;
  readonly requests: BySide<number>;
  readonly parts: readonly {
    readonly part: TracedPart;
    /** In ns, in the mean over launches. */
    readonly basePerRequest: number;
    readonly headPerRequest: number;
    /** Of the difference, 95 %, over launches; null: there is one. */
    readonly ciPerRequest: readonly [number, number] | null;
    /** More than chance makes of nine parts. */
    readonly isCertain: boolean;
  }[];
}

/** Whose code has the CPU. */
export const PERF_PLACES = ['Go', 'C', 'kernel'] as const;
export type PerfPlace = (typeof PERF_PLACES)[number];

/** Launches under Linux perf, compared. Its stacks have no inlined frames: nothing here is a figure of Go's own profiles. */
export interface PerfComparison {
  readonly launches: number;
  readonly samples: BySide<number>;
  readonly places: readonly PerfPlaceRow[];
  /** Certain to cost more or less: places, then single functions, the largest difference first; empty where CPU did not move. */
  readonly rows: readonly PerfRow[];
}

/** CPU per request, in ns, in the mean over launches. */
export interface PerfPlaceRow {
  readonly place: PerfPlace;
  readonly basePerRequest: number;
  readonly headPerRequest: number;
  /** Of the difference, 95 %, over launches; null: there is one. */
  readonly ciPerRequest: readonly [number, number] | null;
}

export interface PerfRow {
  readonly place: Exclude<PerfPlace, 'Go'>;
  /** null: all of the place that was called below. */
  readonly function: string | null;
  /** The Go function that called it, outside of runtime and system calls; null: not known. */
  readonly below: string | null;
  /** The module's function that most of it was called in; null: none was. */
  readonly calledIn: string | null;
  readonly basePerRequest: number;
  readonly headPerRequest: number;
  readonly qValue: number | null;
  readonly kind: 'regressed' | 'improved';
  /** Of a row without function: the one that has most of the difference; null: none has. */
  readonly mostly: string | null;
}

/** Goroutines that were still there, waiting, after their requests had been answered or lost; on head alone. */
export interface StuckGoroutines {
  /** Where they wait, outside of Go's library. */
  readonly function: string;
  readonly file: string;
  readonly line: number;
  /** What they wait for, in Go's words: `chan receive`. */
  readonly state: string;
  /** null: not known. */
  readonly startedBy: string | null;
  /** In so many launches together. */
  readonly count: number;
  readonly launches: number;
  /** Each has waited at least as long. */
  readonly seconds: number;
  /** Functions, innermost first. */
  readonly stack: readonly string[];
}

/** What a profile of waits holds besides the waits of requests: not counted in metric, table or graph. Per request, in ns. */
export interface WaitApartRow {
  readonly profile: CostKind;
  /** `server`: waits around requests, such as net/http for its background read; `background`: grows with the clock. */
  readonly whose: 'server' | 'background';
  /** Where it waits, or what holds the lock. */
  readonly function: string;
  readonly basePerRequest: number;
  readonly headPerRequest: number;
}

/** The worse of two verdicts. */
export const worstVerdict = (verdicts: readonly RunVerdict[]): RunVerdict =>
  VERDICTS.find((verdict) => verdicts.includes(verdict)) ?? 'unchanged';

export type { Side };
