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
    if (this.count === this.frames.length) this.frames = grown(this.frames, 64);
    this.frames[this.count++] = index - 1;
  }

  /** Reads a packed run of ids up to `end`. */
  addPacked(end: number): void {
    const { reader, count } = this;
    if (count + end - reader.pos > this.frames.length) this.frames = grown(this.frames, count + end - reader.pos);
    if (this.ids.inOrder) this.addInOrder(end);
    else while (reader.pos < end) this.add(reader.integer());
    reader.finish(end);
  }

  /** The innermost loop of all decoding, hence by hand: ids of one or two bytes, each its index plus one. */
  addInOrder(end: number): void {
    const { reader, frames } = this;
    const { buf } = reader;
    const idCount = this.ids.count;
    let { pos } = reader;
    let { count } = this;
    while (pos < end) {
      let id = buf[pos++] as number;
      if (id > 127) {
        const second = buf[pos++] as number;
        if (second < 128) id = (id & 127) | (second << 7);
        else {
          reader.pos = pos - 2;
          const large = reader.integer();
          // Kept a 32-bit integer, or the whole loop runs in floating point.
          id = large > idCount ? 0 : large | 0;
          pos = reader.pos;
        }
      }
      // One comparison for both ends: 0 wraps around to the largest.
      const index = (id - 1) >>> 0;
      if (index >= idCount) throw this.unknown(id);
      frames[count++] = index;
    }
    this.count = count;
    reader.pos = pos;
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

export const decodeSamples = (
  reader: WireReader,
  ranges: Ranges,
  context: SampleContext,
): { readonly samples: SampleTable; readonly labels: LabelTable } => {
  const { count } = ranges;
  const { buf } = reader;
  const { valueCount } = context;
  const bytes = ranges.byteCount();
  // Every value takes a byte at least: fewer bytes than values is a mismatch, found before the memory is asked for.
  if (count * valueCount > bytes) throw reader.broken(`${count} samples cannot hold ${valueCount} values each`);
  const values = new Float64Array(count * valueCount);
  const stackStart = new Uint32Array(count + 1);
  const labelStart = new Uint32Array(count + 1);
  const stacks = new Stacks(reader, context.locationIds, Math.ceil(bytes / BYTES_PER_ID));
  const labels = new Labels(reader, context.stringCount);
  for (let i = 0; i < count; i++) {
    const end = ranges.end(i);
    reader.pos = ranges.start(i);
    stackStart[i] = stacks.count;
    labelStart[i] = labels.count;
    const firstValue = i * valueCount;
    let found = 0;
    while (reader.pos < end) {
      // Every key of a sample is one byte; anything else is passed over or refused by the careful way.
      const first = buf[reader.pos] as number;
      const key = first < 128 ? first : reader.key();
      if (first < 128) reader.pos++;
      if (key === LOCATIONS) stacks.addPacked(reader.end());
      else if (key === LOCATION) stacks.add(reader.integer());
      else if (key === VALUES) {
        const last = reader.end();
        while (reader.pos < last) {
          const value = reader.integer();
          if (found < valueCount) values[firstValue + found] = value;
          found++;
        }
        reader.finish(last);
      } else if (key === VALUE) {
        const value = reader.integer();
        if (found < valueCount) values[firstValue + found] = value;
        found++;
      } else if (key === LABEL) labels.read();
      else reader.pass(key & 7);
    }
    reader.finish(end);
    if (found !== valueCount) throw reader.broken(`sample ${i} has ${found} values for ${valueCount} sample types`);
  }
  stackStart[count] = stacks.count;
  labelStart[count] = labels.count;
  return {
    samples: { count, values, stackStart, stack: stacks.cut(), labelStart },
    labels: labels.table(),
  };
};
