import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { ungzip } from 'pako';
import { describe, expect, test } from 'vitest';
import { decodeProfile, encodeProfile } from '../../../harness/profile/index.ts';
import { contentOf, decodeShape, messageOf, profileShape } from '../arbitrary-profile.ts';
import { decodeToObject, encodePacked, encodeUnpacked } from './pprof.proto.ts';
import { GO_VERSIONS } from '../fixtures.ts';

const FIXTURES = new URL('../../fixtures/profiles/', import.meta.url);
const files = GO_VERSIONS.flatMap((version) =>
  readdirSync(new URL(`${version}/`, FIXTURES))
    .filter((file) => file.endsWith('.pb.gz'))
    .map((file) => `${version}/${file}`),
);

describe('decode and encode', () => {
  test.each(files)('a real profile decodes to the same columns after encoding: %s', (file) => {
    const profile = decodeProfile(readFileSync(new URL(file, FIXTURES)), file);
    expect(decodeProfile(encodeProfile(profile), file)).toEqual(profile);
  });

  test.each(files)('protobufjs reads the same message from our encoding as from Go: %s', (file) => {
    const original = readFileSync(new URL(file, FIXTURES));
    const ours = encodeProfile(decodeProfile(original, file));
    expect(decodeToObject(ungzip(ours))).toEqual(decodeToObject(ungzip(original)));
  });

  test('any profile decodes to the same columns after encoding, whatever its ids, labels and signs', () => {
    fc.assert(
      fc.property(profileShape(-(2 ** 40)), (shape) => {
        const profile = decodeShape(shape);
        expect(decodeProfile(encodeProfile(profile), 'random')).toEqual(profile);
      }),
      { numRuns: 300 },
    );
  });

  test('unpacked lists, as Go writes short ones, decode like packed ones', () => {
    fc.assert(
      fc.property(profileShape(-5), (shape) => {
        const unpacked = decodeProfile(encodeUnpacked(messageOf(shape)), 'random');
        expect(unpacked).toEqual(decodeShape(shape));
      }),
      { numRuns: 150 },
    );
  });

  test('samples come out with the stacks, labels and values that went in', () => {
    const shape = {
      types: ['samples', 'cpu'],
      functions: [
        { name: 0, line: 10 },
        { name: 1, line: 20 },
      ],
      locations: [
        [{ fn: 0, line: 11 }],
        [
          { fn: 1, line: 21 },
          { fn: 0, line: 12 },
        ],
        [],
      ],
      samples: [
        { stack: [0, 1], values: [2, 20_000_000, 0, 0], label: 3 },
        { stack: [2], values: [-1, -10_000_000, 0, 0], label: 0 },
      ],
      idStep: 3,
    };
    expect(contentOf(decodeShape(shape))).toEqual([
      '0x18446744073709551002  -1,-10000000',
      'main.a@10:11;main.b@20:21<main.a@10:12 bytes=-3bytes route=/list0 2,20000000',
    ]);
  });

  test('equal profiles encode to equal bytes', () => {
    const bytes = readFileSync(new URL('go1.26/cpu.pb.gz', FIXTURES));
    expect(encodeProfile(decodeProfile(bytes, 'a'))).toEqual(encodeProfile(decodeProfile(bytes, 'b')));
  });

  test('an empty profile with types is a profile without samples', () => {
    const bytes = encodePacked({ stringTable: ['', 'cpu', 'ns'], sampleType: [{ type: 1, unit: 2 }] });
    expect(decodeProfile(bytes, 'empty').samples.count).toBe(0);
  });
});
