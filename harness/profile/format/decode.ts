/**
 * pprof bytes → {@link Profile}. One walk over the top level notes where the messages lie; then the tables are read,
 * and the samples last, so that a stack is resolved to indices while it is read and every array has its size from the
 * start. Field numbers are those of profile.proto (github.com/google/pprof, proto/profile.proto).
 */
import { decodeFunctions } from './functions.ts';
import { decodeLocations } from './locations.ts';
import { decodeMappings } from './mappings.ts';
import { decodeSamples } from './samples.ts';
import { decodeStrings } from './strings.ts';
import { unpack } from './gunzip.ts';
import { refuseOtherFormats } from './other-formats.ts';
import type { Profile, ValueType } from '../columns/profile.ts';
import { ProfileError } from '../columns/profile-error.ts';
import { type Messages, splitFields } from './split-fields.ts';
import { WIRE_BYTES, WIRE_VARINT, WireReader } from './wire.ts';

const FIELD = {
  sampleType: 1,
  sample: 2,
  mapping: 3,
  location: 4,
  function: 5,
  string: 6,
  dropFrames: 7,
  keepFrames: 8,
  timeNs: 9,
  durationNs: 10,
  periodType: 11,
  period: 12,
  comment: 13,
  defaultSampleType: 14,
  docUrl: 15,
} as const;

const MESSAGES = [
  FIELD.sampleType,
  FIELD.sample,
  FIELD.mapping,
  FIELD.location,
  FIELD.function,
  FIELD.string,
  FIELD.periodType,
];

/** Scalars of the message; `strings` indices where the name says text. */
interface Header {
  readonly comments: number[];
  dropFrames: number;
  keepFrames: number;
  timeNs: bigint;
  durationNs: bigint;
  period: bigint;
  defaultSampleType: number;
  docUrl: number;
}

const emptyHeader = (): Header => ({
  comments: [],
  dropFrames: 0,
  keepFrames: 0,
  timeNs: 0n,
  durationNs: 0n,
  period: 0n,
  defaultSampleType: 0,
  docUrl: 0,
});

const readComments = (reader: WireReader, wireType: number, comments: number[]): void => {
  if (wireType === WIRE_VARINT) {
    comments.push(reader.index('string index'));
    return;
  }
  reader.expect(wireType, WIRE_BYTES, 'comment');
  const end = reader.end();
  while (reader.pos < end) comments.push(reader.index('string index'));
  reader.finish(end);
};

const readHeaderField = (reader: WireReader, field: number, wireType: number, header: Header): void => {
  if (field === FIELD.comment) return readComments(reader, wireType, header.comments);
  if (field < FIELD.dropFrames || field > FIELD.docUrl) return reader.pass(wireType);
  reader.expect(wireType, WIRE_VARINT, `field ${field}`);
  if (field === FIELD.timeNs) header.timeNs = reader.bigInteger();
  else if (field === FIELD.durationNs) header.durationNs = reader.bigInteger();
  else if (field === FIELD.period) header.period = reader.bigInteger();
  else if (field === FIELD.dropFrames) header.dropFrames = reader.index('string index');
  else if (field === FIELD.keepFrames) header.keepFrames = reader.index('string index');
  else if (field === FIELD.defaultSampleType) header.defaultSampleType = reader.index('string index');
  else header.docUrl = reader.index('string index');
};

const messagesOf = (all: readonly (Messages | undefined)[], field: number, reader: WireReader): Messages => {
  const messages = all[field];
  if (messages === undefined) throw reader.broken(`field ${field} was not split off`);
  return messages;
};

const decodeValueTypes = (reader: WireReader, messages: Messages, text: TextOf): readonly ValueType[] =>
  Array.from({ length: messages.count }, () => {
    const end = messages.enterNext();
    let type = 0;
    let unit = 0;
    while (reader.pos < end) {
      const key = reader.key();
      if (key === ((1 << 3) | WIRE_VARINT)) type = reader.index('string index');
      else if (key === ((2 << 3) | WIRE_VARINT)) unit = reader.index('string index');
      else reader.pass(key & 7);
    }
    reader.finish(end);
    return { type: text(type), unit: text(unit) };
  });

/** Resolves a string index of the file. */
export type TextOf = (index: number) => string;

const textOf =
  (strings: readonly string[], reader: WireReader): TextOf =>
  (index) => {
    const text = strings[index] ?? (index === 0 ? '' : undefined);
    if (text === undefined) throw reader.broken(`string ${index} is not among the ${strings.length} strings`);
    return text;
  };

/** `isOurs`: the message was unpacked here, and may be written over once it is read. */
const decodeMessage = (reader: WireReader, isOurs: boolean): Profile => {
  const header = emptyHeader();
  const all = splitFields(reader, MESSAGES, (field, wireType) => readHeaderField(reader, field, wireType, header));
  const of = (field: number): Messages => messagesOf(all, field, reader);
  const strings = decodeStrings(reader, of(FIELD.string));
  const text = textOf(strings, reader);
  const sampleTypes = decodeValueTypes(reader, of(FIELD.sampleType), text);
  const periodType = decodeValueTypes(reader, of(FIELD.periodType), text).at(-1) ?? { type: '', unit: '' };
  const mappings = decodeMappings(reader, of(FIELD.mapping), text);
  const functions = decodeFunctions(reader, of(FIELD.function), strings.length);
  const locations = decodeLocations(reader, of(FIELD.location), mappings.ids, functions.ids);
  // Last: it may write over what was read.
  const { samples, labels } = decodeSamples(reader, of(FIELD.sample), {
    valueCount: sampleTypes.length,
    locationIds: locations.ids,
    stringCount: strings.length,
    mayOverwrite: isOurs,
  });
  return {
    name: reader.fileName,
    sampleTypes,
    defaultSampleType: text(header.defaultSampleType),
    periodType,
    period: header.period,
    timeNs: header.timeNs,
    durationNs: header.durationNs,
    comments: header.comments.map(text),
    dropFrames: text(header.dropFrames),
    keepFrames: text(header.keepFrames),
    docUrl: text(header.docUrl),
    strings: strings.length > 0 ? strings : [''],
    mappings: mappings.table,
    functions: functions.table,
    locations: locations.table,
    samples,
    labels,
  };
};

/**
 * Decodes a pprof profile, gzip or plain. `name` appears in messages.
 * Throws {@link ProfileError} for anything that is not a whole, consistent profile: it says what and at which byte.
 */
export const decodeProfile = (bytes: Uint8Array, name: string): Profile => {
  if (bytes.length === 0) {
    throw new ProfileError(`${name} is empty`, 'The service stopped before it wrote the profile; take it again.');
  }
  refuseOtherFormats(bytes, name);
  const message = unpack(bytes, name);
  if (message !== bytes) refuseOtherFormats(message, name);
  const reader = new WireReader(message, name);
  const profile = decodeMessage(reader, message !== bytes);
  if (profile.sampleTypes.length === 0) {
    throw reader.broken('it has no sample type');
  }
  return profile;
};
