import { column, unfilledBytes } from '../columns/columns.ts';
import { Labels } from './labels.ts';
import { Stacks } from './stacks.ts';
import type { IdTable } from './id-table.ts';
import type { LabelTable, SampleTable } from '../columns/profile.ts';
import type { Messages } from './split-fields.ts';
import { WIRE_BYTES, WIRE_VARINT, type WireReader } from './wire.ts';

/** Keys (field number and wire type) of the message Sample. Go packs a list from three elements on. */
const LOCATIONS = (1 << 3) | WIRE_BYTES;
const LOCATION = (1 << 3) | WIRE_VARINT;
const VALUES = (2 << 3) | WIRE_BYTES;
const VALUE = (2 << 3) | WIRE_VARINT;
const LABEL = (3 << 3) | WIRE_BYTES;

export interface SampleContext {
  readonly valueCount: number;
  readonly locationIds: IdTable;
  readonly stringCount: number;
  /** Nobody needs the message once it is read. */
  readonly mayOverwrite: boolean;
}

/** Ids take two bytes each in a middling profile; the array grows where they take one, and is cut at the end. */
const BYTES_PER_ID = 2;

/** Reads samples one by one. A method per sample, for V8 compiles what is called often, but a long loop late. */
class SampleReader {
  readonly reader: WireReader;
  readonly messages: Messages;
  readonly stacks: Stacks;
  readonly labels: Labels;
  readonly valueCount: number;
  readonly values: Float64Array;
  readonly wide = new Map<number, bigint>();
  readonly stackStart: Uint32Array;
  readonly labelStart: Uint32Array;

  constructor(reader: WireReader, messages: Messages, context: SampleContext) {
    const { count, byteCount: bytes } = messages;
    const { valueCount } = context;
    // Every value takes a byte at least: fewer bytes than values is a mismatch, found before the memory is asked for.
    if (count * valueCount > bytes) throw reader.broken(`${count} samples cannot hold ${valueCount} values each`);
    this.reader = reader;
    this.messages = messages;
    this.stacks = new Stacks(reader, context.locationIds, Math.ceil(bytes / BYTES_PER_ID), context.mayOverwrite);
    this.labels = new Labels(reader, context.stringCount, count);
    this.valueCount = valueCount;
    this.values = new Float64Array(unfilledBytes(count * valueCount * 8));
    const starts = unfilledBytes(2 * 4 * (count + 1));
    this.stackStart = column(starts, 0, count + 1);
    this.labelStart = column(starts, 1, count + 1);
  }

  /** Reads the next sample, number `i`. */
  read(i: number): void {
    const { reader, stacks, labels, messages } = this;
    const end = messages.enterNext();
    this.stackStart[i] = stacks.count;
    this.labelStart[i] = labels.count;
    let found = 0;
    while (reader.pos < end) {
      const key = reader.key();
      if (key === LOCATIONS) stacks.addPacked(reader.end());
      else if (key === LOCATION) stacks.add(reader.id());
      else if (key === VALUES) found = this.readValues(i, found);
      else if (key === VALUE) found = this.put(i, found, this.longValue(i, found));
      else if (key === LABEL) labels.read();
      else reader.pass(key & 7);
    }
    reader.finish(end);
    if (found !== this.valueCount) {
      throw reader.broken(`sample ${i} has ${found} values for ${this.valueCount} sample types`);
    }
  }

  /** The next value of sample `i`; one too many is counted, not kept. */
  put(i: number, found: number, value: number): number {
    if (found < this.valueCount) this.values[i * this.valueCount + found] = value;
    return found + 1;
  }

  /** A value of any length; what a number cannot hold exactly is kept beside it. */
  longValue(i: number, found: number): number {
    const { reader, valueCount } = this;
    const value = reader.longNumber();
    if (!Number.isSafeInteger(value) && found < valueCount) this.wide.set(i * valueCount + found, reader.lastBig());
    return value;
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
          value = this.longValue(i, found);
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
  messages: Messages,
  context: SampleContext,
): { readonly samples: SampleTable; readonly labels: LabelTable } => {
  const { count } = messages;
  const read = new SampleReader(reader, messages, context);
  for (let i = 0; i < count; i++) read.read(i);
  const { values, wide, stackStart, labelStart, stacks, labels } = read;
  stackStart[count] = stacks.count;
  labelStart[count] = labels.count;
  return {
    samples: { count, values, ...(wide.size > 0 && { wide }), stackStart, stack: stacks.cut(), labelStart },
    labels: labels.table(),
  };
};
