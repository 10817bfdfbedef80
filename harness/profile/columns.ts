/**
 * Memory for columns. An array of its own for each costs V8 more than the rows of a small table do, so the columns of a
 * table lie one behind the other in one piece.
 */

const WORD_BYTES = Uint32Array.BYTES_PER_ELEMENT;

/** Memory for so many columns of 32 bits. */
export const columnBytes = (columns: number, rows: number): ArrayBuffer => new ArrayBuffer(columns * rows * WORD_BYTES);

/** Column number `index` of a piece whose columns all have so many rows. */
export const column = (bytes: ArrayBuffer, index: number, rows: number): Uint32Array<ArrayBuffer> =>
  new Uint32Array(bytes, index * rows * WORD_BYTES, rows);

/**
 * A column with whatever the memory held before: for the one of many megabytes, of which every element read is written
 * first; filling it with zeros took 3 % of decoding a large profile.
 */
export const unfilledColumn = (rows: number): Uint32Array<ArrayBuffer> =>
  new Uint32Array(Buffer.allocUnsafeSlow(rows * WORD_BYTES).buffer);
