import { isShortIndex, type LocationColumn, locationColumn } from '../columns/columns.ts';
import { type IdTable, lookUp } from './id-table.ts';
import type { WireReader } from './wire.ts';

/** Two ids of two bytes each, seen as one word: which bits say so, and what they then are. */
const MORE_FOLLOWS = 0x80_80_80_80 | 0;
const TWO_AND_TWO = 0x00_80_00_80;

/** From so many locations on, two bytes an id are the rule (10,000 frames of 151 locations: 56 instead of 67 µs). */
const MIXED_BELOW = 512;

/** The first indices have memory of their own; then the reader is usually so far ahead that the others need none. */
const OWN_INDICES = 16_384;

/** The message as a column of indices of two bytes; null where it must stay as it is, or cannot be one. */
const messageColumn = ({ buf }: WireReader, ids: IdTable, mayOverwrite: boolean): LocationColumn | null =>
  mayOverwrite && isShortIndex(ids.count) && buf.byteOffset % 2 === 0 && buf.buffer instanceof ArrayBuffer
    ? new Uint16Array(buf.buffer, buf.byteOffset, buf.byteLength >>> 1)
    : null;

/**
 * The stacks so far, as location indices. Samples are what is read last, and an index takes no more bytes than most ids
 * and what stands around them: so the indices of a large profile are written over the part of the message that was read
 * already (new memory costs 0.5 ms a megabyte, docs/evidence/profile-speed.md), as long as they stay behind the reader.
 */
export class Stacks {
  readonly reader: WireReader;
  readonly ids: IdTable;
  readonly capacity: number;
  frames: LocationColumn;
  count = 0;
  /** What the indices may be moved into, once. */
  message: LocationColumn | null;
  isInMessage = false;

  constructor(reader: WireReader, ids: IdTable, capacity: number, mayOverwrite: boolean) {
    this.reader = reader;
    this.ids = ids;
    this.capacity = capacity;
    this.message = messageColumn(reader, ids, mayOverwrite);
    this.frames = locationColumn(ids.count, this.message === null ? capacity : Math.min(capacity, OWN_INDICES));
  }

  /** What was read, without the spare room where that is more than half. */
  cut(): LocationColumn {
    const { frames, count } = this;
    return count * 2 < frames.length ? frames.slice(0, count) : frames.subarray(0, count);
  }

  add(id: number): void {
    const index = lookUp(this.ids, id);
    if (index === 0)
      throw this.reader.broken(`a sample uses location ${this.reader.idText(id)}, which is not in the file`);
    this.withRoom(1)[this.count++] = index - 1;
  }

  /** The array, with room for so many more. */
  withRoom(more: number): LocationColumn {
    const room = this.isInMessage ? this.reader.pos >>> 1 : this.frames.length;
    if (this.count + more > room) this.moveTo(this.count + more);
    return this.frames;
  }

  /** Moves to where so many have room: into the message, where they stay behind the reader, or into memory of their own. */
  moveTo(atLeast: number): void {
    const { frames, capacity } = this;
    const behind = atLeast <= this.reader.pos >>> 1 ? this.message : null;
    this.message = null;
    this.isInMessage = behind !== null;
    this.frames = behind ?? locationColumn(this.ids.count, Math.max(atLeast, capacity, this.count * 2));
    this.frames.set(frames.subarray(0, this.count));
  }

  /** Reads a packed run of ids up to `end`. */
  addPacked(end: number): void {
    const { inOrder, count } = this.ids;
    if (inOrder && (count < MIXED_BELOW ? this.addMixed(end) : this.addInOrder(end))) return;
    const { reader } = this;
    while (reader.pos < end) this.add(reader.id());
    reader.finish(end);
  }

  /**
   * Ids of one and two bytes, each its index plus one, where both are so common that to tell them apart by a branch costs
   * more than to compute both. False, and nothing read, for anything else.
   */
  addMixed(end: number): boolean {
    const { reader, ids } = this;
    const { buf } = reader;
    const idCount = ids.count;
    let { pos } = reader;
    const frames = this.withRoom(end - pos);
    let { count } = this;
    while (pos < end) {
      const first = buf[pos] as number;
      const second = buf[pos + 1] as number;
      if ((first & second & 128) !== 0) return false;
      const hasTwo = first >>> 7;
      const index = (((first & 127) | ((second << 7) & -hasTwo)) - 1) >>> 0;
      if (index >= idCount) return false;
      frames[count++] = index;
      pos += 1 + hasTwo;
    }
    if (pos !== end) return false;
    this.count = count;
    reader.pos = pos;
    return true;
  }

  /**
   * The innermost loop of all decoding, hence by hand: ids of up to three bytes, each its index plus one; two of two
   * bytes, what most frames of a large profile are, in one go (3 million frames: 5.6 instead of 10 ms). False, and
   * nothing read, for anything else.
   */
  addInOrder(end: number): boolean {
    const { reader, ids } = this;
    const { buf, view } = reader;
    const idCount = ids.count;
    let { pos } = reader;
    const frames = this.withRoom(end - pos);
    let { count } = this;
    while (pos < end) {
      while (pos + 4 <= end) {
        const word = view.getInt32(pos, true);
        if ((word & MORE_FOLLOWS) !== TWO_AND_TWO) break;
        // One comparison for both ends: an id of 0 wraps around to the largest index.
        const first = (((word & 0x7f) | ((word >>> 1) & 0x3f80)) - 1) >>> 0;
        const second = ((((word >>> 16) & 0x7f) | ((word >>> 17) & 0x3f80)) - 1) >>> 0;
        if (first >= idCount || second >= idCount) return false;
        frames[count] = first;
        frames[count + 1] = second;
        count += 2;
        pos += 4;
      }
      if (pos >= end) break;
      let id = buf[pos++] as number;
      if (id > 127) {
        const next = buf[pos++] as number;
        id = (id & 127) | ((next & 127) << 7);
        if (next > 127) {
          const last = buf[pos++] as number;
          if (last > 127) return false;
          id |= last << 14;
        }
      }
      const index = (id - 1) >>> 0;
      if (index >= idCount) return false;
      frames[count++] = index;
    }
    if (pos !== end) return false;
    this.count = count;
    reader.pos = pos;
    return true;
  }
}
