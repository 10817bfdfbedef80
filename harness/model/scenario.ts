/**
 * A scenario with every default filled in: the target, its load, what to measure, its gates.
 * `harness/scenario` makes it from YAML; the documented reference is generated from that schema.
 * Strings may still hold `${…}` placeholders; `harness/scenario` names them, `target` and `load` fill them in.
 */
import type { TlsSpec } from './endpoint.ts';
import type { GatedKind } from './profile-kinds.ts';
import { type BySide, type Side, SIDES } from './side.ts';

export type HttpMethod = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS';

/** One program to run before the target starts; `args` may hold `${binary}`, `${port}`, `${tmp}`. */
export interface SetupCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutSeconds: number;
}

/** One command that makes files before the build, in the module folder of each side. */
export interface GenerateCommand extends SetupCommand {
  /** Globs, relative to the module folder: what the command reads. Empty: its outputs are not kept. */
  readonly inputs: readonly string[];
  /** Globs, relative to the module folder: what it makes. */
  readonly outputs: readonly string[];
}

export interface ReadyCheck {
  readonly method: HttpMethod;
  readonly path: string;
  readonly timeoutSeconds: number;
  /** Where it is asked; absent: where the load goes. */
  readonly at?: ReadyPlace;
  /** A connection that is taken is enough, and nothing is asked; absent: the request is to be answered 2xx. */
  readonly connects?: true;
}

/** A port or a unix socket beside the one of the load. */
export interface ReadyPlace {
  /** `${port.admin}`, or a port that the service insists on. */
  readonly port?: string;
  readonly socket?: string;
  /** It speaks TLS there; absent: plain HTTP. */
  readonly tls?: true;
}

/** `GET /healthz`, `GET /healthz at ${port.admin}`, `a connection to ${port}`: for people. */
export const readyText = ({ method, path, at, connects }: ReadyCheck): string => {
  const place = at?.socket ?? at?.port;
  if (connects === true) return `a connection to ${place ?? '${port}'}`;
  return place === undefined ? `${method} ${path}` : `${method} ${path} at ${place}`;
};

/** Ports of ready checks that the service insists on. */
export const fixedReadyPorts = ({ target }: Scenario): readonly number[] => [
  ...new Set(SIDES.map((side) => Number(targetOf(target, side).ready.at?.port)).filter(Number.isInteger)),
];

export interface TargetSpec {
  /** Go main package, relative to the module folder, e.g. `./cmd/server`. */
  readonly package: string;
  /** Module folder relative to the repository root or given folder; `.` when it is the root. */
  readonly module: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Extra flags for `go build`, e.g. `['-tags', 'sqlite']`. */
  readonly buildFlags: readonly string[];
  /** Extra environment for `go build`. */
  readonly buildEnv: Readonly<Record<string, string>>;
  /** Which Go builds a side: a release (`go1.27.3`) or the path of a GOROOT or go program; absent: the user's own. */
  readonly go?: Partial<BySide<string>>;
  readonly generate: readonly GenerateCommand[];
  /** Globs of files that git ignores, relative to the module folder; carried from the working tree to both sides. */
  readonly include: readonly string[];
  /** Working folder of the service, relative to the module folder of its side; may hold placeholders. */
  readonly cwd: string;
  /** The service sees the user's own home folder; absent: an empty one of its side's own. */
  readonly home?: 'user';
  /** Absolute folders of which each side has an empty one of its own; absent: none. */
  readonly private?: readonly string[];
  /** Names of further ports, from the `${port.name}` that the scenario uses. */
  readonly ports: readonly string[];
  readonly setup: readonly SetupCommand[];
  /** Commands after readiness, before anything is measured. */
  readonly seed: readonly SetupCommand[];
  readonly ready: ReadyCheck;
  readonly stopTimeoutSeconds: number;
  /** CPUs the two services share; 1 is the method, more is the scenario's choice with wider limits. */
  readonly cpus: number;
  readonly gogc: string;
  readonly gomemlimit: string;
  /** `together`: both sides alive at once (the duet); `alternate`: one after the other; `auto`: together, else alternate. */
  readonly sides: 'auto' | 'together' | 'alternate';
  /** It speaks TLS; absent: plain HTTP. */
  readonly tls?: TlsSpec;
  /** The unix socket on which it listens, with placeholders; absent: a port. */
  readonly socket?: string;
  /** What base or head alone has; absent: both are alike. */
  readonly own?: Partial<BySide<SideSpec>>;
  /** The one port a service insists on, moved where both sides live at once. null: `${port}` is chosen anew. */
  readonly port: number | null;
}

/** What one side has of its own: `env` on top of the common one, everything else in place of it. */
export interface SideSpec
  extends Partial<Pick<TargetSpec, 'package' | 'args' | 'env' | 'cwd' | 'generate' | 'setup' | 'seed' | 'ready'>> {
  readonly prepare?: readonly PrepareRequest[];
}

/** The target as one side has it. */
export const targetOf = (target: TargetSpec, side: Side): TargetSpec => {
  const { own, ...common } = target;
  const { prepare: _requests, ...mine } = own?.[side] ?? {};
  return { ...common, ...mine, env: { ...common.env, ...mine.env } };
};

/** The requests sent to one side before the load. */
export const prepareOf = ({ target, load }: Scenario, side: Side): readonly PrepareRequest[] =>
  (target.own?.[side]?.prepare ?? load.prepare).filter((request) => (request.side ?? side) === side);

export interface StatusRange {
  readonly from: number;
  readonly to: number;
}

/** Bytes of a body that are sent as they are. */
export interface BodyBytes {
  readonly base64: string;
}

/** A text to fill in, or several pieces one after the other. */
export type RequestBody = string | readonly (string | BodyBytes)[];

/**
 * Where in an answer a value is: a JSON path such as `$.items[0].id`, or a source and, on top of it, a regular expression
 * whose first group is taken.
 */
export type Capture =
  | string
  | { readonly json: string; readonly regex?: string }
  | { readonly header: string; readonly regex?: string }
  | { readonly cookie: string; readonly regex?: string }
  | { readonly regex: string };

/** What a body must hold to be a good answer. */
export interface BodyExpectation {
  /** Texts that are all in it. */
  readonly contains?: readonly string[];
  /** A regular expression. */
  readonly matches?: string;
  /** JSON path → the JSON text of the value there; numbers count to the last digit. */
  readonly json?: Readonly<Record<string, string>>;
}

export interface RequestSpec {
  readonly name: string;
  readonly weight: number;
  readonly method: HttpMethod;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: RequestBody | null;
  readonly expect: {
    /** Accepted status codes; inclusive ranges. */
    readonly status: readonly StatusRange[];
    /** Absent: bodies are not looked at. */
    readonly body?: BodyExpectation;
  };
  /** It is sent without the user's cookies; absent: with them. */
  readonly cookies?: false;
  /** name → what to take out of the answer for later `${name}`. */
  readonly capture?: Readonly<Record<string, Capture>>;
}

/** A request sent after readiness, once for each user; `capture` takes values out of its answer for later `${name}`. */
export interface PrepareRequest extends RequestSpec {
  readonly capture: Readonly<Record<string, Capture>>;
  readonly repeat: number;
  /** Sent for the first user only; what it captures, all users know. */
  readonly once?: true;
  /** Sent to this side alone; absent: to both. */
  readonly side?: Side;
  /** A redirect is followed, and the last answer is the one that counts. */
  readonly followRedirects?: true;
}

/** Rows for `${data.column}`; drawn by the seeded schedule, the same row for both sides. */
export interface DataTable {
  readonly file: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export interface LoadSpec {
  readonly requests: readonly RequestSpec[];
  readonly prepare: readonly PrepareRequest[];
  readonly data: DataTable | null;
  /** Couples in flight at once in the cost phase. */
  readonly inFlight: number;
  readonly timeoutSeconds: number;
  /** Users that take turns, each with its own captured values and cookies; absent: one. */
  readonly users?: number;
  /**
   * Absent: users that `prepare` left with cookies keep them as browsers do, others have none. `all`: others, too.
   * `prepare`: answers under load change nothing.
   */
  readonly cookies?: 'all' | 'prepare' | 'off';
  /** Open-model phase: a rate per side, `auto` (40 % of the measured couples rate) or none. */
  readonly latency: { readonly ratePerSecond: number } | 'auto' | null;
}

export type ExactMode = 'auto' | 'always' | 'only' | 'off';

/** Whether each request name is measured by itself: `auto`, where something moved and nothing else says in which name. */
/** Launches under an execution trace: where latency moved, whatever moved, never. */
export type TraceMode = 'auto' | 'always' | 'off';

export type RoutesMode = 'auto' | 'always' | 'off';

/** Launches under Linux perf: where CPU regressed in C or the kernel, whatever moved, never. */
export type PerfMode = 'auto' | 'always' | 'off';

export interface MeasureSpec {
  /** Wall clock for this scenario after its builds, in seconds. */
  readonly budgetSeconds: number;
  /** Tight mode: τ/Δ 0.5/1 % instead of 1/2 % for CPU, looks up to 80 launches. */
  readonly tight: boolean;
  readonly exact: ExactMode;
  /** Launches at the same time, as far as there are CPUs; absent: two where nothing speaks against it. */
  readonly lanes?: 1 | 2;
  /** Absent: `auto`. */
  readonly routes?: Exclude<RoutesMode, 'auto'>;
  /** Absent: `auto`. */
  readonly trace?: Exclude<TraceMode, 'auto'>;
  /** Absent: `auto`. */
  readonly perf?: Exclude<PerfMode, 'auto'>;
  /** Labels of the service's own (pprof.Do) by which its costs are told; absent: none. */
  readonly labels?: readonly string[];
  /** Unjudged full-speed pass that names functions after a CPU gate fired. */
  readonly explain: boolean;
}

/** A regression of at least `failRatio` (or `failAbsolute` in the metric's unit) fails the run; both null: the default. */
export interface GateLimit {
  readonly failRatio: number | null;
  readonly failAbsolute: number | null;
}

/** A gate the scenario names. */
export interface GateSpec extends GateLimit {
  /** Instead, where two versions of Go have built the sides; false: it does not fail then. Absent: the same limit. */
  readonly toolchain?: GateLimit | false;
}

/** A limit of functions: one of them that costs at least `failRatio` more itself fails the run. */
export interface FunctionGate {
  /** A canonical name; `*` stands for any text, in `(*T)` for itself. */
  readonly pattern: string;
  readonly profile: GatedKind;
  readonly failRatio: number;
}

export interface Scenario {
  readonly name: string;
  readonly description: string | null;
  /** The path it was read from, for messages. */
  readonly file: string;
  /** sha256 (hex) over everything that decides what is measured: target, load, data; not budget or gates. */
  readonly digest: string;
  readonly target: TargetSpec;
  readonly load: LoadSpec;
  readonly measure: MeasureSpec;
  /** Metric id → refined gate, `true` (default limits, required) or `false` (removed). Unnamed: the defaults of docs/method.md. */
  readonly gates: Readonly<Record<string, GateSpec | boolean>>;
  /** Absent: no function has a limit. */
  readonly functionGates?: readonly FunctionGate[];
}
