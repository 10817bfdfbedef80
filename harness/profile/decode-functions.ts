import { column, columnBytes } from './columns.ts';
import { type IdTable, indexIds } from './id-table.ts';
import type { FunctionTable } from './profile.ts';
import type { Messages } from './split-fields.ts';
import { WIRE_VARINT, type WireReader } from './wire.ts';

/** Keys (field number and wire type varint) of the message Function. */
const ID = (1 << 3) | WIRE_VARINT;
const NAME = (2 << 3) | WIRE_VARINT;
const SYSTEM_NAME = (3 << 3) | WIRE_VARINT;
const FILE = (4 << 3) | WIRE_VARINT;
const START_LINE = (5 << 3) | WIRE_VARINT;

const stringIndex = (reader: WireReader, stringCount: number): number => {
  const index = reader.index('string index');
  if (index !== 0 && index >= stringCount) throw reader.broken(`a function names string ${index} of ${stringCount}`);
  return index;
};

export const decodeFunctions = (
  reader: WireReader,
  messages: Messages,
  stringCount: number,
): { readonly table: FunctionTable; readonly ids: IdTable } => {
  const count = messages.count;
  const ids = new Float64Array(count);
  const bytes = columnBytes(4, count);
  const table: FunctionTable = {
    count,
    name: column(bytes, 0, count),
    systemName: column(bytes, 1, count),
    file: column(bytes, 2, count),
    startLine: column(bytes, 3, count),
  };
  for (let i = 0; i < count; i++) {
    const end = messages.enterNext();
    while (reader.pos < end) {
      const key = reader.key();
      if (key === ID) ids[i] = reader.integer();
      else if (key === NAME) table.name[i] = stringIndex(reader, stringCount);
      else if (key === SYSTEM_NAME) table.systemName[i] = stringIndex(reader, stringCount);
      else if (key === FILE) table.file[i] = stringIndex(reader, stringCount);
      else if (key === START_LINE) table.startLine[i] = reader.index('start line');
      else reader.pass(key & 7);
    }
    reader.finish(end);
  }
  return { table, ids: indexIds(ids, 'function', reader) };
};
