import type { Messages } from './split-fields.ts';
import type { WireReader } from './wire.ts';

/**
 * Strings are cut from texts of this many bytes, for a call into V8 costs more than the bytes of a function's name do.
 * One that is not ASCII spoils a single block, and one that is kept for long keeps a single block alive.
 */
const BLOCK_BYTES = 4096;

/** Reads the string that begins at the reader's position with its key. */
const decodeOne = (reader: WireReader, buffer: Buffer): string => {
  reader.key();
  const end = reader.end();
  const text = buffer.toString('utf8', reader.pos, end);
  reader.pos = end;
  return text;
};

/**
 * Reads the strings that lie whole in the next block, before `end`, as cuts of one text. Adds none where a byte of
 * them is not ASCII. Returns where the last one ends.
 */
const cutBlock = (reader: WireReader, buffer: Buffer, end: number, strings: string[]): number => {
  const start = reader.pos;
  const text = buffer.toString('latin1', start, Math.min(end, start + BLOCK_BYTES));
  const known = strings.length;
  let done = start;
  // Of keys and lengths every byte but the last is above 127; so is no byte of an ASCII string.
  let high = 0;
  while (done < end) {
    reader.key();
    const last = reader.end();
    if (last - start > text.length) break;
    strings.push(text.slice(reader.pos - start, last - start));
    high += reader.pos - done - 2;
    reader.pos = done = last;
  }
  const used = done - start;
  if (Buffer.byteLength(text.slice(0, used)) - used !== high) strings.length = known;
  return done;
};

const decodeBlock = (reader: WireReader, buffer: Buffer, end: number, strings: string[]): void => {
  const start = reader.pos;
  const known = strings.length;
  const done = cutBlock(reader, buffer, end, strings);
  reader.pos = start;
  if (done === start) strings.push(decodeOne(reader, buffer));
  else if (strings.length === known) while (reader.pos < done) strings.push(decodeOne(reader, buffer));
  else reader.pos = done;
};

export const decodeStrings = (reader: WireReader, { bounds, count }: Messages): readonly string[] => {
  const buffer = Buffer.from(reader.buf.buffer, reader.buf.byteOffset, reader.buf.byteLength);
  const strings: string[] = [];
  for (let bound = 0; bound < bounds.length; bound += 2) {
    const end = bounds[bound + 1] ?? 0;
    reader.pos = bounds[bound] ?? 0;
    while (reader.pos < end) decodeBlock(reader, buffer, end, strings);
  }
  if (count > 0 && strings[0] !== '') throw reader.broken('the first string is not empty, as pprof demands');
  return strings;
};
