/**
 * protobufjs's Reader with the 64-bit integers of pprof as plain numbers: its own `uint64` makes one Long object per
 * value, which is where protobufjs's time goes on a profile.
 */
import protobuf from 'protobufjs/minimal.js';
import { brokenPprof, type ProfileError } from '../columns/profile-error.ts';

const TWO_32 = 4_294_967_296;

/** Key of the largest field number that protobuf allows, 2^29 − 1; pprof has none near it. */
const NO_FIELD = 0x7fff_fff8;

export const WIRE_VARINT = 0;
const WIRE_FIXED64 = 1;
export const WIRE_BYTES = 2;
const WIRE_FIXED32 = 5;

export class WireReader extends protobuf.Reader {
  readonly fileName: string;
  override readonly view: DataView;
  /** Halves of the last {@link bits}. */
  low = 0;
  high = 0;
  /** Ids beyond 2^53, each to a negative number of its own: real where a writer makes its ids by hashing. */
  readonly wideIds = new Map<bigint, number>();

  constructor(bytes: Uint8Array, fileName: string) {
    // A plain view, never a Buffer: with one class of array the loops over it stay fast.
    super(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    this.fileName = fileName;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  broken(what: string): ProfileError {
    return brokenPprof(this.fileName, what);
  }

  /** Reads a varint as 64 bits into `low` and `high`, both unsigned. */
  bits(): void {
    const short = this.shortNumber();
    if (short < 0) return this.longBits();
    this.low = short;
    this.high = 0;
  }

  /** Reads a varint of up to four bytes, as nearly all are; −1, and nothing read, for a longer one. */
  shortNumber(): number {
    const { buf, pos } = this;
    // Beyond the end there are no bytes, so that every comparison is false.
    const a = buf[pos] as number;
    if (a < 128) {
      this.pos = pos + 1;
      return a;
    }
    const b = buf[pos + 1] as number;
    if (b < 128) {
      this.pos = pos + 2;
      return (a & 127) | (b << 7);
    }
    const c = buf[pos + 2] as number;
    if (c < 128) {
      this.pos = pos + 3;
      return (a & 127) | ((b & 127) << 7) | (c << 14);
    }
    const d = buf[pos + 3] as number;
    if (d < 128) {
      this.pos = pos + 4;
      return (a & 127) | ((b & 127) << 7) | ((c & 127) << 14) | (d << 21);
    }
    return -1;
  }

  /**
   * Reads fields that are numbers of up to four bytes, each into `into[field number]`, and stops at the first other one or
   * at `end`: all of most messages is read here, at 2 ns a field instead of 10. Field 0 and fields beyond `into` are others.
   */
  shortFields(end: number, into: Float64Array): void {
    const { buf } = this;
    const limit = into.length << 3;
    let { pos } = this;
    while (pos < end) {
      const key = buf[pos] as number;
      // Wire type varint is 0.
      if ((key & 7) !== WIRE_VARINT || key < 8 || key >= limit) break;
      const a = buf[pos + 1] as number;
      if (a < 128) {
        into[key >>> 3] = a;
        pos += 2;
        continue;
      }
      const b = buf[pos + 2] as number;
      if (b < 128) {
        into[key >>> 3] = (a & 127) | (b << 7);
        pos += 3;
        continue;
      }
      const c = buf[pos + 3] as number;
      if (c < 128) {
        into[key >>> 3] = (a & 127) | ((b & 127) << 7) | (c << 14);
        pos += 4;
        continue;
      }
      const d = buf[pos + 4] as number;
      if (!(d < 128)) break;
      into[key >>> 3] = (a & 127) | ((b & 127) << 7) | ((c & 127) << 14) | (d << 21);
      pos += 5;
    }
    this.pos = pos;
  }

  /** {@link bits} of any length. */
  longBits(): void {
    const buf = this.buf;
    let pos = this.pos;
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (pos >= this.len) throw this.broken(`it ends inside a number at byte ${pos}`);
      const byte = buf[pos++] ?? 0;
      const part = byte & 127;
      if (shift < 28) low |= part << shift;
      else if (shift === 28) {
        low |= (part & 15) << 28;
        high |= part >>> 4;
      } else if (shift < 63) high |= part << (shift - 32);
      else high |= (part & 1) << 31;
      if (byte < 128) {
        this.pos = pos;
        this.low = low >>> 0;
        this.high = high >>> 0;
        return;
      }
    }
    throw this.broken(`a number at byte ${this.pos} is longer than 10 bytes`);
  }

  /** An int64 of any size. */
  bigInteger(): bigint {
    this.bits();
    return this.lastBig();
  }

  /** A uint64 of any size. */
  bigUnsigned(): bigint {
    return BigInt.asUintN(64, this.bigInteger());
  }

  /** An int64 as a number. Refuses what a number cannot hold exactly (beyond ±2^53). */
  integer(): number {
    const short = this.shortNumber();
    return short < 0 ? this.longInteger() : short;
  }

  longInteger(): number {
    const { pos } = this;
    const value = this.longNumber();
    if (Number.isSafeInteger(value)) return value;
    throw this.broken(`the number ${value} at byte ${pos} is beyond ±2^53`);
  }

  /** An int64 of any size as the nearest number; its {@link bits} stay to be looked at. */
  longNumber(): number {
    this.longBits();
    return (this.high | 0) * TWO_32 + this.low;
  }

  /** The last bits read as an int64. */
  lastBig(): bigint {
    return BigInt.asIntN(64, (BigInt(this.high) << 32n) | BigInt(this.low));
  }

  /** The id of a mapping, function or location, any uint64. Beyond 2^53 it is a negative number that stands for it. */
  id(): number {
    const short = this.shortNumber();
    return short < 0 ? this.longId() : short;
  }

  longId(): number {
    this.longBits();
    const near = this.high * TWO_32 + this.low;
    if (Number.isSafeInteger(near)) return near;
    const id = BigInt.asUintN(64, this.lastBig());
    const known = this.wideIds.get(id) ?? -1 - this.wideIds.size;
    this.wideIds.set(id, known);
    return known;
  }

  /** An id as the file has it, for messages. */
  idText(id: number): string {
    const wide = [...this.wideIds].find(([, stand]) => stand === id);
    return String(wide === undefined ? id : wide[0]);
  }

  /** A line or column; those that no source has (below −2^31 or from 2^31 on) are 0, which is none. */
  line(): number {
    const short = this.shortNumber();
    if (short >= 0) return short;
    const value = this.longNumber();
    return value === (value | 0) ? value : 0;
  }

  /** A count or index: 0 … 2^32 − 1. */
  index(what: string): number {
    const short = this.shortNumber();
    return short < 0 ? this.longIndex(what) : short;
  }

  longIndex(what: string): number {
    const { pos } = this;
    const value = this.longInteger();
    if (value < 0 || value >= TWO_32) throw this.broken(`${what} ${value} at byte ${pos} is out of range`);
    return value;
  }

  /** Length of a nested message or packed run; returns where it ends. */
  end(): number {
    const { buf, pos } = this;
    const byte = buf[pos] ?? 128;
    // Lengths of one byte and two, nearly all there are, are read here.
    const next = byte < 128 ? 0 : (buf[pos + 1] ?? 128);
    const start = pos + (byte < 128 ? 1 : 2);
    const near = start + ((byte & 127) | (next << 7));
    if (next < 128 && near <= this.len) {
      this.pos = start;
      return near;
    }
    const length = this.integer();
    const end = this.pos + length;
    if (length < 0 || end > this.len) {
      throw this.broken(`it is cut short: a part of ${length} bytes begins at byte ${this.pos} of ${this.len}`);
    }
    // 32 bits suffice below MAX_PROFILE_BYTES, and keep the loops up to it out of floating point.
    return end | 0;
  }

  /** After a message: refuses one whose parts reach beyond its end. */
  finish(end: number): void {
    if (this.pos !== end) throw this.broken(`a message that ends at byte ${end} has a part up to byte ${this.pos}`);
  }

  /** Field number × 8 + wire type; refuses the wire types pprof does not use, groups among them. */
  key(): number {
    const byte = this.buf[this.pos] ?? 0;
    if (byte >= 8 && byte < 128 && this.pos < this.len) {
      this.pos++;
      return byte;
    }
    this.bits();
    // A field number beyond all that a message may have is nobody's, whatever else is in it.
    return this.high === 0 && this.low < NO_FIELD ? this.low : NO_FIELD + (this.low & 7);
  }

  /** Passes over the value of a field nobody needs. */
  pass(wireType: number): void {
    if (wireType === WIRE_VARINT) return this.bits();
    if (wireType === WIRE_BYTES) {
      this.pos = this.end();
      return;
    }
    const width = wireType === WIRE_FIXED64 ? 8 : wireType === WIRE_FIXED32 ? 4 : 0;
    if (width === 0) throw this.broken(`unknown wire type ${wireType} at byte ${this.pos}`);
    if (this.pos + width > this.len) throw this.broken(`it ends inside a number at byte ${this.pos}`);
    this.pos += width;
  }

  /** A field whose value has another shape than pprof's message says. */
  unexpected(wireType: number, what: string): ProfileError {
    return this.broken(`${what} has wire type ${wireType} at byte ${this.pos}`);
  }

  /** Refuses {@link unexpected} wire types. */
  expect(wireType: number, expected: number, what: string): void {
    if (wireType !== expected) throw this.unexpected(wireType, what);
  }
}
