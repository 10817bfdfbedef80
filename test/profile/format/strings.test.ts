import { describe, expect, test } from 'vitest';
import { decodeProfile } from '../../../harness/profile/index.ts';
import { encodePacked } from './pprof.proto.ts';

const decodedStrings = (strings: readonly string[]): readonly string[] =>
  decodeProfile(encodePacked({ stringTable: strings, sampleType: [{ type: 0, unit: 0 }] }), 'x.pb').strings;

const short = Array.from({ length: 1000 }, (_, i) => (i === 0 ? '' : `example.com/pkg.Function${i}`));

describe('the string table comes out as it went in', () => {
  test.each<readonly [string, readonly string[]]>([
    ['many short names, several blocks of them', short],
    ['one name in a block that is not ASCII', short.with(500, 'ssa.edge·10')],
    ['a name in every block that is not ASCII', short.map((text, i) => (i % 50 === 7 ? `${text}·é漢😀` : text))],
    ['names whose length takes two bytes', short.map((text, i) => (i % 3 === 1 ? text.repeat(8) : text))],
    ['the same, with one that is not ASCII', short.map((text, i) => (i % 3 === 1 ? `${text.repeat(8)}·` : text))],
    ['a name longer than a block', short.with(3, 'x'.repeat(10_000))],
    ['a name longer than a block that is not ASCII', short.with(3, '·'.repeat(10_000))],
    ['a name longer than a block at the end', [...short, 'y'.repeat(5000)]],
    ['a name that ends where a block does', ['', 'z'.repeat(4096 - 2 - 3), 'after']],
    ['empty strings', ['', '', 'a', '']],
    ['nothing but the first', ['']],
  ])('%s', (_, strings) => {
    expect(decodedStrings(strings)).toEqual(strings);
  });
});

describe('strings between other fields', () => {
  const field = (text: string): Buffer =>
    Buffer.concat([Buffer.from([0x32, Buffer.byteLength(text)]), Buffer.from(text)]);
  const sampleType = Buffer.from([0x0a, 4, 8, 1, 16, 2]);

  test('are read in their order', () => {
    const bytes = Buffer.concat([field(''), field('cpu'), sampleType, field('ns·'), field('main.a')]);
    const profile = decodeProfile(bytes, 'x.pb');
    expect(profile.strings).toEqual(['', 'cpu', 'ns·', 'main.a']);
    expect(profile.sampleTypes).toEqual([{ type: 'cpu', unit: 'ns·' }]);
  });

  test('may have keys longer than they need be', () => {
    const longKey = Buffer.concat([Buffer.from([0xb2, 0x80, 0x00, 0x83, 0x00]), Buffer.from('cpu')]);
    const bytes = Buffer.concat([field(''), longKey, field('é'), sampleType]);
    expect(decodeProfile(bytes, 'x.pb').strings).toEqual(['', 'cpu', 'é']);
  });
});
