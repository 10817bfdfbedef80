import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { flagsOfList, shellWords } from '../../harness/scenario/flag-words.ts';

test('text is split where a shell splits it, quotes and backslashes taken as it takes them', () => {
  const letter = fc.constantFrom('a', '-', '=', ' ', '"', "'", '\\', '\t');
  fc.assert(
    fc.property(fc.array(fc.string({ unit: letter, maxLength: 12 }), { minLength: 1, maxLength: 6 }), (texts) => {
      const closed = texts
        .map((text) => text.trimEnd())
        .filter((text) => shellWords(text) !== null && !text.endsWith('\\'));
      const script = closed.map((text) => `printf '%s\\0' ${text === '' ? "''" : text}; printf '\\1'`).join('\n');
      const said = execFileSync('sh', ['-c', script], { encoding: 'utf8' }).split('\u0001').slice(0, -1);
      const words = closed.map((text) => {
        const split = shellWords(text) ?? [];
        return `${(split.length === 0 ? [''] : split).join('\0')}\0`;
      });
      expect(words).toEqual(said);
    }),
    { numRuns: 60 },
  );
});

test.each(['-ldflags "-s -w', "-tags 'a", '"'])('a quote that is never closed gives no words: %s', (text) => {
  expect(shellWords(text)).toBeNull();
});

test.each([
  [['-ldflags "-s -w -X main.version=dev"'], ['-ldflags', '-s -w -X main.version=dev']],
  [
    ['-ldflags', '-s -w'],
    ['-ldflags', '-s -w'],
  ],
  [
    ['-ldflags', '"-s -w"'],
    ['-ldflags', '-s -w'],
  ],
  [['-ldflags="-s -w"'], ['-ldflags=-s -w']],
  [
    ["-gcflags='all=-N -l'", '-race'],
    ['-gcflags=all=-N -l', '-race'],
  ],
  [['-ldflags -s -w'], ['-ldflags', '-s -w']],
  [[`-ldflags=-X 'main.v=a b'`], [`-ldflags=-X 'main.v=a b'`]],
  [
    ['-ldflags', `"-X" "main.v=a"`],
    ['-ldflags', `"-X" "main.v=a"`],
  ],
  [
    ['-tags sqlite', '-race', '-pgo=off'],
    ['-tags', 'sqlite', '-race', '-pgo=off'],
  ],
  [
    ['-gcflags', '-p main -N'],
    ['-gcflags', '-p main -N'],
  ],
])('the list %j is the flags %j', (list, flags) => {
  expect(flagsOfList(list)).toEqual(flags);
});
