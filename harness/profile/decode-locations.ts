import { column, columnBytes } from './columns.ts';
import { type IdTable, indexIds, lookUp } from './id-table.ts';
import type { LocationTable } from './profile.ts';
import type { Messages } from './split-fields.ts';
import { WIRE_BYTES, WIRE_VARINT, type WireReader } from './wire.ts';

/** Keys (field number and wire type) of the messages Location and Line. */
const ID = (1 << 3) | WIRE_VARINT;
const MAPPING_ID = (2 << 3) | WIRE_VARINT;
const ADDRESS = (3 << 3) | WIRE_VARINT;
const LINE = (4 << 3) | WIRE_BYTES;
const IS_FOLDED = (5 << 3) | WIRE_VARINT;
const LINE_FUNCTION = (1 << 3) | WIRE_VARINT;
const LINE_NUMBER = (2 << 3) | WIRE_VARINT;
const LINE_COLUMN = (3 << 3) | WIRE_VARINT;

/** Lines a location has at first guess: the Go compiler's own profile has 1.35. */
const LINES_PER_LOCATION = 1.5;

/** Lines of all locations so far; grows, since inlined frames are many at some places and none at most. */
class Lines {
  capacity: number;
  count = 0;
  functions: Uint32Array;
  numbers: Uint32Array;
  columns: Uint32Array;

  constructor(capacity: number) {
    const bytes = columnBytes(3, capacity);
    this.capacity = capacity;
    this.functions = column(bytes, 0, capacity);
    this.numbers = column(bytes, 1, capacity);
    this.columns = column(bytes, 2, capacity);
  }

  push(functionIndex: number, lineNumber: number, columnNumber: number): void {
    if (this.count === this.capacity) this.grow();
    this.functions[this.count] = functionIndex;
    this.numbers[this.count] = lineNumber;
    this.columns[this.count] = columnNumber;
    this.count++;
  }

  grow(): void {
    const longer = new Lines(this.capacity * 2);
    longer.functions.set(this.functions);
    longer.numbers.set(this.numbers);
    longer.columns.set(this.columns);
    this.capacity = longer.capacity;
    this.functions = longer.functions;
    this.numbers = longer.numbers;
    this.columns = longer.columns;
  }
}

const decodeLine = (reader: WireReader, functionIds: IdTable, lines: Lines): void => {
  const end = reader.end();
  let functionId = 0;
  let number = 0;
  let column = 0;
  while (reader.pos < end) {
    const key = reader.key();
    if (key === LINE_FUNCTION) functionId = reader.integer();
    else if (key === LINE_NUMBER) number = reader.index('line');
    else if (key === LINE_COLUMN) column = reader.index('column');
    else reader.pass(key & 7);
  }
  reader.finish(end);
  const index = lookUp(functionIds, functionId);
  if (index === 0) throw reader.broken(`a line belongs to function ${functionId}, which is not in the file`);
  lines.push(index - 1, number, column);
};

export const decodeLocations = (
  reader: WireReader,
  messages: Messages,
  mappingIds: IdTable,
  functionIds: IdTable,
): { readonly table: LocationTable; readonly ids: IdTable } => {
  const count = messages.count;
  const ids = new Float64Array(count);
  const mapping = new Uint32Array(count);
  const address = new BigUint64Array(count);
  const halves = new Uint32Array(address.buffer);
  const isFolded = new Uint8Array(count);
  const lineStart = new Uint32Array(count + 1);
  const lines = new Lines(Math.ceil(count * LINES_PER_LOCATION) + 16);
  for (let i = 0; i < count; i++) {
    const end = messages.enterNext();
    lineStart[i] = lines.count;
    while (reader.pos < end) {
      const key = reader.key();
      if (key === ID) ids[i] = reader.integer();
      else if (key === MAPPING_ID) {
        const id = reader.integer();
        const index = lookUp(mappingIds, id);
        if (index === 0 && id !== 0)
          throw reader.broken(`a location belongs to mapping ${id}, which is not in the file`);
        mapping[i] = index;
      } else if (key === ADDRESS) {
        reader.bits();
        halves[2 * i] = reader.low;
        halves[2 * i + 1] = reader.high;
      } else if (key === LINE) decodeLine(reader, functionIds, lines);
      else if (key === IS_FOLDED) isFolded[i] = reader.integer() === 0 ? 0 : 1;
      else reader.pass(key & 7);
    }
    reader.finish(end);
  }
  lineStart[count] = lines.count;
  const table: LocationTable = {
    count,
    mapping,
    address,
    isFolded,
    lineStart,
    lineFunction: lines.functions.subarray(0, lines.count),
    lineNumber: lines.numbers.subarray(0, lines.count),
    lineColumn: lines.columns.subarray(0, lines.count),
  };
  return { table, ids: indexIds(ids, 'location', reader) };
};
