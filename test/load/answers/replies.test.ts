import { expect, test } from 'vitest';
import { ReplyLog, ReplyReader } from '../../../harness/load/answers/replies.ts';

const answered = (...bodies: readonly (readonly string[])[]) => {
  const log = new ReplyLog();
  const reader = new ReplyReader(log);
  for (const chunks of bodies) {
    reader.begin();
    for (const chunk of chunks) reader.read(Buffer.from(chunk));
    reader.end(0, 200);
  }
  return log.summarize();
};

test('in how many pieces a body arrives makes no difference, and what an answer that broke off left none either', () => {
  const log = new ReplyLog();
  const reader = new ReplyReader(log);
  reader.begin();
  reader.read(Buffer.from('torn'));
  reader.begin();
  reader.read(Buffer.from('whole'));
  reader.end(3, 201);
  expect(log.summarize()).toEqual({ ...answered(['wh', 'ole']), route: [3], status: [201] });
});

test('a body beyond 64 KiB is told by its length alone', () => {
  const start = 'w'.repeat(64 * 1024);
  const { bytes, masked } = answered([start, 'bc'], [start.slice(1), 'w', 'xyz'], [`x${start.slice(1)}`]);
  expect(bytes).toEqual([start.length + 2, start.length + 3, start.length]);
  expect(masked[0]).toBe(masked[1]);
  expect(masked[0]).not.toBe(masked[2]);
});

test('what is kept is a copy: the socket’s buffer is used again for the next answer', () => {
  const log = new ReplyLog();
  const reader = new ReplyReader(log);
  const shared = Buffer.from('first');
  reader.begin();
  reader.read(shared);
  reader.end(0, 200);
  shared.write('other');
  expect(log.summarize()).toEqual(answered(['first']));
});
