import { type LocationColumn, locationColumn } from './columns.ts';
import { type IdTable, lookUp } from './id-table.ts';
import type { WireReader } from './wire.ts';

/** Two ids of two bytes each, seen as one word: which bits say so, and what they then are. */
const MORE_FOLLOWS = 0x80_80_80_80 | 0;
const TWO_AND_TWO = 0x00_80_00_80;

/** From so many locations on, two bytes an id are the rule (10,000 frames of 151 locations: 56 instead of 67 µs). */
const MIXED_BELOW = 512;

/** The stacks so far, as location indices. */
export class Stacks {
  readonly reader: WireReader;
  readonly ids: IdTable;
  frames: LocationColumn;
  count = 0;

  constructor(reader: WireReader, ids: IdTable, capacity: number) {
    this.reader = reader;
    this.ids = ids;
    this.frames = locationColumn(ids.count, capacity);
  }

  /** What was read, without the spare room where that is more than half. */
  cut(): LocationColumn {
    const { frames, count } = this;
    return count * 2 < frames.length ? frames.slice(0, count) : frames.subarray(0, count);
  }

  add(id: number): void {
    const index = lookUp(this.ids, id);
    if (index === 0) throw this.reader.broken(`a sample uses location ${id}, which is not in the file`);
    this.withRoom(1)[this.count++] = index - 1;
  }

  /** The array, with room for so many more. */
  withRoom(more: number): LocationColumn {
    if (this.count + more > this.frames.length) this.grow(this.count + more);
    return this.frames;
  }

  grow(atLeast: number): void {
    const longer = locationColumn(this.ids.count, Math.max(atLeast, this.frames.length * 2));
    longer.set(this.frames);
    this.frames = longer;
  }

  /** Reads a packed run of ids up to `end`. */
  addPacked(end: number): void {
    const { inOrder, count } = this.ids;
    if (inOrder && (count < MIXED_BELOW ? this.addMixed(end) : this.addInOrder(end))) return;
    const { reader } = this;
    while (reader.pos < end) this.add(reader.integer());
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
