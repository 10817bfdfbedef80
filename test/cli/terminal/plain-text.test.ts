import { expect, test } from 'vitest';
import { terminalText } from '../../../harness/cli/terminal/plain-text.ts';

test('escapes, carriage returns and characters that turn text round show as dots; lines, tabs and words stay', () => {
  expect(terminalText('\u001b[31mno\u001b[0m\r\n\tüser \u202eabc\u0007')).toBe('·[31mno·[0m·\n\tüser ·abc·');
});
