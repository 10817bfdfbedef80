import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { decodeProfile } from '../../../harness/profile/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'godyno-formats-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A binary CPU profile of gperftools: header, one stack of two addresses met eight times, the end, the mappings. */
const oldBinary = (width: 4 | 8, isLittle: boolean, language = 0): Uint8Array => {
  const words = [0, 3, language, 10_000, 0, 8, 2, 0x40_0010, 0x40_0020, 0, 1, 0];
  const bytes = Buffer.alloc(words.length * width);
  words.forEach((word, i) => {
    if (width === 8 && isLittle) bytes.writeBigUInt64LE(BigInt(word), i * 8);
    else if (width === 8) bytes.writeBigUInt64BE(BigInt(word), i * 8);
    else if (isLittle) bytes.writeUInt32LE(word, i * 4);
    else bytes.writeUInt32BE(word, i * 4);
  });
  return Buffer.concat([bytes, Buffer.from('00400000-00500000 r-xp 00000000 00:00 0 /srv/app\n')]);
};

const MAPS = '--- Memory map: ---\n00400000-00500000 r-xp 00000000 00:00 0 /srv/app\n';

const old: readonly (readonly [string, Uint8Array | string, RegExp])[] = [
  ['binary, 64 bits', oldBinary(8, true), /CPU profile in the old binary format of gperftools/],
  ['binary, 64 bits, big-endian', oldBinary(8, false), /old binary format/],
  ['binary, 32 bits', oldBinary(4, true), /old binary format/],
  ['binary, 32 bits, big-endian', oldBinary(4, false), /old binary format/],
  ['binary, packed', gzipSync(oldBinary(8, true)), /old binary format/],
  ['heap', `heap profile: 1: 64 [2: 128] @ heap/524288\n1: 64 [2: 128] @ 0x400010\n${MAPS}`, /heap profile in the old/],
  [
    'growth',
    `heap profile: 1: 64 [1: 64] @ growthz\n1: 64 [1: 64] @ 0x400010\n${MAPS}`,
    /heap growth profile \(growthz\)/,
  ],
  [
    'fragmentation',
    `heap profile: 1: 64 [1: 64] @ fragmentationz\n1: 64 [1: 64] @ 0x400010\n${MAPS}`,
    /heap fragmentation profile/,
  ],
  ['contention', `--- contentionz 1 ---\ncycles/second = 1000\n 100 1 @ 0x400010\n${MAPS}`, /contention profile/],
  ['contention of Go', '--- contention:\ncycles/second=1000000000\n100 1 @ 0x400010\n', /contention profile/],
  ['mutex of Go', '--- mutex:\ncycles/second=1000000000\nsampling period=5\n100 1 @ 0x400010\n', /contention profile/],
  [
    'threads',
    `--- threadz 1 ---\n\n--- Thread 7f00 (name: main/7) stack: ---\n  0x400010\n  0x400020\n${MAPS}`,
    /thread profile \(threadz\)/,
  ],
  ['goroutines', 'goroutine profile: total 2\n2 @ 0x400010 0x400020\n', /count of stacks/],
  ['threads created, after a comment', '# by hand\n\nthreadcreate profile: total 2\n2 @ 0x400010\n', /count of stacks/],
];

describe('old formats, which go tool pprof reads, are named with how to convert them', () => {
  test.each(old)('%s', (_, content, name) => {
    const bytes = Buffer.from(content);
    expect(() => decodeProfile(bytes, 'old.prof')).toThrow(
      expect.objectContaining({
        message: expect.stringMatching(name) as string,
        hint: expect.stringContaining('go tool pprof -proto FILE > FILE.pb.gz') as string,
      }),
    );
    const file = join(folder, 'old.prof');
    writeFileSync(file, bytes);
    const converted = execFileSync('go', ['tool', 'pprof', '-proto', file], { stdio: 'pipe' });
    expect(decodeProfile(converted, 'converted').samples.count).toBeGreaterThan(0);
  });
});

describe('other files are named for what they are', () => {
  test.each([
    ['perf', 'PERFILE2\u0000\u0000', /recording of Linux perf/],
    ['JFR', 'FLR\u0000\u0000\u0002', /Java flight recording/],
    ['a trace', 'go 1.26 trace\u0000\u0000\u0000', /execution trace of Go/],
    ['an archive', 'PK\u0003\u0004\u0014', /zip archive/],
    ['a page', '<!doctype html><html>404', /text beginning with "<!doctype html>/],
    ['a word', 'hello', /^x is not a pprof profile: it is text beginning with "hello"/],
    [
      'text in another language',
      'gr\u00c3\u00bc\u00c3\u009fe an alle Leserinnen und Leser',
      /text beginning with "grüße an/,
    ],
    ['JSON', '{"a":1}', /text beginning with "\{/],
    ['nothing but comments', '# one\n# two\n# three\n', /text beginning with ""/],
  ])('%s', (_, content, name) => {
    expect(() => decodeProfile(Buffer.from(content, 'latin1'), 'x')).toThrow(name);
  });
});
