import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { answerText } from '../../../harness/load/answers/answer-text.ts';

const text = `{"error": "žádný\\n"}\n${'x'.repeat(100_000)}`;

test.each([
  ['gzip', gzipSync],
  ['deflate', deflateSync],
  ['br', brotliCompressSync],
])('the beginning of a body packed with %s is read from a piece of it', (encoding, pack) => {
  const packed = pack(text.slice(0, 200) + Array.from({ length: 900 }, () => Math.random()).join(' '));
  expect(answerText(packed.subarray(0, 500), encoding)).toContain(text.slice(0, 20));
});

test('it is bounded, and no character is cut in two', () => {
  expect(answerText(Buffer.from(text), undefined)?.length).toBeLessThanOrEqual(500);
  expect(answerText(Buffer.from('ž'.repeat(251)).subarray(0, 501), undefined)).toBe('ž'.repeat(250));
  expect(answerText(Buffer.from(`a${'ž'.repeat(250)}`), undefined)).toBe(`a${'ž'.repeat(249)}`);
});

test('bytes that are no text are shown as bytes', () => {
  expect(answerText(Buffer.from([0x1f, 0x8b, 0, 255]), undefined)).toBe('bytes 1f 8b 00 ff');
  expect(answerText(Buffer.from([0x1f, 0x8b, 0, 255]), 'gzip')).toBe('bytes 1f 8b 00 ff');
  expect(answerText(Buffer.alloc(100), undefined)).toMatch(/^bytes (00 ){32}…$/);
});

test('nothing is null', () => {
  expect(answerText(Buffer.alloc(0), undefined)).toBeNull();
  expect(answerText(Buffer.alloc(0), 'gzip')).toBeNull();
});
