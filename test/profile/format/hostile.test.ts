import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { EXIT } from '../../../harness/errors.ts';
import { decodeProfile, flatCum, functionCosts, ProfileError } from '../../../harness/profile/index.ts';
import { mutate, seededRandom } from './mutate.ts';
import { encodePacked } from './pprof.proto.ts';

const FIXTURES = new URL('../../fixtures/profiles/go1.26/', import.meta.url);

const VALID = {
  stringTable: ['', 'cpu', 'ns', 'main.a'],
  sampleType: [{ type: 1, unit: 2 }],
  function: [{ id: 1, name: 3 }],
  location: [{ id: 1, line: [{ functionId: 1, line: 5 }] }],
  sample: [{ locationId: [1], value: [7] }],
};

const refusals: readonly (readonly [string, object, RegExp])[] = [
  ['a stack with an unknown location', { sample: [{ locationId: [2], value: [7] }] }, /location 2, which is not in/],
  ['a packed stack with an unknown location', { sample: [{ locationId: [1, 1, 9], value: [7] }] }, /location 9/],
  ['a line with an unknown function', { location: [{ id: 1, line: [{ functionId: 4 }] }] }, /function 4/],
  ['two functions with one id', { function: [{ id: 1 }, { id: 1 }] }, /two functions have the id 1/],
  ['two locations with one id', { location: [{ id: 1 }, { id: 1 }] }, /two locations have the id 1/],
  ['a location with the id 0', { location: [{ id: 0 }, { id: 1 }] }, /reserved id 0/],
  ['a function name beyond the strings', { function: [{ id: 1, name: 44 }] }, /string 44 of 4/],
  ['a sample type beyond the strings', { sampleType: [{ type: 99, unit: 1 }] }, /string 99 is not among the 4/],
  ['too few values', { sampleType: [{ type: 1 }, { type: 1 }] }, /1 values for 2 sample types/],
  ['too many values', { sample: [{ locationId: [1], value: [7, 8] }] }, /2 values for 1 sample types/],
  ['no sample type', { sampleType: [], sample: [] }, /no sample type/],
  [
    'a stack with an unknown wide id',
    { sample: [{ locationId: ['18446744073709551615'], value: [7] }] },
    /location 18446744073709551615, which is not in/,
  ],
  [
    'two functions with one wide id',
    { function: [{ id: '9007199254740993' }, { id: '9007199254740993' }] },
    /two functions have the id 9007199254740993/,
  ],
  ['a first string that is not empty', { stringTable: ['cpu', 'cpu', 'ns', 'x'] }, /first string is not empty/],
];

describe('broken profiles are refused with a reason', () => {
  test.each(refusals)('%s', (_, change, reason) => {
    expect(() => decodeProfile(encodePacked({ ...VALID, ...change }), 'x.pb')).toThrow(reason);
  });

  test('the valid profile of these cases decodes', () => {
    expect(flatCum(decodeProfile(encodePacked(VALID), 'x.pb')).total).toBe(7);
  });

  test('the error names the file, has a code, a hint and exit 2', () => {
    try {
      decodeProfile(new Uint8Array([0xff]), 'some/file.pb.gz');
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(ProfileError);
      const broken = error as ProfileError;
      expect(broken.message).toMatch(/^some\/file\.pb\.gz is not a pprof profile, or is damaged: it ends inside/);
      expect([broken.code, broken.exitCode]).toEqual(['PROFILE_BROKEN', EXIT.usage]);
      expect(broken.hint).toMatch(/go tool pprof/);
    }
  });

  test.each([
    ['nothing', new Uint8Array(), /is empty/],
    ['a text profile', Buffer.from('goroutine profile: total 7\n1 @ 0x1'), /text beginning with "goroutine profile/],
    [
      'a text profile of debug=2',
      Buffer.from('goroutine 1 [running]:\nmain.main()'),
      /text beginning with "goroutine 1 \[/,
    ],
    ['the threads as text', Buffer.from('threadcreate profile: total 4\n'), /text beginning with "threadcreate/],
    ['a packed text profile', gzipSync('--- contention:\ncycles/second=1'), /text beginning with "--- contention:"/],
    ['an HTML page', Buffer.from('<html>404'), /text beginning with/],
    ['half a gzip', readFileSync(new URL('cpu.pb.gz', FIXTURES)).subarray(0, 900), /damaged gzip/],
    ['two bytes of gzip', Buffer.from([0x1f, 0x8b]), /damaged gzip/],
    ['gzip of nothing', gzipSync(Buffer.alloc(0)), /no sample type/],
    ['a group', Buffer.from([0x0b, 0x0c]), /wire type 3/],
    ['a part longer than the file', Buffer.from([0x12, 0x7f, 1]), /cut short: a part of 127 bytes/],
    ['a number of 11 bytes', Buffer.from([0x48, ...Array.from({ length: 10 }, () => 0xff), 1]), /longer than 10 bytes/],
  ])('%s', (_, bytes, reason) => {
    expect(() => decodeProfile(bytes, 'x.pb.gz')).toThrow(reason);
  });

  test('a gzip bomb is refused at the limit, not after unpacking it', () => {
    const bomb = gzipSync(Buffer.alloc(300 * 1024 * 1024));
    expect(() => decodeProfile(bomb, 'bomb.pb.gz')).toThrow(/unpacks to more than 268435456 bytes/);
  });

  test('many samples of many types ask for no memory before they are known to be there', () => {
    const types = Buffer.concat(Array.from({ length: 20_000 }, () => Buffer.from([0x0a, 0])));
    const samples = Buffer.concat(Array.from({ length: 200_000 }, () => Buffer.from([0x12, 0])));
    expect(() => decodeProfile(Buffer.concat([types, samples]), 'wide.pb')).toThrow(/cannot hold 20000 values/);
  });
});

describe('2,000 mutated profiles', () => {
  test.each(['cpu', 'heap', 'mutex', 'goroutine'])(
    '%s: each decodes or is refused as broken, never anything else',
    (kind) => {
      const original = readFileSync(new URL(`${kind}.pb.gz`, FIXTURES));
      const random = seededRandom(20_261_123);
      let refused = 0;
      for (let round = 0; round < 500; round++) {
        const bytes = mutate(original, random);
        try {
          functionCosts(decodeProfile(bytes, 'mutant'));
        } catch (error) {
          if (!(error instanceof ProfileError)) throw error;
          refused++;
        }
      }
      expect(refused).toBeGreaterThan(50);
      expect(refused).toBeLessThan(500);
    },
  );
});
