/** The pacer's thread: sleeps from slot to slot and says when one is due. */
import { parentPort } from 'node:worker_threads';
import { nowOfAllThreads, type PacerPlan } from './pacer.ts';

/** Nobody ever wakes it: it is there to be waited on with a fraction of a millisecond. */
const sleeper = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

const pace = ({ startMs, gapMs, slots }: PacerPlan): void => {
  let slot = 0;
  while (slot < slots) {
    const waitMs = startMs + slot * gapMs - nowOfAllThreads();
    if (waitMs > 0) Atomics.wait(sleeper, 0, 0, waitMs);
    else {
      parentPort?.postMessage(slot);
      // Slots that became due meanwhile are covered by the message just sent.
      slot = Math.floor((nowOfAllThreads() - startMs) / gapMs) + 1;
    }
  }
};

parentPort?.on('message', (plan: PacerPlan) => pace(plan));
parentPort?.postMessage('ready');
