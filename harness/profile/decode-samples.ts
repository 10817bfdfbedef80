import { type IdTable, lookUp } from './id-table.ts';
import type { LabelTable, SampleTable } from './profile.ts';
import type { ProfileError } from './profile-error.ts';
import type { Ranges } from './split-fields.ts';
import { WIRE_BYTES, WIRE_VARINT, type WireReader } from './wire.ts';

/** Keys (field number and wire type) of the messages Sample and Label. Go packs a list from three elements on. */
const LOCATIONS = (1 << 3) | WIRE_BYTES;
const LOCATION = (1 << 3) | WIRE_VARINT;
const VALUES = (2 << 3) | WIRE_BYTES;
const VALUE = (2 << 3) | WIRE_VARINT;
const LABEL = (3 << 3) | WIRE_BYTES;
const LABEL_KEY = (1 << 3) | WIRE_VARINT;
const LABEL_TEXT = (2 << 3) | WIRE_VARINT;
const LABEL_NUMBER = (3 << 3) | WIRE_VARINT;
const LABEL_UNIT = (4 << 3) | WIRE_VARINT;

export interface SampleContext {
  readonly valueCount: number;
  readonly locationIds: IdTable;
  readonly stringCount: number;
}

const grown = (old: Uint32Array<ArrayBuffer>, atLeast: number): Uint32Array<ArrayBuffer> => {
  const longer = new Uint32Array(Math.max(atLeast, old.length * 2));
  longer.set(old);
  return longer;
};

/** The stacks so far, as location indices. */
class Stacks {
  readonly reader: WireReader;
  readonly ids: IdTable;
  frames: Uint32Array<ArrayBuffer>;
  count = 0;

  constructor(reader: WireReader, ids: IdTable, capacity: number) {
    this.reader = reader;
    this.ids = ids;
    this.frames = new Uint32Array(capacity);
  }

  /** What was read, without the spare room where that is more than half. */
  cut(): Uint32Array {
    const { frames, count } = this;
    return count * 2 < frames.length ? frames.slice(0, count) : frames.subarray(0, count);
  }

  unknown(id: number): ProfileError {
    return this.reader.broken(`a sample uses location ${id}, which is not in the file`);
  }

  add(id: number): void {
    const index = lookUp(this.ids, id);
    if (index === 0) throw this.unknown(id);
    this.withRoom(1)[this.count++] = index - 1;
  }

  /** The array, with room for so many more. */
  withRoom(more: number): Uint32Array {
    if (this.count + more > this.frames.length) this.frames = grown(this.frames, this.count + more);
    return this.frames;
  }

  /** Reads a packed run of ids up to `end`. */
  addPacked(end: number): void {
    const { reader } = this;
    while (reader.pos < end) this.add(reader.integer());
    reader.finish(end);
  }
}

/** The labels so far; the number's halves are written as they come, the table views them as int64. */
class Labels {
  readonly reader: WireReader;
  readonly stringCount: number;
  count = 0;
  keys = new Uint32Array(64);
  texts = new Uint32Array(64);
  units = new Uint32Array(64);
  halves = new Uint32Array(128);

  constructor(reader: WireReader, stringCount: number) {
    this.reader = reader;
    this.stringCount = stringCount;
  }

  stringIndex(): number {
    const index = this.reader.index('string index');
    if (index !== 0 && index >= this.stringCount) {
      throw this.reader.broken(`a label names string ${index} of ${this.stringCount}`);
    }
    return index;
  }

  read(): void {
    const { reader, count } = this;
    if (count === this.keys.length) this.grow();
    const end = reader.end();
    while (reader.pos < end) {
      const key = reader.key();
      if (key === LABEL_KEY) this.keys[count] = this.stringIndex();
      else if (key === LABEL_TEXT) this.texts[count] = this.stringIndex();
      else if (key === LABEL_UNIT) this.units[count] = this.stringIndex();
      else if (key === LABEL_NUMBER) {
        reader.bits();
        this.halves[2 * count] = reader.low;
        this.halves[2 * count + 1] = reader.high;
      } else reader.pass(key & 7);
    }
    reader.finish(end);
    this.count++;
  }

  grow(): void {
    const length = this.keys.length * 2;
    this.keys = grown(this.keys, length);
    this.texts = grown(this.texts, length);
    this.units = grown(this.units, length);
    this.halves = grown(this.halves, length * 2);
  }

  table(): LabelTable {
    return {
      count: this.count,
      key: this.keys.subarray(0, this.count),
      text: this.texts.subarray(0, this.count),
      number: new BigInt64Array(this.halves.buffer, 0, this.count),
      unit: this.units.subarray(0, this.count),
    };
  }
}

/** Ids take two bytes each in a middling profile; the array grows where they take one, and is cut at the end. */
const BYTES_PER_ID = 2;

/** Reads samples one by one. A method per sample, for V8 compiles what is called often, but a long loop late. */
class Samples {
  readonly reader: WireReader;
  readonly ranges: Ranges;
  readonly stacks: Stacks;
  readonly labels: Labels;
  readonly valueCount: number;
  readonly values: Float64Array;
  readonly stackStart: Uint32Array;
  readonly labelStart: Uint32Array;

  constructor(reader: WireReader, ranges: Ranges, context: SampleContext) {
    const { count } = ranges;
    const bytes = ranges.byteCount();
    const { valueCount } = context;
    // Every value takes a byte at least: fewer bytes than values is a mismatch, found before the memory is asked for.
    if (count * valueCount > bytes) throw reader.broken(`${count} samples cannot hold ${valueCount} values each`);
    this.reader = reader;
    this.ranges = ranges;
    this.stacks = new Stacks(reader, context.locationIds, Math.ceil(bytes / BYTES_PER_ID));
    this.labels = new Labels(reader, context.stringCount);
    this.valueCount = valueCount;
    this.values = new Float64Array(count * valueCount);
    this.stackStart = new Uint32Array(count + 1);
    this.labelStart = new Uint32Array(count + 1);
  }

  /** Reads sample `i`: what Go writes the quick way, the rest, from the first odd field on, the careful way. */
  read(i: number): void {
    const { reader, stacks, labels, ranges } = this;
    const end = ranges.end(i);
    reader.pos = ranges.start(i);
    this.stackStart[i] = stacks.count;
    this.labelStart[i] = labels.count;
    if (stacks.ids.inOrder) this.readPlainStack(end);
    let found = 0;
    while (reader.pos < end) {
      const key = reader.key();
      if (key === LOCATIONS) stacks.addPacked(reader.end());
      else if (key === LOCATION) stacks.add(reader.integer());
      else if (key === VALUES) found = this.readValues(i, found);
      else if (key === VALUE) found = this.put(i, found, reader.integer());
      else if (key === LABEL) labels.read();
      else reader.pass(key & 7);
    }
    reader.finish(end);
    if (found !== this.valueCount) {
      throw reader.broken(`sample ${i} has ${found} values for ${this.valueCount} sample types`);
    }
  }

  /**
   * The innermost loop of all decoding, hence by hand: a packed stack at the beginning of a sample, its ids of up to
   * three bytes, each its index plus one. Anything else is left unread.
   */
  readPlainStack(end: number): void {
    const { reader, stacks } = this;
    const { buf } = reader;
    let { pos } = reader;
    if ((buf[pos] as number) !== LOCATIONS) return;
    let length = buf[pos + 1] as number;
    pos += 2;
    if (length > 127) {
      const second = buf[pos++] as number;
      if (second > 127) return;
      length = (length & 127) | (second << 7);
    }
    const last = pos + length;
    if (last > end) return;
    const frames = stacks.withRoom(length);
    let { count } = stacks;
    const idCount = stacks.ids.count;
    while (pos < last) {
      let id = buf[pos++] as number;
      if (id > 127) {
        const second = buf[pos++] as number;
        id = (id & 127) | ((second & 127) << 7);
        if (second > 127) {
          const third = buf[pos++] as number;
          if (third > 127) return;
          id |= third << 14;
        }
      }
      // One comparison for both ends: 0 wraps around to the largest.
      const index = (id - 1) >>> 0;
      if (index >= idCount) return;
      frames[count++] = index;
    }
    if (pos !== last) return;
    stacks.count = count;
    reader.pos = pos;
  }

  /** The next value of sample `i`; one too many is counted, not kept. */
  put(i: number, found: number, value: number): number {
    if (found < this.valueCount) this.values[i * this.valueCount + found] = value;
    return found + 1;
  }

  /** Nearly every number has four bytes at most: those are read here, the others by the reader. */
  readValues(i: number, known: number): number {
    const { reader, values, valueCount } = this;
    const { buf } = reader;
    const end = reader.end();
    let { pos } = reader;
    let found = known;
    while (pos < end) {
      let value = buf[pos++] as number;
      if (value > 127) {
        const from = pos - 1;
        value &= 127;
        for (let shift = 7; ; shift += 7) {
          const byte = buf[pos++] as number;
          value |= (byte & 127) << shift;
          if (byte < 128) break;
          if (shift < 21) continue;
          reader.pos = from;
          value = reader.integer();
          pos = reader.pos;
          break;
        }
      }
      if (found < valueCount) values[i * valueCount + found] = value;
      found++;
    }
    reader.pos = pos;
    reader.finish(end);
    return found;
  }
}

export const decodeSamples = (
  reader: WireReader,
  ranges: Ranges,
  context: SampleContext,
): { readonly samples: SampleTable; readonly labels: LabelTable } => {
  const { count } = ranges;
  const read = new Samples(reader, ranges, context);
  for (let i = 0; i < count; i++) read.read(i);
  const { values, stackStart, labelStart, stacks, labels } = read;
  stackStart[count] = stacks.count;
  labelStart[count] = labels.count;
  return {
    samples: { count, values, stackStart, stack: stacks.cut(), labelStart },
    labels: labels.table(),
  };
};
