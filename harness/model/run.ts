/**
 * A run as it was measured: raw counters and histograms, launch by launch. Everything later (comparison, report) is
 * computed from this value, so each step can be repeated alone from `run.json`.
 */
import type { Diagnosed } from './diagnosis.ts';
import type { ExactRun } from './exact.ts';
import type { ProfileKind } from './profile-kinds.ts';
import type { Scenario } from './scenario.ts';
import type { BySide, Side } from './side.ts';

export const RUN_SCHEMA_VERSION = 1;

export interface RunFile {
  readonly schemaVersion: typeof RUN_SCHEMA_VERSION;
  readonly godynoVersion: string;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly seed: number;
  readonly base: Revision;
  readonly head: Revision;
  readonly environment: Environment;
  /** What the change touches; empty when the sides are equal or no diff could be made. */
  readonly diff: readonly FileDiff[];
  /** Module requirement changes between the sides, from go.mod. */
  readonly moduleChanges: readonly ModuleChange[];
  /** What the two go.mod files say about Go itself; absent where the sides are one revision. */
  readonly goLines?: BySide<GoLines>;
  readonly runs: readonly ScenarioRun[];
  /** Until both sides' sources lay there and their difference was known; absent in runs from before this was kept. */
  readonly sourcesSeconds?: number;
  /** Scenarios of which base has nothing; absent when there are none. */
  readonly newOnHead?: readonly NewOnHead[];
  /** How it was started, so that it can be repeated; absent in runs from before this was kept. */
  readonly commandLine?: CommandLine;
}

/** Words of the command line that decide what is measured and judged. */
export interface CommandLine {
  /** Positional arguments as given; none means the default scenarios. */
  readonly args: readonly string[];
  /** Further flags that matter for the verdict, as words, without base, head and seed: `['--budget', '60s']`. */
  readonly flags: readonly string[];
  /** `--base` and `--head` as given; used where a side is not a commit (folder, baseline). */
  readonly base?: string;
  readonly head?: string;
}

/** Nothing to compare with yet. */
export interface NewOnHead {
  readonly scenario: string;
  /** What base does not have. */
  readonly reason: string;
  /** What one look at head gave, one phrase each. */
  readonly figures: readonly string[];
}

export interface Revision {
  /** Full commit, or `sha256:…` of a folder's content, or commit + `+dirty:` + content hash. */
  readonly revision: string;
  /** What people call it: branch, tag, short commit, folder. */
  readonly label: string;
  readonly kind: 'git' | 'worktree' | 'folder' | 'baseline';
}

/** Lines of the head's file that the change added or altered; `file` is relative to the module folder, `/`-separated. */
export interface FileDiff {
  readonly file: string;
  readonly status: 'added' | 'modified' | 'deleted' | 'renamed';
  readonly renamedFrom: string | null;
  /** Inclusive line ranges on the head side. */
  readonly headLines: readonly (readonly [number, number])[];
  /** Inclusive line ranges on the base side. */
  readonly baseLines: readonly (readonly [number, number])[];
}

export interface ModuleChange {
  readonly module: string;
  /** null: not required on that side. */
  readonly base: string | null;
  readonly head: string | null;
}

export interface GoLines {
  /** `1.22`; null: no such line. */
  readonly go: string | null;
  /** `go1.27.3`. */
  readonly toolchain: string | null;
  /** `asynctimerchan=1`, in the order of the file. */
  readonly godebug: readonly string[];
}

/** The machine and tools of a run; a stored baseline of another environment is only partly comparable. */
export interface Environment {
  readonly os: string;
  readonly arch: string;
  readonly kernel: string;
  readonly cpuModel: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly nodeVersion: string;
  /** `github-actions`, `gitlab`, … or null when not in CI. */
  readonly ci: string | null;
  /** Loader engine, e.g. `autocannon 9.0.0`. */
  readonly loader: string;
  /** sha256 (hex, 16 digits) over what makes CPU figures comparable: os, arch, cpuModel, cpus. */
  readonly fingerprint: string;
}

/** CPUs of one launch at a time. */
export interface LaneCpus {
  /** Of both services. */
  readonly targetCpus: readonly number[];
  /** Of the loader, and of links while services are measured. */
  readonly loaderCpus: readonly number[];
}

export type CpuSource = 'schedstat' | 'cgroup' | 'rusage';

/** How this scenario was run; equal for both sides by construction. */
export interface RunSettings {
  readonly mode: 'together' | 'alternate';
  /** Whether the sides share one pinned CPU apart from the loader; when not, CPU and latency are not judged. */
  readonly pinned: boolean;
  /** Why not pinned, in words; null when pinned. */
  readonly unpinnedReason: string | null;
  /** Of the first lane. */
  readonly targetCpus: readonly number[];
  readonly loaderCpus: readonly number[];
  /** Where launches went several at a time: the CPUs of each, the first lane's among them. Absent: one at a time. */
  readonly lanes?: readonly LaneCpus[];
  readonly cpuSource: CpuSource;
  readonly gomaxprocs: number;
  readonly gogc: string;
  readonly gomemlimit: string;
  readonly inFlight: number;
  /** Open-model rate per side in the latency phase; null when there was none. */
  readonly latencyRatePerSecond: number | null;
}

export interface ScenarioRun {
  readonly scenario: Scenario;
  readonly settings: RunSettings;
  readonly builds: BySide<BuildInfo>;
  readonly launches: readonly Launch[];
  readonly timing: RunTiming;
  /** Why measuring ended. */
  readonly stop: StopReason;
  /** Set when the measurement is not worth judging; `side` when it is one side's doing. */
  readonly invalid: InvalidRun | null;
  /** How the base was found or had; absent where somebody named it, and in runs from before this was kept. */
  readonly baseFound?: string;
  /** Said once in the report: fallbacks taken, things that could not be had. */
  readonly notes: readonly string[];
  /** What was captured to explain what moved, and what was not; absent where nothing moved, and in older runs. */
  readonly diagnosis?: readonly Diagnosed[];
  /** Instructions counted under emulation; absent where exact mode did not run. */
  readonly exact?: ExactRun;
  /** What both sides answered to the same requests, by name; absent where nobody looked. */
  readonly answers?: readonly RouteAnswers[];
  /** The first failed requests of each name and side, warm-up included; absent when all went well. */
  readonly failedRequests?: readonly FailedRequest[];
}

/** Looks at the answers of one request name, outside of what is measured. */
export interface RouteAnswers {
  readonly route: string;
  /** The same request to both sides. */
  readonly compared: number;
  /** Answered with another status, or another body (dates, numbers, ids and random tokens aside). */
  readonly differing: number;
  readonly otherStatus: number;
  /** Head's answer lacks most of what base's says. */
  readonly lost: number;
  /** Base's answer lacks most of what head's says. */
  readonly gained: number;
  /** The same request to the same side in two launches. */
  readonly repeated: number;
  /** Of those, answered differently. */
  readonly varying: number;
  /** Of those, with most of the other answer missing. */
  readonly unsteady: number;
  /** The first that differs, one that lost its content before others; null where none does. */
  readonly first: {
    /** The request line as it was sent. */
    readonly request: string;
    readonly base: AnswerSample;
    readonly head: AnswerSample;
  } | null;
}

/** An answer, its text bounded. */
export interface AnswerSample {
  readonly status: number;
  readonly bytes: number;
  /** The beginning of its body, unpacked; null when there was none. */
  readonly body: string | null;
}

/** What became of one failed request. All texts come from the service and are bounded. */
export interface FailedRequest {
  readonly side: Side;
  readonly route: string;
  readonly kind: 'answered' | 'lost' | 'timedOut';
  /** null: no answer had begun. */
  readonly status: number | null;
  /** The request line as it was sent. */
  readonly request: string;
  /** Such as `status 302 to /login` or `the connection was reset (ECONNRESET)`. */
  readonly how: string;
  /** The beginning of the answer's body, unpacked; null when there was none. */
  readonly body: string | null;
}

export type StopReason = 'decided' | 'launches' | 'budget' | 'invalid' | 'recorded';

export interface InvalidRun {
  readonly code:
    | 'unequal-requests'
    | 'restarted'
    | 'unequal-settings'
    | 'discarded-pairs'
    | 'errors-on-base'
    | 'errors-on-both'
    | 'target-died'
    | 'nothing-measured'
    | 'not-counted';
  readonly message: string;
  readonly side: Side | null;
}

export interface RunTiming {
  /** Until the first pair of binaries stood ready. */
  readonly buildSeconds: number;
  /** Wall clock after the builds. */
  readonly measureSeconds: number;
  /** Inside windows that are judged, added up over lanes. */
  readonly judgedSeconds: number;
  /** Launches that waited for their links. */
  readonly linkWaitSeconds: number;
  /** From its sources to its last launch, with what is not part of the budget; absent in older runs, as are the next. */
  readonly wholeSeconds?: number;
  /** Exact mode without its builds; 0: it did not run. */
  readonly exactSeconds?: number;
  /** Builds for exact mode; not part of the budget. */
  readonly exactBuildSeconds?: number;
  /** Waiting for services to stop; not part of the budget. */
  readonly stopSeconds?: number;
}

export interface BuildInfo {
  readonly package: string;
  readonly importPath: string;
  /** Module path, `''` outside a module. */
  readonly modulePath: string;
  /** Absolute module folder of the build; frames are trimmed of it. */
  readonly moduleDir: string;
  readonly goVersion: string;
  readonly buildFlags: readonly string[];
  /** From the binary's build info: `DefaultGODEBUG`, `-tags`, `CGO_ENABLED`, … */
  readonly settings: Readonly<Record<string, string>>;
  readonly binaryBytes: number;
  readonly seededLinks: boolean;
  /** Why every launch has one layout (Go before 1.23); null when seeded. */
  readonly unseededReason: string | null;
  readonly linkSeconds: readonly number[];
}

/**
 * `judged` launches decide cost and contention, `latency` ones decide latency, the others only explain or confirm.
 */
export type Stage = 'judged' | 'latency' | 'exact' | 'explain' | 'growth' | 'capture' | 'trace' | 'routes' | 'perf';

export interface Launch {
  readonly index: number;
  /** From 1; launches of different lanes may have run at the same time. Absent in runs from before there were lanes. */
  readonly lane?: number;
  readonly stage: Stage;
  /** The only request name that was sent; absent: all of the scenario's. */
  readonly route?: string;
  readonly linkSeed: number | null;
  readonly firstSide: Side;
  readonly startSeconds: number;
  readonly warmup: WarmUp;
  readonly wallSeconds: number;
  /** Wall clock from the builds to where its services were stopped; absent in runs from before this was kept. */
  readonly endedSeconds?: number;
  readonly pairs: readonly Pair[];
  readonly sides: BySide<LaunchSide>;
}

export interface WarmUp {
  readonly seconds: number;
  readonly requests: number;
  /** GC cycles seen per side, forced ones included. */
  readonly gcCycles: BySide<number>;
}

export type Phase = 'cost' | 'contention' | 'latency';

export interface Pair {
  readonly index: number;
  readonly phase: Phase;
  /** The only request name that was sent; absent: all of the scenario's, in their shares. */
  readonly route?: string;
  /** Why it is left out of every estimate (recorded before anything is compared); null when it counts. */
  readonly discarded: string | null;
  readonly wallSeconds: number;
  readonly host: HostWindow;
  readonly loader: LoaderWindow;
  readonly base: Window;
  readonly head: Window;
}

/** What else the machine did during a pair; shown, and the reason of a discard. */
export interface HostWindow {
  /** Share of all CPU time stolen by the hypervisor; absent without /proc/stat. */
  readonly stealRatio?: number;
  /** CPUs kept busy by programs that are not ours. */
  readonly foreignCpus?: number;
}

/** How well the load generator did its own job during a pair. */
export interface LoaderWindow {
  readonly eventLoopRatio: number;
  readonly cpuNs: number;
  readonly runDelayNs?: number;
  /** Planned → sent, over both sides; latency phase only. */
  readonly lagP50Us?: number;
  readonly lagP99Us?: number;
}

export interface Window {
  readonly planned: number;
  readonly answered: number;
  /** The connection ended before an answer. */
  readonly lost: number;
  readonly timedOut: number;
  /** Answered with a status the scenario does not expect. */
  readonly failed: number;
  /** status → count, e.g. `{ "500": 3 }`; only unexpected ones. */
  readonly failedStatus: Readonly<Record<string, number>>;
  readonly counters: WindowCounters;
  /** Over all routes. */
  readonly service: LatencySummary | null;
  readonly response: LatencySummary | null;
  readonly routes: readonly RouteWindow[];
}

/** Differences between a window's two edges; absent where this machine or Go version has no such counter. */
export interface WindowCounters {
  readonly cpuNs?: number;
  /** rusage of the process, as cross-check of `cpuNs`. */
  readonly rusageCpuNs?: number;
  /**
   * Held by `cpuNs` beside what the kernel counted: the next collection as far as this window's allocations make it due,
   * less what was due when the window began.
   */
  readonly gcOwedNs?: number;
  readonly runDelayNs?: number;
  readonly mallocs?: number;
  readonly allocBytes?: number;
  readonly gcCycles?: number;
  readonly gcPauseNs?: number;
  /** Of all goroutines, by the runtime. */
  readonly mutexWaitNs?: number;
  /** Below the frame of a request; in runs from before the next two were kept, with what the server waits for itself. */
  readonly blockWaitNs?: number;
  /** Contention slice only: blocked time of handlers and of the goroutines they started. */
  readonly requestBlockNs?: number;
  /** The part of it that waits for a `sync.Mutex` or `RWMutex`. */
  readonly requestLockNs?: number;
  readonly voluntarySwitches?: number;
  readonly involuntarySwitches?: number;
  readonly minorFaults?: number;
  readonly majorFaults?: number;
  /** Highest number of goroutines seen at the window's probes. */
  readonly goroutinesPeak?: number;
}

export interface RouteWindow {
  readonly route: string;
  readonly answered: number;
  /** Sent → end of answer. */
  readonly service: LatencySummary | null;
  /** Planned → end of answer; latency phase only. */
  readonly response: LatencySummary | null;
  /** Planned → sent; latency phase only. */
  readonly lag: LatencySummary | null;
}

/** Microseconds; `histogram` is HdrHistogram V2, compressed, base64, unit µs. */
export interface LatencySummary {
  readonly count: number;
  readonly meanUs: number;
  readonly p50Us: number;
  readonly p90Us: number;
  readonly p99Us: number;
  readonly maxUs: number;
  readonly histogram: string;
}

export interface LaunchSide {
  readonly pid: number;
  /** Between the GC after warm-up and the GC after the last window of the launch. */
  readonly growth: Growth | null;
  readonly peakRssBytes?: number;
  /** kind → where the bytes are. Cumulative kinds (`allocs`, `mutex`, `block`) carry the snapshot to subtract. */
  readonly profiles: Partial<Readonly<Record<ProfileKind, ProfileRef>>>;
  /** Totals over exactly the span the CPU profile covers. */
  readonly profiled: { readonly requests: number; readonly cpuNs?: number };
  /** What requests left behind; absent where goroutines did not grow on either side, and where nobody could look. */
  readonly left?: GoroutinesLeft;
  /** Of a launch under an execution trace; absent of others, and where nothing can be said by it. */
  readonly traced?: TracedTime;
}

/** A launch's traced requests. */
export interface TracedTime {
  readonly requests: number;
  /** Time of all of them by what it was spent on, in the words of the wall profile's label `state`. */
  readonly spentNs: Readonly<Record<string, number>>;
  /** In which the world stood still, whoever ran. */
  readonly pausedNs: number;
}

/** Two censuses of goroutines with no request in flight, compared. */
export interface GoroutinesLeft {
  /** Between the two: what was there both times has waited at least as long. */
  readonly seconds: number;
  readonly stacks: readonly LeftBehind[];
}

/** Goroutines of one stack, of which there were more in the later census, some of them in both. */
export interface LeftBehind {
  /** What they wait for, in Go's words: `chan receive`. */
  readonly state: string;
  /** Of one of them, innermost first. */
  readonly frames: readonly TextFrame[];
  /** null: the main goroutine. */
  readonly createdBy: TextFrame | null;
  /** In the later census. */
  readonly count: number;
  /** More than in the earlier one. */
  readonly gained: number;
  /** There in both, by their ids. */
  readonly stayed: number;
  /** The most that Go says of one of them, in whole minutes. */
  readonly waitMinutes: number;
}

/** A frame as Go's tracebacks write it. */
export interface TextFrame {
  readonly function: string;
  /** As the binary names it. */
  readonly file: string;
  readonly line: number;
}

export interface Growth {
  readonly requests: number;
  readonly liveHeapBytesStart: number;
  readonly liveHeapBytesEnd: number;
  readonly liveObjectsStart: number;
  readonly liveObjectsEnd: number;
  readonly goroutinesStart: number;
  readonly goroutinesEnd: number;
  /** GC's CPU estimate of the runtime between the two GCs. */
  readonly gcCpuNs?: number;
  readonly gcCycles?: number;
}

/** Paths are relative to the run's output folder. */
export interface ProfileRef {
  readonly file: string;
  /** Earlier snapshot of a cumulative profile; the profile of the span is `file − before`. */
  readonly before: string | null;
  /** Requests completed in the span. */
  readonly requests: number;
}
