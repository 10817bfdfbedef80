/** The harness's handle on the loader process. */
import { tmpdir } from 'node:os';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  GodynoError,
  InternalError,
  InterruptedError,
  InvalidMeasurementError,
  TargetStartError,
  UsageError,
} from '../errors.ts';
import type { FailedRequest, RouteAnswers, Side } from '../model/index.ts';
import { type RunningProcess, startProcess } from '../process/index.ts';
import {
  type AnswersLoop,
  type ClosedLoop,
  type LoaderCommand,
  type LoaderFailure,
  type LoadPlan,
  type LoadResult,
  type LoadTargets,
  type OpenLoop,
  type PairLoad,
  parseAnswer,
  type SingleLoad,
  type SingleLoop,
  type WindowLoad,
} from './plan/messages.ts';

export interface LoaderSpec {
  /** CPUs it is bound to; null: not bound. */
  readonly cpus: readonly number[] | null;
  /** Aborting it kills the loader and rejects whatever is under way. */
  readonly signal: AbortSignal;
  /** Where its own output goes; it prints nothing unless it breaks. */
  readonly logFile?: string;
}

/** One window at a time. Every method rejects with the abort's reason, or `LOADER_DIED` when the process ended. */
export interface Loader {
  readonly pid: number;
  /**
   * Connects to the targets of a launch; an earlier attachment is detached first. Throws `SEAM_BROKEN`,
   * `TARGET_UNREACHABLE`, `PLACEHOLDER_UNKNOWN`, `REQUEST_LINE_BREAK`, `WEIGHT_INVALID`.
   */
  readonly attach: (attachment: { readonly targets: LoadTargets; readonly plan: LoadPlan }) => Promise<void>;
  /** Closes all connections. Call it before the targets are stopped. */
  readonly detach: () => Promise<void>;
  /** Cost phase. Windows throw `TARGET_GONE` and `TARGET_CLOSES_CONNECTIONS`. */
  readonly couples: (loop: ClosedLoop) => Promise<PairLoad>;
  /** Contention slice: `inFlight` per side, each side going on by itself over the same requests. */
  readonly contention: (loop: ClosedLoop) => Promise<PairLoad>;
  /** Latency phase, open model. */
  readonly latency: (loop: OpenLoop) => Promise<PairLoad>;
  /** One side alone, in the order of the schedule. */
  readonly single: (loop: SingleLoop) => Promise<SingleLoad>;
  /** A look at the answers of both sides, or of one; returns the number after the last one sent. */
  readonly answers: (loop: AnswersLoop) => Promise<number>;
  /** What all looks so far say; null before the first. */
  readonly comparedAnswers: () => readonly RouteAnswers[] | null;
  /** What the first failed requests of each name and side met, over all attachments. */
  readonly failedRequests: () => readonly FailedRequest[];
  /** Idempotent. */
  readonly stop: () => Promise<void>;
}

/** This module's own file ending: `.ts` in the source tree, `.js` in the package. */
const MAIN = fileURLToPath(new URL(`loader-main${extname(new URL(import.meta.url).pathname)}`, import.meta.url));

const STOP_GRACE_SECONDS = 1;

const ERRORS = { usage: UsageError, start: TargetStartError, invalid: InvalidMeasurementError } as const;

const errorOf = ({ type, code, message, hint }: LoaderFailure): GodynoError =>
  type === 'internal' ? new InternalError(code, message) : new ERRORS[type](code, message, hint);

const diedError = (child: RunningProcess): InvalidMeasurementError =>
  new InvalidMeasurementError(
    'LOADER_DIED',
    `The load generator (process ${child.pid}) ended by itself. Its last output: ${child.tail().trim().slice(-500) || 'none'}`,
    'Was it killed because memory ran out? Otherwise it is a mistake in godyno; please report it.',
  );

const abortReason = (signal: AbortSignal): GodynoError =>
  signal.reason instanceof GodynoError ? signal.reason : new InterruptedError();

const windowOf = (result: LoadResult, side: Side): WindowLoad => {
  const window = result.sides[side];
  if (window !== undefined) return window;
  throw new InternalError('SIDE_NOT_ATTACHED', `The load generator has no ${side} target to send requests to`);
};

const endOf = ({ next, wallSeconds, loader, cutShort }: LoadResult) => ({ next, wallSeconds, loader, cutShort });

type Ask = (command: LoaderCommand) => Promise<LoadResult | null>;

interface Waiting {
  readonly resolve: (result: LoadResult | null) => void;
  readonly reject: (error: unknown) => void;
}

const channelTo = (child: RunningProcess, signal: AbortSignal): Ask => {
  const waiting = new Map<number, Waiting>();
  let lastId = 0;
  let ended: (() => GodynoError) | undefined;
  child.onMessage((message) => {
    const answer = parseAnswer(message);
    if (answer === undefined) return;
    const asker = waiting.get(answer.id);
    waiting.delete(answer.id);
    if (answer.kind === 'done') asker?.resolve(answer.result);
    else asker?.reject(errorOf(answer.failure));
  });
  void child.exited.then(() => {
    ended = () => (signal.aborted ? abortReason(signal) : diedError(child));
    for (const asker of waiting.values()) asker.reject(ended());
    waiting.clear();
  });
  return async (command) => {
    if (ended !== undefined) throw ended();
    const id = ++lastId;
    return new Promise((resolve, reject) => {
      waiting.set(id, { resolve, reject });
      // A broken channel means that the process is ending; its exit rejects with the better message.
      child.send({ id, command }).catch(() => undefined);
    });
  };
};

const requireResult = (result: LoadResult | null): LoadResult => {
  if (result !== null) return result;
  throw new InternalError('LOADER_SILENT', 'The load generator gave no window');
};

const pairOf = (result: LoadResult): PairLoad => ({
  ...endOf(result),
  base: windowOf(result, 'base'),
  head: windowOf(result, 'head'),
});

/** Starts the load generator's process. Throws what `startProcess` throws. */
export const startLoader = async (spec: LoaderSpec): Promise<Loader> => {
  const child = await startProcess(
    {
      file: process.execPath,
      args: [MAIN],
      cwd: tmpdir(),
      env: { NODE_OPTIONS: undefined, NODE_NO_WARNINGS: '1' },
      cpus: spec.cpus,
      channel: 'node',
      ...(spec.logFile === undefined ? {} : { logFile: spec.logFile }),
    },
    spec.signal,
  );
  const ask = channelTo(child, spec.signal);
  const failed = new Map<string, FailedRequest>();
  let compared: readonly RouteAnswers[] | null = null;
  const askForWindow = async (command: LoaderCommand): Promise<LoadResult> => {
    const result = requireResult(await ask(command));
    for (const request of result.failedRequests ?? []) {
      const key = JSON.stringify([request.side, request.route, request.kind, request.status]);
      if (!failed.has(key)) failed.set(key, request);
    }
    return result;
  };
  return {
    pid: child.pid,
    attach: async ({ targets, plan }) => void (await ask({ kind: 'attach', targets, plan })),
    detach: async () => void (await ask({ kind: 'detach' })),
    couples: async (loop) => pairOf(await askForWindow({ kind: 'couples', loop })),
    contention: async (loop) => pairOf(await askForWindow({ kind: 'contention', loop })),
    latency: async (loop) => pairOf(await askForWindow({ kind: 'latency', loop })),
    single: async (loop) => {
      const result = await askForWindow({ kind: 'single', loop });
      return { ...endOf(result), window: windowOf(result, loop.side), replies: result.replies ?? null };
    },
    answers: async (loop) => {
      const { next, answers } = await askForWindow({ kind: 'answers', loop });
      compared = answers ?? compared;
      return next;
    },
    comparedAnswers: () => compared,
    failedRequests: () => [...failed.values()],
    stop: async () => child.stop(STOP_GRACE_SECONDS),
  };
};
