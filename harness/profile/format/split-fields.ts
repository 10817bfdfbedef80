import { withRoomFor } from '../columns/columns.ts';
import { WIRE_BYTES, type WireReader } from './wire.ts';

/** Small enough for V8 to keep among its own objects. */
const LEAST_BOUNDS = 16;
const BOUNDS_GROWTH = 4;

/**
 * The messages of one field, in the file's order. Kept are only the stretches in which they follow each other: to read
 * a key and a length again costs less than to keep the bounds of a hundred thousand samples.
 */
export class Messages {
  count = 0;
  /** Bytes of all messages together, without their keys and lengths: an upper bound for everything they repeat. */
  byteCount = 0;
  /**
   * Stretch `i` is `bounds[2i]` … `bounds[2i + 1]`, keys and lengths included. Many in what Go's runtime writes: there the
   * functions of a location follow it.
   */
  bounds = new Uint32Array(LEAST_BOUNDS);
  stretches = 0;
  readonly reader: WireReader;
  /** Where the next message's key lies, and which of the bounds its stretch ends at. */
  cursor = 0;
  endBound = 1;

  constructor(reader: WireReader) {
    this.reader = reader;
  }

  /** Notes a stretch of so many messages, which hold so many bytes. */
  add(start: number, end: number, count: number, byteCount: number): void {
    if (this.count === 0) this.cursor = start;
    const { length } = this.bounds;
    if (2 * this.stretches === length) this.bounds = withRoomFor(length * BOUNDS_GROWTH, this.bounds);
    this.bounds[2 * this.stretches] = start;
    this.bounds[2 * this.stretches + 1] = end;
    this.stretches++;
    this.count += count;
    this.byteCount += byteCount;
  }

  /** Moves the reader to the content of the next message and returns where that ends; for `count` calls. */
  enterNext(): number {
    const { reader, bounds } = this;
    if (this.cursor === bounds[this.endBound]) {
      this.cursor = bounds[this.endBound + 1] as number;
      this.endBound += 2;
    }
    reader.pos = this.cursor;
    reader.key();
    this.cursor = reader.end();
    return this.cursor;
  }
}

/** Passes over the messages that begin with the key at the reader's position, and notes them. */
const passStretch = (reader: WireReader, messages: Messages): void => {
  const { buf, len, pos: start } = reader;
  const first = buf[start] ?? 128;
  let count = 0;
  let byteCount = 0;
  let pos = start;
  do {
    // A length of one byte is read here, any other by the reader.
    const length = buf[pos + 1] ?? 128;
    const contents = pos + 2;
    if (first < 128 && length < 128 && contents + length <= len) {
      byteCount += length;
      pos = contents + length;
    } else {
      reader.pos = pos;
      reader.key();
      const end = reader.end();
      byteCount += end - reader.pos;
      pos = end;
    }
    count++;
  } while (pos < len && buf[pos] === first && first < 128);
  reader.pos = pos;
  messages.add(start, pos, count, byteCount);
};

/**
 * Walks over the top level once: notes where the messages in `fields` lie (indexed by field number) and hands every
 * other field to `onScalar`, which reads or passes over its value.
 */
export const splitFields = (
  reader: WireReader,
  fields: readonly number[],
  onScalar: (field: number, wireType: number) => void,
): readonly (Messages | undefined)[] => {
  const all: (Messages | undefined)[] = Array.from({ length: Math.max(...fields) + 1 }, () => undefined);
  for (const field of fields) all[field] = new Messages(reader);
  reader.pos = 0;
  while (reader.pos < reader.len) {
    const start = reader.pos;
    const key = reader.key();
    const field = key >>> 3;
    const messages = all[field];
    if (messages === undefined) onScalar(field, key & 7);
    else {
      if ((key & 7) !== WIRE_BYTES) throw reader.unexpected(key & 7, `field ${field}`);
      reader.pos = start;
      passStretch(reader, messages);
    }
  }
  return all;
};
