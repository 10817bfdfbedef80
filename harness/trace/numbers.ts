/** Numbers as traces hold them: little-endian groups of seven bits. */
import { TraceError } from './trace-error.ts';

/** Ten groups hold 64 bits. */
const MOST_BYTES = 10;

/** Reads one number after the other. Those beyond 2^53 come out rounded; only ids of threads that are none are so large. */
export class NumberReader {
  readonly bytes: Uint8Array;
  at = 0;
  end = 0;

  constructor(bytes: Uint8Array, at = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  number(): number {
    const { bytes, at } = this;
    if (at < this.end) {
      const first = bytes[at] as number;
      if (first < 0x80) {
        this.at = at + 1;
        return first;
      }
    }
    return this.longNumber();
  }

  longNumber(): number {
    const { bytes, end } = this;
    const last = Math.min(end, this.at + MOST_BYTES);
    let value = 0;
    let unit = 1;
    for (let at = this.at; at < last; at++) {
      const byte = bytes[at] as number;
      value += (byte & 0x7f) * unit;
      if (byte < 0x80) {
        this.at = at + 1;
        return value;
      }
      unit *= 128;
    }
    throw new TraceError(`byte ${this.at} begins a number that does not end`);
  }

  /** The next byte. */
  byte(): number {
    if (this.at >= this.end) throw new TraceError(`it ends at byte ${this.end}, within an event`);
    return this.bytes[this.at++] as number;
  }

  /** Where `length` bytes from here on end. */
  skip(length: number): number {
    if (length > this.end - this.at)
      throw new TraceError(`byte ${this.at} announces ${length} bytes more than there are`);
    this.at += length;
    return this.at;
  }
}
