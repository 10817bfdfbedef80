/** The events of a generation, thread by thread, merged in the order of their times. */
import { ARGUMENTS_OF } from './events.ts';
import type { Batch, Generation } from './generations.ts';
import { NumberReader } from './numbers.ts';
import { TraceError } from './trace-error.ts';

/** One thread's events: the fields are those of the event that was read last. */
export class ThreadStream {
  readonly thread: number;
  type = 0;
  /** Nanoseconds, on the trace's own clock. */
  time = 0;
  /** The first arguments; how many there are depends on the type. */
  a = 0;
  b = 0;
  c = 0;
  d = 0;
  readonly #batches: readonly Batch[];
  readonly #reader: NumberReader;
  readonly #nsPerUnit: number;
  #batch = -1;
  #units = 0;

  constructor(generation: Generation, thread: number, batches: readonly Batch[]) {
    this.thread = thread;
    this.#batches = batches;
    this.#reader = new NumberReader(generation.bytes, 0, 0);
    this.#nsPerUnit = generation.nsPerUnit;
  }

  /** Reads the next event; false: there is none. */
  next(): boolean {
    const reader = this.#reader;
    while (reader.at >= reader.end) {
      const batch = this.#batches[++this.#batch];
      if (batch === undefined) return false;
      reader.at = batch.at;
      reader.end = batch.end;
      this.#units = batch.time;
    }
    this.type = reader.byte();
    const count = ARGUMENTS_OF[this.type] as number;
    if (count < 0) throw new TraceError(`event ${this.type} stands in the stream of a thread`);
    this.#units += reader.number();
    this.time = this.#units * this.#nsPerUnit;
    if (count > 0) this.a = reader.number();
    if (count > 1) this.b = reader.number();
    if (count > 2) this.c = reader.number();
    if (count > 3) this.d = reader.number();
    return true;
  }
}

const siftDown = (heap: ThreadStream[], from: number): void => {
  const moving = heap[from] as ThreadStream;
  let at = from;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && (heap[child + 1] as ThreadStream).time < (heap[child] as ThreadStream).time) child++;
    if ((heap[child] as ThreadStream).time >= moving.time) break;
    heap[at] = heap[child] as ThreadStream;
    at = child;
  }
  heap[at] = moving;
};

/** Gives every event of the generation to `take`, earliest first; of one thread in the order in which it wrote them. */
export const eachEvent = (generation: Generation, take: (event: ThreadStream) => void): void => {
  const heap = [...generation.threads]
    .map(([thread, batches]) => new ThreadStream(generation, thread, batches))
    .filter((stream) => stream.next());
  for (let at = (heap.length >> 1) - 1; at >= 0; at--) siftDown(heap, at);
  for (let first = heap[0]; first !== undefined; first = heap[0]) {
    take(first);
    if (!first.next()) {
      const last = heap.pop() as ThreadStream;
      if (heap.length === 0) return;
      heap[0] = last;
    }
    if (heap.length > 1) siftDown(heap, 0);
  }
};
