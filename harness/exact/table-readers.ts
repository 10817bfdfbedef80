/**
 * Readers of the two kinds of entries in Go's tables: texts that end at a zero byte, and values that change with the
 * address. Each entry is read once and kept. Entries of a table never overlap, so all of them together are at most as
 * long as the table: a file in which they would be longer is refused before it takes memory.
 */

/**
 * A value that changes with the address: `value[i]` holds below offset `until[i]` from the function's entry. In the
 * narrowest numbers that hold them: a count keeps those of every function that ran.
 */
export interface Steps {
  readonly until: Uint16Array | Uint32Array;
  readonly value: Int8Array | Int16Array | Int32Array;
}

/** Makes the error that refuses the file. */
export type Unreadable = (what: string) => Error;

/** First index whose element is above `key`. */
export const upperBound = (length: number, at: (index: number) => number, key: number): number => {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (at(middle) > key) high = middle;
    else low = middle + 1;
  }
  return low;
};

export const valueAt = ({ until, value }: Steps, offset: number): number =>
  value[upperBound(until.length, (i) => until[i] ?? 0, offset)] ?? -1;

/** Around an offset, where the value stays the same: from the first number on and below the second. */
export const stretchOf = ({ until }: Steps, offset: number): readonly [from: number, to: number] => {
  const place = upperBound(until.length, (i) => until[i] ?? 0, offset);
  return [until[place - 1] ?? 0, until[place] ?? Infinity];
};

/** The text that begins at an offset of `bytes`. */
export const textReader = (bytes: Buffer, what: string, unreadable: Unreadable): ((offset: number) => string) => {
  const known = new Map<number, string>();
  let left = bytes.length;
  return (offset) => {
    const before = known.get(offset);
    if (before !== undefined) return before;
    const begins = offset === 0 || bytes[offset - 1] === 0;
    const end = offset >= 0 && offset < bytes.length && begins ? bytes.indexOf(0, offset) : -1;
    left -= end - offset + 1;
    if (end < 0 || left < 0) throw unreadable(`${what} do not lie where they should`);
    const text = bytes.toString('utf8', offset, end);
    known.set(offset, text);
    return text;
  };
};

/** Numbers have 32 bits: five bytes at most. */
const MOST_VARINT_BYTES = 5;
const NOTHING: Steps = { until: new Uint16Array(), value: new Int8Array() };

const narrow = (until: readonly number[], value: readonly number[]): Steps => {
  const fit = (bits: number): boolean => value.every((each) => each >= -(2 ** (bits - 1)) && each < 2 ** (bits - 1));
  return {
    until: (until.at(-1) ?? 0) < 2 ** 16 ? Uint16Array.from(until) : Uint32Array.from(until),
    value: fit(8) ? Int8Array.from(value) : fit(16) ? Int16Array.from(value) : Int32Array.from(value),
  };
};

/** The steps that begin at an offset of `bytes`, for a function of `size` bytes; 0: there are none. */
export const stepsReader = (
  bytes: Buffer,
  quantum: number,
  unreadable: Unreadable,
): ((offset: number, size: number) => Steps) => {
  const known = new Map<number, Steps>([[0, NOTHING]]);
  // One byte or more for the value, and one or more for the distance.
  let left = Math.ceil(bytes.length / 2);
  const fault = (): Error => unreadable('what its table of lines holds are no lines of its functions');
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let i = 0; i < MOST_VARINT_BYTES; i++) {
      const byte = bytes[at++];
      if (byte === undefined) throw fault();
      value += (byte & 0x7f) * 2 ** (7 * i);
      if (byte < 0x80) return value;
    }
    throw fault();
  };
  /** runtime.step: pairs of a zigzag difference of the value and a difference of the address; starts at −1. */
  const read = (offset: number, size: number): Steps => {
    const [until, value]: [number[], number[]] = [[], []];
    at = offset;
    let current = -1;
    let end = 0;
    for (;;) {
      const zigzag = varint();
      if (zigzag === 0 && at !== offset + 1) break;
      current += zigzag % 2 === 1 ? -(zigzag + 1) / 2 : zigzag / 2;
      const distance = varint() * quantum;
      end += distance;
      left -= 1;
      if (distance === 0 || end > size || left < 0) throw fault();
      until.push(end);
      value.push(current);
    }
    return narrow(until, value);
  };
  return (offset, size) => {
    const steps = known.get(offset) ?? read(offset, size);
    if ((steps.until.at(-1) ?? 0) > size) throw fault();
    known.set(offset, steps);
    return steps;
  };
};
