import type { WireReader } from './wire.ts';

/**
 * The ids of one table of the file, each to its index in ours. Go numbers 1, 2, 3, …, for which the id is the index
 * plus one; other writers leave gaps or use any number, which gets a dense table while that stays small, or a map.
 */
export interface IdTable {
  /** `dense[id]` = index + 1, 0 = not in the table. Empty where {@link IdTable.sparse} has them. */
  readonly dense: Uint32Array;
  readonly sparse: ReadonlyMap<number, number> | null;
  /** The ids are 1 … count in this order: an id is its index plus one, no look-up needed. */
  readonly inOrder: boolean;
  readonly count: number;
}

/** A dense table may be this many times as long as the ids are many. */
const DENSE_FACTOR = 4;
const DENSE_SPARE = 1024;

/** Builds the table. Refuses the id 0, which pprof reserves for "none", and an id given twice. */
export const indexIds = (ids: Float64Array, what: string, reader: WireReader): IdTable => {
  let largest = 0;
  for (const id of ids) if (id > largest) largest = id;
  const isDense = largest <= ids.length * DENSE_FACTOR + DENSE_SPARE;
  const dense = new Uint32Array(isDense ? largest + 1 : 0);
  const sparse = isDense ? null : new Map<number, number>();
  let inOrder = true;
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i] ?? 0;
    if (id !== i + 1) inOrder = false;
    if (id === 0) throw reader.broken(`a ${what} has the reserved id 0`);
    const known = sparse === null ? dense[id] : sparse.get(id);
    if (known !== undefined && known !== 0) throw reader.broken(`two ${what}s have the id ${id}`);
    if (sparse === null) dense[id] = i + 1;
    else sparse.set(id, i + 1);
  }
  return { dense, sparse, inOrder, count: ids.length };
};

/** Index plus one of `id`; 0 when it is not in the table. */
export const lookUp = (table: IdTable, id: number): number =>
  table.sparse === null ? (table.dense[id] ?? 0) : (table.sparse.get(id) ?? 0);
