import { Ids, type IdTable } from './id-table.ts';
import type { Mapping } from '../columns/profile.ts';
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
  const fields = new Float64Array(FIELD_COUNT);
  /** Addresses, which may take more than the 53 bits of a number. */
  const wide: bigint[] = [];
  for (reader.shortFields(end, fields); reader.pos < end; reader.shortFields(end, fields)) {
    const key = reader.key();
    const field = key >>> 3;
    if (field >= FIELD_COUNT) {
      reader.pass(key & 7);
      continue;
    }
    reader.expect(key & 7, WIRE_VARINT, 'a mapping field');
    if (field === MAPPING.id) fields[field] = reader.id();
    else {
      const value = reader.bigUnsigned();
      wide[field] = value;
      fields[field] = Number(value);
    }
  }
  reader.finish(end);
  const field = (number: number): number => fields[number] as number;
  const address = (number: number): bigint => wide[number] ?? BigInt(field(number));
  const mapping: Mapping = {
    start: address(MAPPING.start),
    limit: address(MAPPING.limit),
    offset: address(MAPPING.offset),
    file: text(field(MAPPING.file)),
    buildId: text(field(MAPPING.buildId)),
    hasFunctions: field(MAPPING.hasFunctions) !== 0,
    hasFilenames: field(MAPPING.hasFilenames) !== 0,
    hasLineNumbers: field(MAPPING.hasLineNumbers) !== 0,
    hasInlineFrames: field(MAPPING.hasInlineFrames) !== 0,
  };
  return { id: field(MAPPING.id), mapping };
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
