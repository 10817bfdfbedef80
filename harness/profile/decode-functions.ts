import { type IdTable, indexIds } from './id-table.ts';
import type { FunctionTable } from './profile.ts';
import type { Ranges } from './split-fields.ts';
import { WIRE_VARINT, type WireReader } from './wire.ts';

/** Keys (field number and wire type varint) of the message Function. */
const ID = (1 << 3) | WIRE_VARINT;
const NAME = (2 << 3) | WIRE_VARINT;
const SYSTEM_NAME = (3 << 3) | WIRE_VARINT;
const FILE = (4 << 3) | WIRE_VARINT;
const START_LINE = (5 << 3) | WIRE_VARINT;

export const decodeFunctions = (
  reader: WireReader,
  ranges: Ranges,
  stringCount: number,
): { readonly table: FunctionTable; readonly ids: IdTable } => {
  const count = ranges.count;
  const ids = new Float64Array(count);
  const table: FunctionTable = {
    count,
    name: new Uint32Array(count),
    systemName: new Uint32Array(count),
    file: new Uint32Array(count),
    startLine: new Uint32Array(count),
  };
  const stringIndex = (): number => {
    const index = reader.index('string index');
    if (index !== 0 && index >= stringCount) throw reader.broken(`a function names string ${index} of ${stringCount}`);
    return index;
  };
  for (let i = 0; i < count; i++) {
    const end = ranges.end(i);
    reader.pos = ranges.start(i);
    while (reader.pos < end) {
      const key = reader.key();
      if (key === ID) ids[i] = reader.integer();
      else if (key === NAME) table.name[i] = stringIndex();
      else if (key === SYSTEM_NAME) table.systemName[i] = stringIndex();
      else if (key === FILE) table.file[i] = stringIndex();
      else if (key === START_LINE) table.startLine[i] = reader.index('start line');
      else reader.pass(key & 7);
    }
    reader.finish(end);
  }
  return { table, ids: indexIds(ids, 'function', reader) };
};
