/**
 * Wakes the event loop when a slot of the open model is due.
 *
 * A timer of the event loop is late by up to a millisecond (0.65 ms in the median here), more than a fast service
 * needs to answer; a thread that sleeps in `Atomics.wait` is late by about 0.1 ms and costs no busy waiting.
 */
import { extname } from 'node:path';
import { performance } from 'node:perf_hooks';
import { Worker } from 'node:worker_threads';

export interface PacerPlan {
  /** On {@link nowOfAllThreads}. */
  readonly startMs: number;
  readonly gapMs: number;
  readonly slots: number;
}

export interface Pacer {
  /** `startMs` on this thread's `performance.now()`; `onDue` is called at least once after each slot became due. */
  readonly start: (plan: PacerPlan, onDue: () => void) => void;
  /** No call of `onDue` after it. */
  readonly close: () => Promise<void>;
}

/**
 * `performance.now()` counts from the start of its own thread, and its `timeOrigin` is of the wall clock, which may have
 * been set meanwhile; the monotonic clock itself is the same for all threads. A double holds it to 0.1 ns for weeks.
 */
export const nowOfAllThreads = (): number => Number(process.hrtime.bigint()) / 1e6;

const THREAD = new URL(`pacer-thread${extname(new URL(import.meta.url).pathname)}`, import.meta.url);

export const openPacer = async (): Promise<Pacer> => {
  const thread = new Worker(THREAD);
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
