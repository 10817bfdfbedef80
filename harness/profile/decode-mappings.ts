import { Ids, type IdTable } from './id-table.ts';
import type { Mapping } from './profile.ts';
import type { Messages } from './split-fields.ts';
import { WIRE_VARINT, type WireReader } from './wire.ts';

/** Field numbers of the message Mapping. */
const MAPPING = {
  id: 1,
  start: 2,
  limit: 3,
  offset: 4,
  file: 5,
  buildId: 6,
  hasFunctions: 7,
  hasFilenames: 8,
  hasLineNumbers: 9,
  hasInlineFrames: 10,
} as const;

const FIELD_COUNT = 11;

const decodeMapping = (reader: WireReader, end: number, text: (index: number) => string) => {
  const fields = Array.from({ length: FIELD_COUNT }, () => 0n);
  while (reader.pos < end) {
    const key = reader.key();
    const field = key >>> 3;
    if (field >= FIELD_COUNT) {
      reader.pass(key & 7);
      continue;
    }
    reader.expect(key & 7, WIRE_VARINT, 'a mapping field');
    fields[field] = reader.bigUnsigned();
  }
  reader.finish(end);
  const field = (number: number): bigint => fields[number] ?? 0n;
  const mapping: Mapping = {
    start: field(MAPPING.start),
    limit: field(MAPPING.limit),
    offset: field(MAPPING.offset),
    file: text(Number(field(MAPPING.file))),
    buildId: text(Number(field(MAPPING.buildId))),
    hasFunctions: field(MAPPING.hasFunctions) !== 0n,
    hasFilenames: field(MAPPING.hasFilenames) !== 0n,
    hasLineNumbers: field(MAPPING.hasLineNumbers) !== 0n,
    hasInlineFrames: field(MAPPING.hasInlineFrames) !== 0n,
  };
  return { id: Number(field(MAPPING.id)), mapping };
};

export const decodeMappings = (
  reader: WireReader,
  messages: Messages,
  text: (index: number) => string,
): { readonly table: readonly Mapping[]; readonly ids: IdTable } => {
  const ids = new Ids(messages.count);
  const table: Mapping[] = [];
  for (let i = 0; i < messages.count; i++) {
    const { id, mapping } = decodeMapping(reader, messages.enterNext(), text);
    ids.set(i, id);
    table.push(mapping);
  }
  return { table, ids: ids.table('mapping', reader) };
};
