import { column, columnBytes } from '../columns/columns.ts';
import type { LabelTable } from '../columns/profile.ts';
import { WIRE_VARINT, type WireReader } from './wire.ts';

/** Field numbers of the message Label; all are numbers. */
const KEY = 1;
const TEXT = 2;
const NUMBER = 3;
const UNIT = 4;

/** Keys of the fields that are numbers of one byte or more. */
const KEY_TAG = (KEY << 3) | WIRE_VARINT;
const NUMBER_TAG = (NUMBER << 3) | WIRE_VARINT;

const LEAST_CAPACITY = 64;
const NONE = new Uint32Array(0);

/** The labels so far; the number's halves are written as they come, the table views them as int64. */
export class Labels {
  readonly reader: WireReader;
  readonly stringCount: number;
  readonly sampleCount: number;
  count = 0;
  capacity = 0;
  keys = NONE;
  texts = NONE;
  units = NONE;
  halves = NONE;
  readonly fields = new Float64Array(UNIT + 1);

  constructor(reader: WireReader, stringCount: number, sampleCount: number) {
    this.reader = reader;
    this.stringCount = stringCount;
    this.sampleCount = sampleCount;
  }

  requireString(field: number): void {
    const index = this.fields[field] as number;
    if (index !== 0 && index >= this.stringCount) {
      throw this.reader.broken(`a label names string ${index} of ${this.stringCount}`);
    }
  }

  read(): void {
    const { reader, fields, count } = this;
    if (count === this.capacity) this.grow();
    const end = reader.end();
    if (this.readNumber(end)) return;
    for (let field = KEY; field <= UNIT; field++) fields[field] = 0;
    this.halves[2 * count + 1] = 0;
    for (;;) {
      reader.shortFields(end, fields);
      this.requireString(KEY);
      this.requireString(TEXT);
      this.requireString(UNIT);
      if (reader.pos >= end) break;
      const key = reader.key();
      const field = key >>> 3;
      if ((key & 7) !== WIRE_VARINT || field < KEY || field > UNIT) reader.pass(key & 7);
      else if (field === NUMBER) {
        reader.bits();
        fields[NUMBER] = reader.low;
        this.halves[2 * count + 1] = reader.high;
      } else fields[field] = reader.index('string index');
    }
    reader.finish(end);
    this.put(fields[KEY] as number, fields[TEXT] as number, fields[NUMBER] as number, fields[UNIT] as number);
  }

  /** A number under a key, the size that Go's runtime gives every heap sample; false, and nothing read, for another label. */
  readNumber(end: number): boolean {
    const { reader, count } = this;
    const { buf, pos } = reader;
    const key = buf[pos + 1] as number;
    if (buf[pos] !== KEY_TAG || buf[pos + 2] !== NUMBER_TAG || key > 127 || key >= this.stringCount) return false;
    reader.pos = pos + 3;
    const number = reader.shortNumber();
    if (number < 0 || reader.pos !== end) {
      reader.pos = pos;
      return false;
    }
    this.halves[2 * count + 1] = 0;
    this.put(key, 0, number, 0);
    return true;
  }

  /** The next row, but for the number's upper half, which is written before. */
  put(key: number, text: number, low: number, unit: number): void {
    const { count } = this;
    this.keys[count] = key;
    this.texts[count] = text;
    this.halves[2 * count] = low;
    this.units[count] = unit;
    this.count++;
  }

  /** Few labels, or one for every sample, as every heap profile has. */
  grow(): void {
    const { keys, texts, units, halves } = this;
    const rows = this.capacity === 0 ? LEAST_CAPACITY : Math.max(this.sampleCount, this.capacity * 2);
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
