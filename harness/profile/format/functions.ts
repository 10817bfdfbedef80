import { column, columnBytes } from '../columns/columns.ts';
import { Ids, type IdTable } from './id-table.ts';
import type { FunctionTable } from '../columns/profile.ts';
import type { Messages } from './split-fields.ts';
import { WIRE_VARINT, type WireReader } from './wire.ts';

/** Field numbers of the message Function; all are numbers. */
const ID = 1;
const NAME = 2;
const SYSTEM_NAME = 3;
const FILE = 4;
const START_LINE = 5;

const requireStrings = (reader: WireReader, fields: Float64Array, stringCount: number): void => {
  const least = Math.max(stringCount, 1);
  const name = fields[NAME] as number;
  const systemName = fields[SYSTEM_NAME] as number;
  const file = fields[FILE] as number;
  if (name < least && systemName < least && file < least) return;
  const index = [name, systemName, file].find((each) => each >= least) ?? 0;
  throw reader.broken(`a function names string ${index} of ${stringCount}`);
};

/** Reads one message into `fields`, by field number. */
const readFunction = (reader: WireReader, end: number, fields: Float64Array, stringCount: number): void => {
  for (let field = ID; field <= START_LINE; field++) fields[field] = 0;
  for (reader.shortFields(end, fields); reader.pos < end; reader.shortFields(end, fields)) {
    requireStrings(reader, fields, stringCount);
    const key = reader.key();
    const field = key >>> 3;
    if ((key & 7) !== WIRE_VARINT || field < ID || field > START_LINE) reader.pass(key & 7);
    else if (field === ID) fields[field] = reader.id();
    else if (field === START_LINE) fields[field] = Math.max(0, reader.line());
    else fields[field] = reader.index('string index');
  }
  requireStrings(reader, fields, stringCount);
  reader.finish(end);
};

export const decodeFunctions = (
  reader: WireReader,
  messages: Messages,
  stringCount: number,
): { readonly table: FunctionTable; readonly ids: IdTable } => {
  const count = messages.count;
  const ids = new Ids(count);
  const bytes = columnBytes(4, count);
  const table: FunctionTable = {
    count,
    name: column(bytes, 0, count),
    systemName: column(bytes, 1, count),
    file: column(bytes, 2, count),
    startLine: column(bytes, 3, count),
  };
  const fields = new Float64Array(START_LINE + 1);
  for (let i = 0; i < count; i++) {
    readFunction(reader, messages.enterNext(), fields, stringCount);
    ids.set(i, fields[ID] as number);
    table.name[i] = fields[NAME] as number;
    table.systemName[i] = fields[SYSTEM_NAME] as number;
    table.file[i] = fields[FILE] as number;
    table.startLine[i] = fields[START_LINE] as number;
  }
  return { table, ids: ids.table('function', reader) };
};
