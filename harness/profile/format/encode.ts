/** {@link Profile} → pprof bytes, with protobufjs's Writer; ids are the index plus one. */
import protobuf from 'protobufjs/minimal.js';
import { pack } from './gunzip.ts';
import type { Mapping, Profile, ValueType } from '../columns/profile.ts';
import { WIRE_BYTES, WIRE_VARINT } from './wire.ts';

type Writer = protobuf.Writer;

const tag = (field: number, wireType: number): number => (field << 3) | wireType;

const LOW_32 = 0xffff_ffffn;

/** A 64-bit integer as the two halves protobufjs writes. */
const halvesOf = (value: bigint) => {
  const bits = BigInt.asUintN(64, value);
  return { low: Number(bits & LOW_32), high: Number(bits >> 32n), unsigned: false };
};

/** Writes an integer field; 0 is the default and takes no bytes. */
const writeNumber = (writer: Writer, field: number, value: number): void => {
  if (value !== 0) writer.uint32(tag(field, WIRE_VARINT)).int64(value);
};

const writeBig = (writer: Writer, field: number, value: bigint): void => {
  if (value !== 0n) writer.uint32(tag(field, WIRE_VARINT)).int64(halvesOf(value) as never);
};

const writeMessage = (writer: Writer, field: number, write: () => void): void => {
  writer.uint32(tag(field, WIRE_BYTES)).fork();
  write();
  writer.ldelim();
};

/** Indices of the strings the header needs, added behind the profile's own where they are new. */
class EncodedStrings {
  readonly all: string[];
  readonly #index = new Map<string, number>();

  constructor(strings: readonly string[]) {
    this.all = [...strings];
    strings.forEach((text, i) => {
      if (!this.#index.has(text)) this.#index.set(text, i);
    });
  }

  of(text: string): number {
    const known = this.#index.get(text);
    if (known !== undefined) return known;
    this.#index.set(text, this.all.length);
    return this.all.push(text) - 1;
  }
}

const writeValueType = (writer: Writer, field: number, value: ValueType, strings: EncodedStrings): void =>
  writeMessage(writer, field, () => {
    writeNumber(writer, 1, strings.of(value.type));
    writeNumber(writer, 2, strings.of(value.unit));
  });

const writeValue = (writer: Writer, { values, wide }: Profile['samples'], at: number): void => {
  const exact = wide?.get(at);
  if (exact === undefined) writer.int64(values[at] ?? 0);
  else writer.int64(halvesOf(exact) as never);
};

const writeSamples = (writer: Writer, { samples, labels, sampleTypes }: Profile): void => {
  const width = sampleTypes.length;
  for (let i = 0; i < samples.count; i++) {
    writeMessage(writer, 2, () => {
      const from = samples.stackStart[i] ?? 0;
      const to = samples.stackStart[i + 1] ?? 0;
      if (to > from) {
        writeMessage(writer, 1, () => {
          for (let at = from; at < to; at++) writer.uint32((samples.stack[at] ?? 0) + 1);
        });
      }
      writeMessage(writer, 2, () => {
        for (let at = i * width; at < (i + 1) * width; at++) writeValue(writer, samples, at);
      });
      for (let label = samples.labelStart[i] ?? 0; label < (samples.labelStart[i + 1] ?? 0); label++) {
        writeMessage(writer, 3, () => {
          writeNumber(writer, 1, labels.key[label] ?? 0);
          writeNumber(writer, 2, labels.text[label] ?? 0);
          writeBig(writer, 3, labels.number[label] ?? 0n);
          writeNumber(writer, 4, labels.unit[label] ?? 0);
        });
      }
    });
  }
};

const writeMapping = (writer: Writer, mapping: Mapping, id: number, strings: EncodedStrings): void =>
  writeMessage(writer, 3, () => {
    writeNumber(writer, 1, id);
    writeBig(writer, 2, mapping.start);
    writeBig(writer, 3, mapping.limit);
    writeBig(writer, 4, mapping.offset);
    writeNumber(writer, 5, strings.of(mapping.file));
    writeNumber(writer, 6, strings.of(mapping.buildId));
    writeNumber(writer, 7, Number(mapping.hasFunctions));
    writeNumber(writer, 8, Number(mapping.hasFilenames));
    writeNumber(writer, 9, Number(mapping.hasLineNumbers));
    writeNumber(writer, 10, Number(mapping.hasInlineFrames));
  });

const writeLocations = (writer: Writer, { locations }: Profile): void => {
  for (let i = 0; i < locations.count; i++) {
    writeMessage(writer, 4, () => {
      writeNumber(writer, 1, i + 1);
      writeNumber(writer, 2, locations.mapping[i] ?? 0);
      writeBig(writer, 3, locations.address[i] ?? 0n);
      for (let line = locations.lineStart[i] ?? 0; line < (locations.lineStart[i + 1] ?? 0); line++) {
        writeMessage(writer, 4, () => {
          writeNumber(writer, 1, (locations.lineFunction[line] ?? 0) + 1);
          writeNumber(writer, 2, locations.lineNumber[line] ?? 0);
          writeNumber(writer, 3, locations.lineColumn[line] ?? 0);
        });
      }
      writeNumber(writer, 5, locations.isFolded[i] ?? 0);
    });
  }
};

const writeFunctions = (writer: Writer, { functions }: Profile): void => {
  for (let i = 0; i < functions.count; i++) {
    writeMessage(writer, 5, () => {
      writeNumber(writer, 1, i + 1);
      writeNumber(writer, 2, functions.name[i] ?? 0);
      writeNumber(writer, 3, functions.systemName[i] ?? 0);
      writeNumber(writer, 4, functions.file[i] ?? 0);
      writeNumber(writer, 5, functions.startLine[i] ?? 0);
    });
  }
};

const writeHeader = (writer: Writer, profile: Profile, strings: EncodedStrings): void => {
  writeNumber(writer, 7, strings.of(profile.dropFrames));
  writeNumber(writer, 8, strings.of(profile.keepFrames));
  writeBig(writer, 9, profile.timeNs);
  writeBig(writer, 10, profile.durationNs);
  writeValueType(writer, 11, profile.periodType, strings);
  writeBig(writer, 12, profile.period);
  for (const comment of profile.comments) writer.uint32(tag(13, WIRE_VARINT)).int64(strings.of(comment));
  writeNumber(writer, 14, strings.of(profile.defaultSampleType));
  writeNumber(writer, 15, strings.of(profile.docUrl));
};

/** The profile as gzip pprof, as `go tool pprof` and `go build -pgo` read it. Equal profiles give equal bytes. */
export const encodeProfile = (profile: Profile): Uint8Array => {
  const writer = protobuf.Writer.create();
  const strings = new EncodedStrings(profile.strings);
  for (const type of profile.sampleTypes) writeValueType(writer, 1, type, strings);
  writeSamples(writer, profile);
  profile.mappings.forEach((mapping, i) => writeMapping(writer, mapping, i + 1, strings));
  writeLocations(writer, profile);
  writeFunctions(writer, profile);
  writeHeader(writer, profile, strings);
  for (const text of strings.all) writer.uint32(tag(6, WIRE_BYTES)).string(text);
  return pack(writer.finish());
};
