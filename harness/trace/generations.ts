/** A trace's bytes → its generations: what each thread wrote, and the tables that its events refer to. */
import { EVENT } from './events.ts';
import { NumberReader } from './numbers.ts';
import { TraceError } from './trace-error.ts';

const HEADER_BYTES = 16;
const HEADER = /^go 1\.(\d+) trace\0\0\0$/;
const OLDEST = 22;
/** Go 1.26 and 1.27 write this one. */
const NEWEST = 26;

/** As the runtime has it: a batch is at most this long. */
const MOST_BATCH_BYTES = 64 << 10;
/** As the runtime has them. */
const MOST_FRAMES = 128;
const MOST_TEXT_BYTES = 1 << 10;
/** More than any program's, so that a file of nothing but tiny entries does not fill the memory. */
const MOST_BATCHES = 1 << 17;
const MOST_ENTRIES = 1 << 20;

/** A stretch of one thread's events. */
export interface Batch {
  readonly thread: number;
  /** In the trace's units. */
  readonly time: number;
  readonly at: number;
  readonly end: number;
}

export interface Frame {
  readonly function: string;
  readonly file: string;
  readonly line: number;
}

/** About a second of the program's life; everything that its events refer to is in its own tables. */
export class Generation {
  readonly bytes: Uint8Array;
  /** By thread, in the order they were written. */
  readonly threads = new Map<number, Batch[]>();
  /** By id of the stack: CPU samples that hit it. */
  readonly cpuSamples = new Map<number, number>();
  nsPerUnit = 0;
  /** Where the entry of an id lies in the bytes, behind the id. */
  readonly #strings = new Map<number, number>();
  readonly #stacks = new Map<number, number>();

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  string(id: number): string {
    if (id === 0) return '';
    const at = this.#strings.get(id);
    if (at === undefined) throw new TraceError(`there is no text ${id}`);
    const reader = new NumberReader(this.bytes, at);
    const length = reader.number();
    return Buffer.from(this.bytes.buffer, this.bytes.byteOffset + reader.at, length).toString('utf8');
  }

  /** Leaf first; empty for the id 0, which stands for no stack. */
  stack(id: number): readonly Frame[] {
    if (id === 0) return [];
    const at = this.#stacks.get(id);
    if (at === undefined) throw new TraceError(`there is no stack ${id}`);
    const reader = new NumberReader(this.bytes, at);
    return Array.from({ length: reader.number() }, () => {
      reader.number();
      const [name, file, line] = [reader.number(), reader.number(), reader.number()];
      return { function: this.string(name), file: this.string(file), line };
    });
  }

  add({ thread, time, at, end }: Batch): void {
    const reader = new NumberReader(this.bytes, at, end);
    const kind = at < end ? this.bytes[at] : undefined;
    if (kind === EVENT.strings) this.#readStrings(reader);
    else if (kind === EVENT.stacks) this.#readStacks(reader);
    else if (kind === EVENT.cpuSamples) this.#readCpuSamples(reader);
    else if (kind === EVENT.sync || kind === EVENT.frequency) this.#readClock(reader);
    else {
      const batches = this.threads.get(thread);
      if (batches === undefined) this.threads.set(thread, [{ thread, time, at, end }]);
      else batches.push({ thread, time, at, end });
    }
  }

  #readStrings(reader: NumberReader): void {
    reader.byte();
    while (reader.at < reader.end) {
      requireEvent(reader, EVENT.string);
      note(this.#strings, reader.number(), reader.at);
      const length = reader.number();
      if (length > MOST_TEXT_BYTES) throw new TraceError(`a text of ${length} bytes is longer than Go writes`);
      reader.skip(length);
    }
  }

  #readStacks(reader: NumberReader): void {
    reader.byte();
    while (reader.at < reader.end) {
      requireEvent(reader, EVENT.stack);
      note(this.#stacks, reader.number(), reader.at);
      const frames = reader.number();
      if (frames > MOST_FRAMES) throw new TraceError(`a stack of ${frames} frames is deeper than Go writes`);
      for (let part = 0; part < 4 * frames; part++) reader.number();
    }
  }

  #readCpuSamples(reader: NumberReader): void {
    reader.byte();
    while (reader.at < reader.end) {
      requireEvent(reader, EVENT.cpuSample);
      // Time, thread, processor and goroutine; what counts is the stack.
      for (let part = 0; part < 4; part++) reader.number();
      const stack = reader.number();
      note(this.cpuSamples, stack, (this.cpuSamples.get(stack) ?? 0) + 1);
    }
  }

  /** Up to Go 1.24 the frequency alone, then in a batch with other clocks. */
  #readClock(reader: NumberReader): void {
    if (this.bytes[reader.at] === EVENT.sync) reader.byte();
    while (reader.at < reader.end) {
      const event = reader.byte();
      if (event === EVENT.frequency) {
        const perSecond = reader.number();
        if (perSecond === 0) throw new TraceError('its clock stands still');
        this.nsPerUnit = 1e9 / perSecond;
      } else if (event === EVENT.clockSnapshot) {
        for (let part = 0; part < 4; part++) reader.number();
      } else throw new TraceError(`event ${event} stands among its clocks`);
    }
  }
}

const requireEvent = (reader: NumberReader, wanted: number): void => {
  const event = reader.byte();
  if (event !== wanted) throw new TraceError(`event ${event} stands in a table of others`);
};

const note = (table: Map<number, number>, id: number, value: number): void => {
  table.set(id, value);
  if (table.size > MOST_ENTRIES) throw new TraceError('a table of it has more entries than any program needs');
};

const requireVersion = (bytes: Uint8Array): void => {
  const header = Buffer.from(bytes.subarray(0, HEADER_BYTES)).toString('latin1');
  const found = HEADER.exec(header);
  if (found === null) throw new TraceError('it does not begin as one');
  const version = Number(found[1]);
  if (version < OLDEST)
    throw new TraceError(
      `Go 1.${version} wrote another format`,
      'Traces are read from Go 1.22 on; build the service with a newer Go.',
    );
  if (version > NEWEST)
    throw new TraceError(`the format of Go 1.${version} is newer than this godyno`, 'Take a newer godyno.');
};

/** Throws {@link TraceError} for bytes that are no trace, and where one generation ends early. */
export function* generationsOf(bytes: Uint8Array): Generator<Generation> {
  requireVersion(bytes);
  const reader = new NumberReader(bytes, HEADER_BYTES);
  let current: { readonly number: number; readonly generation: Generation } | null = null;
  for (let batches = 0; reader.at < reader.end; batches++) {
    if (batches > MOST_BATCHES) throw new TraceError('it has more batches than any program writes');
    const kind = reader.byte();
    if (kind === EVENT.endOfGeneration) {
      if (current !== null) yield finished(current.generation);
      current = null;
      continue;
    }
    if (kind !== EVENT.eventBatch && kind !== EVENT.experimentalBatch)
      throw new TraceError(`event ${kind} stands where a batch should begin`);
    if (kind === EVENT.experimentalBatch) reader.byte();
    const number = reader.number();
    const [thread, time, length] = [reader.number(), reader.number(), reader.number()];
    if (length > MOST_BATCH_BYTES) throw new TraceError(`a batch of ${length} bytes is longer than Go writes`);
    const at = reader.at;
    const end = reader.skip(length);
    if (current !== null && current.number !== number) {
      if (number < current.number) throw new TraceError('its generations are out of order');
      yield finished(current.generation);
      current = null;
    }
    current ??= { number, generation: new Generation(bytes) };
    if (kind === EVENT.eventBatch) current.generation.add({ thread, time, at, end });
  }
  if (current !== null) yield finished(current.generation);
}

const finished = (generation: Generation): Generation => {
  if (generation.nsPerUnit === 0) throw new TraceError('it ends before its clock is told; it was probably cut short');
  return generation;
};
