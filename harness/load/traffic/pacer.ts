/**
 * Wakes the event loop when a slot of the open model is due.
 *
 * A timer of the event loop is late by up to a millisecond (0.65 ms in the median here), more than a fast service
 * needs to answer; a thread that sleeps in `Atomics.wait` is late by 0.15 to 0.3 ms and costs no busy waiting. That
 * thread runs this same file, so that its name is the same in the source tree and in the package.
 */
import { performance } from 'node:perf_hooks';
import { parentPort, Worker, workerData } from 'node:worker_threads';

export interface PacerPlan {
  /** On this thread's `performance.now()`. */
  readonly startMs: number;
  readonly gapMs: number;
  readonly slots: number;
}

export interface Pacer {
  /** `onDue` is called at least once after each slot became due. */
  readonly start: (plan: PacerPlan, onDue: () => void) => void;
  /** No call of `onDue` after it. */
  readonly close: () => Promise<void>;
}

/** Tells the pacer's thread from any other thread that loads this file. */
const THREAD = 'godyno pacer';

/**
 * `performance.now()` counts from the start of its own thread, and its `timeOrigin` is of the wall clock, which may have
 * been set meanwhile; the monotonic clock itself is the same for all threads. A double holds it to 0.1 µs for years.
 */
const nowOfAllThreads = (): number => Number(process.hrtime.bigint()) / 1e6;

export const openPacer = async (): Promise<Pacer> => {
  const thread = new Worker(new URL(import.meta.url), { workerData: THREAD });
  let due: () => void = () => undefined;
  await new Promise<void>((resolve, reject) => {
    thread.once('message', () => resolve());
    thread.once('error', reject);
  });
  thread.on('message', () => due());
  return {
    start: (plan, onDue) => {
      due = onDue;
      const offsetMs = nowOfAllThreads() - performance.now();
      thread.postMessage({ ...plan, startMs: plan.startMs + offsetMs } satisfies PacerPlan);
    },
    close: async () => {
      due = () => undefined;
      await thread.terminate();
    },
  };
};

/** In the thread: `startMs` is on {@link nowOfAllThreads}. */
const pace = ({ startMs, gapMs, slots }: PacerPlan, report: () => void): void => {
  // Nobody ever wakes it: it is there to be waited on with a fraction of a millisecond.
  const sleeper = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  let slot = 0;
  while (slot < slots) {
    const waitMs = startMs + slot * gapMs - nowOfAllThreads();
    if (waitMs > 0) Atomics.wait(sleeper, 0, 0, waitMs);
    else {
      report();
      // Slots that became due meanwhile are covered by the report just made.
      slot = Math.floor((nowOfAllThreads() - startMs) / gapMs) + 1;
    }
  }
};

if (workerData === THREAD && parentPort !== null) {
  const port = parentPort;
  port.on('message', (plan: PacerPlan) => pace(plan, () => port.postMessage('due')));
  port.postMessage('ready');
}
