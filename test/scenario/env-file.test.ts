import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fillTemplate } from '../../harness/model/index.ts';
import { parseEnvFile } from '../../harness/scenario/env-file.ts';

test.each([
  ['A=1', { A: '1' }],
  ['\uFEFFA=1\r\nB=2\r\n', { A: '1', B: '2' }],
  ['# note\n\n  export A = b c  ', { A: 'b c' }],
  ['A=', { A: '' }],
  ['A=# note', { A: '' }],
  ['A=  \nB=2', { A: '', B: '2' }],
  ['DSN=postgres://shop:pa#ss@db/shop', { DSN: 'postgres://shop:pa#ss@db/shop' }],
  ['A=x # note', { A: 'x' }],
  ['A=x#y', { A: 'x#y' }],
  [String.raw`A="a \"b\"\n#c" # note`, { A: 'a "b"\n#c' }],
  [String.raw`A='a\n$x'`, { A: String.raw`a\n$x` }],
  ['A=${B}', { A: '$${B}' }],
  ['A=${B', { A: '${B' }],
  ['A=1\nA=2', { A: '2' }],
])('%j holds %j', (text, values) => expect(parseEnvFile(text)).toEqual(values));

test.each([
  ['1A=2', 1],
  ['A=1\nB', 2],
  ['A="x', 1],
  ["A='x'y", 1],
])('%j is wrong in line %d', (text, line) => {
  expect(parseEnvFile(text)).toEqual([{ line, message: expect.any(String) }]);
});

test('a value reaches the service as it stands in the file, whatever placeholders it looks like', () => {
  const value = fc.string({ unit: fc.constantFrom('$', '{', '}', 'port', 'x'), maxLength: 10 });
  fc.assert(
    fc.property(value, (text) => {
      const values = parseEnvFile(`A='${text}'`) as Readonly<Record<string, string>>;
      expect(fillTemplate(values['A'] ?? '', () => 'filled')).toBe(text);
    }),
  );
});
