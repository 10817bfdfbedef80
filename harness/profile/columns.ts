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

/** The same numbers with as much room again. */
export const doubled = (old: Uint32Array): Uint32Array<ArrayBuffer> => {
  const longer = new Uint32Array(old.length * 2);
  longer.set(old);
  return longer;
};

/**
 * Memory with whatever it held before: for columns of which every row is written before it is read; to fill those of a
 * large profile with zeros took 5 % of decoding it.
 */
export const unfilledBytes = (bytes: number): ArrayBuffer => Buffer.allocUnsafeSlow(bytes).buffer;
