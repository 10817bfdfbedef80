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

/** `performance.now()` counts from the start of its own thread; this does not. */
export const nowOfAllThreads = (): number => performance.timeOrigin + performance.now();

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
      thread.postMessage({ ...plan, startMs: performance.timeOrigin + plan.startMs } satisfies PacerPlan);
    },
    close: async () => {
      due = () => undefined;
      await thread.terminate();
    },
  };
};
