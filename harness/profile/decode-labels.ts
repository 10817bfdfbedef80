import { column, columnBytes } from './columns.ts';
import type { LabelTable } from './profile.ts';
import { WIRE_VARINT, type WireReader } from './wire.ts';

/** Keys (field number and wire type) of the message Label. */
const KEY = (1 << 3) | WIRE_VARINT;
const TEXT = (2 << 3) | WIRE_VARINT;
const NUMBER = (3 << 3) | WIRE_VARINT;
const UNIT = (4 << 3) | WIRE_VARINT;

const LEAST_CAPACITY = 64;
const NONE = new Uint32Array(0);

/** The labels so far; the number's halves are written as they come, the table views them as int64. */
export class Labels {
  readonly reader: WireReader;
  readonly stringCount: number;
  count = 0;
  capacity = 0;
  keys = NONE;
  texts = NONE;
  units = NONE;
  halves = NONE;

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
    if (count === this.capacity) this.grow();
    const end = reader.end();
    while (reader.pos < end) {
      const key = reader.key();
      if (key === KEY) this.keys[count] = this.stringIndex();
      else if (key === TEXT) this.texts[count] = this.stringIndex();
      else if (key === UNIT) this.units[count] = this.stringIndex();
      else if (key === NUMBER) {
        reader.bits();
        this.halves[2 * count] = reader.low;
        this.halves[2 * count + 1] = reader.high;
      } else reader.pass(key & 7);
    }
    reader.finish(end);
    this.count++;
  }

  grow(): void {
    const { keys, texts, units, halves } = this;
    const rows = Math.max(LEAST_CAPACITY, this.capacity * 2);
    const bytes = columnBytes(5, rows);
    this.capacity = rows;
    // Two columns' worth for the halves, first: the view as int64 begins at a multiple of eight bytes.
    this.halves = column(bytes, 0, rows * 2);
    this.keys = column(bytes, 2, rows);
    this.texts = column(bytes, 3, rows);
    this.units = column(bytes, 4, rows);
    this.halves.set(halves);
    this.keys.set(keys);
    this.texts.set(texts);
    this.units.set(units);
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
