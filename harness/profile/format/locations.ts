import { column, columnBytes, signedColumn, unfilledBytes } from '../columns/columns.ts';
import { Ids, type IdTable, lookUp } from './id-table.ts';
import type { LocationTable } from '../columns/profile.ts';
import type { Messages } from './split-fields.ts';
import { WIRE_BYTES, WIRE_VARINT, type WireReader } from './wire.ts';

/** Field numbers of the messages Location and Line; all are numbers but the lines of a location. */
const ID = 1;
const MAPPING_ID = 2;
const ADDRESS = 3;
const IS_FOLDED = 5;
const LINE_FUNCTION = 1;
const LINE_NUMBER = 2;
const LINE_COLUMN = 3;

/** The key (field number and wire type) of a location's line. */
const LINE = (4 << 3) | WIRE_BYTES;

/** Eight of the address, four of the mapping and of the first line each, one of the mark; and one first line more. */
const LOCATION_BYTES = 17;

/** Lines a location has at first guess: the Go compiler's own profile has 1.35. */
const LINES_PER_LOCATION = 1.5;

/** Lines of all locations so far; grows, since inlined frames are many at some places and none at most. */
class LocationLines {
  capacity: number;
  count = 0;
  functions: Uint32Array;
  numbers: Int32Array<ArrayBuffer>;
  columns: Uint32Array;

  constructor(capacity: number) {
    const bytes = columnBytes(3, capacity);
    this.capacity = capacity;
    this.functions = column(bytes, 0, capacity);
    this.numbers = signedColumn(bytes, 1, capacity);
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
    const longer = new LocationLines(this.capacity * 2);
    longer.functions.set(this.functions);
    longer.numbers.set(this.numbers);
    longer.columns.set(this.columns);
    this.capacity = longer.capacity;
    this.functions = longer.functions;
    this.numbers = longer.numbers;
    this.columns = longer.columns;
  }
}

/** Reads one line; `fields` is room for its numbers. */
const decodeLine = (reader: WireReader, functionIds: IdTable, lines: LocationLines, fields: Float64Array): void => {
  const end = reader.end();
  for (let field = LINE_FUNCTION; field <= LINE_COLUMN; field++) fields[field] = 0;
  for (reader.shortFields(end, fields); reader.pos < end; reader.shortFields(end, fields)) {
    const key = reader.key();
    const field = key >>> 3;
    if ((key & 7) !== WIRE_VARINT || field < LINE_FUNCTION || field > LINE_COLUMN) reader.pass(key & 7);
    else if (field === LINE_FUNCTION) fields[field] = reader.id();
    else fields[field] = field === LINE_NUMBER ? reader.line() : Math.max(0, reader.line());
  }
  reader.finish(end);
  const functionId = fields[LINE_FUNCTION] as number;
  const index = lookUp(functionIds, functionId);
  if (index === 0)
    throw reader.broken(`a line belongs to function ${reader.idText(functionId)}, which is not in the file`);
  lines.push(index - 1, fields[LINE_NUMBER] as number, fields[LINE_COLUMN] as number);
};

export const decodeLocations = (
  reader: WireReader,
  messages: Messages,
  mappingIds: IdTable,
  functionIds: IdTable,
): { readonly table: LocationTable; readonly ids: IdTable } => {
  const count = messages.count;
  const ids = new Ids(count);
  // The widest rows first, for a view of eight bytes begins at a multiple of them.
  const bytes = unfilledBytes(count * LOCATION_BYTES + 4);
  const address = new BigUint64Array(bytes, 0, count);
  const halves = new Uint32Array(bytes, 0, 2 * count);
  const mapping = new Uint32Array(bytes, 8 * count, count);
  const lineStart = new Uint32Array(bytes, 12 * count, count + 1);
  const isFolded = new Uint8Array(bytes, 16 * count + 4, count);
  const lines = new LocationLines(Math.ceil(count * LINES_PER_LOCATION) + 16);
  const fields = new Float64Array(IS_FOLDED + 1);
  const lineFields = new Float64Array(LINE_COLUMN + 1);
  for (let i = 0; i < count; i++) {
    const end = messages.enterNext();
    lineStart[i] = lines.count;
    for (let field = ID; field <= IS_FOLDED; field++) fields[field] = 0;
    halves[2 * i + 1] = 0;
    for (;;) {
      reader.shortFields(end, fields);
      // One that is not in the file is none, as pprof has it: no cost depends on it.
      mapping[i] = lookUp(mappingIds, fields[MAPPING_ID] as number);
      if (reader.pos >= end) break;
      const key = reader.key();
      const field = key >>> 3;
      if (key === LINE) decodeLine(reader, functionIds, lines, lineFields);
      else if ((key & 7) !== WIRE_VARINT || field < ID || field > IS_FOLDED) reader.pass(key & 7);
      else if (field === ADDRESS) {
        reader.bits();
        fields[ADDRESS] = reader.low;
        halves[2 * i + 1] = reader.high;
      } else fields[field] = reader.id();
    }
    reader.finish(end);
    ids.set(i, fields[ID] as number);
    halves[2 * i] = fields[ADDRESS] as number;
    isFolded[i] = fields[IS_FOLDED] === 0 ? 0 : 1;
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
  return { table, ids: ids.table('location', reader) };
};
