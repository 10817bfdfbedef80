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
 * Reads the strings that lie whole in the next block, before `end`, as cuts of one text, and writes them from `known` on.
 * None where a byte of them is not ASCII. Returns where the last one ends.
 */
const cutBlock = (reader: WireReader, buffer: Buffer, end: number, strings: DecodedStrings): number => {
  const start = reader.pos;
  const text = buffer.toString('latin1', start, Math.min(end, start + BLOCK_BYTES));
  const { all, count: known } = strings;
  let { count } = strings;
  let done = start;
  // Of keys and lengths every byte but the last is above 127; so is no byte of an ASCII string.
  let high = 0;
  while (done < end) {
    reader.key();
    const last = reader.end();
    if (last - start > text.length) break;
    all[count++] = text.slice(reader.pos - start, last - start);
    high += reader.pos - done - 2;
    reader.pos = done = last;
  }
  const used = done - start;
  strings.count = Buffer.byteLength(text.slice(0, used)) - used === high ? count : known;
  return done;
};

const decodeBlock = (reader: WireReader, buffer: Buffer, end: number, strings: DecodedStrings): void => {
  const start = reader.pos;
  const known = strings.count;
  const done = cutBlock(reader, buffer, end, strings);
  if (strings.count > known) {
    reader.pos = done;
    return;
  }
  reader.pos = start;
  do strings.all[strings.count++] = decodeOne(reader, buffer);
  while (reader.pos < done);
};

/** Room for all strings, and how many there are so far. */
interface DecodedStrings {
  readonly all: string[];
  count: number;
}

export const decodeStrings = (reader: WireReader, { bounds, stretches, count }: Messages): readonly string[] => {
  const buffer = Buffer.from(reader.buf.buffer, reader.buf.byteOffset, reader.buf.byteLength);
  const strings: DecodedStrings = { all: [], count: 0 };
  // Room for all at once: to grow by and by took a tenth of reading them.
  strings.all.length = count;
  for (let stretch = 0; stretch < stretches; stretch++) {
    const end = bounds[2 * stretch + 1] ?? 0;
    reader.pos = bounds[2 * stretch] ?? 0;
    while (reader.pos < end) decodeBlock(reader, buffer, end, strings);
  }
  if (count > 0 && strings.all[0] !== '') throw reader.broken('the first string is not empty, as pprof demands');
  return strings.all;
};
