/** What the harness and the loader process say to each other, and the parsers of what arrives. */
import type { Cookie } from './cookies.ts';
import type {
  BySide,
  DataTable,
  Endpoint,
  FailedRequest,
  LoaderWindow,
  LoadSpec,
  Replies,
  RequestSpec,
  RouteAnswers,
  Side,
  Window,
} from '../../model/index.ts';

/** What one user has of its own after `prepare`. */
export interface LoadUser {
  /** What was captured. */
  readonly values: Readonly<Record<string, string>>;
  readonly cookies: readonly Cookie[];
}

export interface LoadTarget extends Endpoint {
  /** Values of this side's placeholders, such as `tmp`. `port`, `n` and `user` are known without. */
  readonly values: Readonly<Record<string, string>>;
  /** They take turns by the request's number; left out: one who has nothing of its own. */
  readonly users?: readonly LoadUser[];
}

/** One target (measured alternately, or counted exactly) or both. */
export type LoadTargets = Partial<BySide<LoadTarget>>;

/** What to send; equal for both sides and, seed included, for all launches of a run. */
export interface LoadPlan {
  readonly seed: number;
  /** Decides which side is connected first, together with the seed. */
  readonly launch: number;
  readonly requests: readonly RequestSpec[];
  readonly data: DataTable | null;
  readonly timeoutSeconds: number;
  /** As the scenario has it. */
  readonly cookies?: LoadSpec['cookies'];
  /** Connections per side opened at once; the latency phase may add to them. */
  readonly connections: number;
}

/** `seconds` starts requests for that long, `count` exactly that many per side; at least one of them. */
export interface Extent {
  /** Number of the first request in the schedule. */
  readonly first: number;
  readonly count?: number;
  readonly seconds?: number;
  /** Place in the plan of the only request that is sent; left out: those of the schedule. */
  readonly route?: number;
}

export interface ClosedLoop extends Extent {
  readonly inFlight: number;
}

export interface SingleLoop extends ClosedLoop {
  readonly side: Side;
  /** Between an answer and the next request on its connection; left out: none. */
  readonly pauseMs?: number;
  /** Compare what is answered, too; left out, bodies are dropped, since reading them costs the loader time. */
  readonly replies?: 'read';
}

/** A look at what is answered, outside of what is measured: a few requests of every name, one at a time. */
export interface AnswersLoop {
  /** The first number that may be sent. */
  readonly first: number;
  readonly perRoute: number;
  /** No request is started later. */
  readonly seconds: number;
  /** One side alone; both when left out. */
  readonly side?: Side;
}

export interface OpenLoop extends Pick<Extent, 'first' | 'route'> {
  readonly seconds: number;
  /** Per side. */
  readonly ratePerSecond: number;
}

/** A window as the loader knows it: without the target's counters. */
export type WindowLoad = Omit<Window, 'counters'>;

interface WindowEnd {
  /** Number of the next request of the schedule. */
  readonly next: number;
  /** First send to last answer. */
  readonly wallSeconds: number;
  readonly loader: LoaderWindow;
  /** Why the window ended before its extent; null when it did not. All counts are exact either way. */
  readonly cutShort: string | null;
}

export interface PairLoad extends WindowEnd {
  readonly base: WindowLoad;
  readonly head: WindowLoad;
}

export interface SingleLoad extends WindowEnd {
  readonly window: WindowLoad;
  /** In the order in which they ended: that of the schedule with one request in flight. Null where bodies were dropped. */
  readonly replies: Replies | null;
}

/** Both shapes as they travel. */
export interface LoadResult extends WindowEnd {
  readonly sides: Partial<BySide<WindowLoad>>;
  readonly replies?: Replies;
  readonly failedRequests?: readonly FailedRequest[];
  /** All that was compared so far, after a look. */
  readonly answers?: readonly RouteAnswers[];
}

export type LoaderCommand =
  | { readonly kind: 'attach'; readonly targets: LoadTargets; readonly plan: LoadPlan }
  | { readonly kind: 'detach' }
  | { readonly kind: 'couples'; readonly loop: ClosedLoop }
  | { readonly kind: 'contention'; readonly loop: ClosedLoop }
  | { readonly kind: 'latency'; readonly loop: OpenLoop }
  | { readonly kind: 'single'; readonly loop: SingleLoop }
  | { readonly kind: 'answers'; readonly loop: AnswersLoop };

export interface Order {
  readonly id: number;
  readonly command: LoaderCommand;
}

export interface LoaderFailure {
  readonly type: 'usage' | 'start' | 'invalid' | 'internal';
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

export type LoaderReply =
  | { readonly id: number; readonly kind: 'done'; readonly result: LoadResult | null }
  | { readonly id: number; readonly kind: 'failed'; readonly failure: LoaderFailure };

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

const KINDS: ReadonlySet<unknown> = new Set([
  'attach',
  'detach',
  'couples',
  'contention',
  'latency',
  'single',
  'answers',
]);

/** An order of our own harness, or undefined for anything else on the channel. */
export const parseOrder = (message: unknown): Order | undefined => {
  if (!isObject(message) || typeof message['id'] !== 'number') return undefined;
  const command = message['command'];
  return isObject(command) && KINDS.has(command['kind']) ? (message as unknown as Order) : undefined;
};

const isWindow = (value: unknown): boolean =>
  isObject(value) &&
  ['planned', 'answered', 'lost', 'timedOut', 'failed'].every((key) => typeof value[key] === 'number') &&
  Array.isArray(value['routes']);

const isReplies = (value: unknown): boolean =>
  isObject(value) && ['route', 'status', 'bytes', 'masked'].every((key) => Array.isArray(value[key]));

const isResult = (value: unknown): boolean =>
  isObject(value) &&
  typeof value['next'] === 'number' &&
  typeof value['wallSeconds'] === 'number' &&
  isObject(value['loader']) &&
  isObject(value['sides']) &&
  Object.values(value['sides']).every(isWindow) &&
  (value['replies'] === undefined || isReplies(value['replies'])) &&
  (value['failedRequests'] === undefined || Array.isArray(value['failedRequests'])) &&
  (value['answers'] === undefined || Array.isArray(value['answers']));

const isFailure = (value: unknown): boolean =>
  isObject(value) && ['type', 'code', 'message', 'hint'].every((key) => typeof value[key] === 'string');

/** The loader's answer, or undefined for anything else on the channel. */
export const parseAnswer = (message: unknown): LoaderReply | undefined => {
  if (!isObject(message) || typeof message['id'] !== 'number') return undefined;
  const { kind, result, failure } = message;
  if (kind === 'done' && (result === null || isResult(result))) return message as unknown as LoaderReply;
  if (kind === 'failed' && isFailure(failure)) return message as unknown as LoaderReply;
  return undefined;
};
