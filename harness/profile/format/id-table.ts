import type { WireReader } from './wire.ts';

/**
 * The ids of one table of the file, each to its index in ours. Go numbers 1, 2, 3, …, for which the id is the index
 * plus one; other writers leave gaps or use any number, which gets a dense table while that stays small, or a map.
 */
export interface IdTable {
  readonly count: number;
  /** The ids are 1 … count in this order: an id is its index plus one, no look-up needed. */
  readonly inOrder: boolean;
  /** `dense[id]` = index + 1, 0 = not in the table. Empty where the ids are in order or {@link IdTable.sparse}. */
  readonly dense: Uint32Array;
  readonly sparse: ReadonlyMap<number, number> | null;
}

/** A dense table may be this many times as long as the ids are many. */
const DENSE_FACTOR = 4;
const DENSE_SPARE = 1024;

const NO_TABLE = new Uint32Array(0);

/** Takes the ids of a table one by one; keeps them only where they are not 1, 2, 3, … */
export class Ids {
  readonly count: number;
  #kept: Float64Array | null = null;

  constructor(count: number) {
    this.count = count;
  }

  set(index: number, id: number): void {
    if (this.#kept === null) {
      if (id === index + 1) return;
      this.#kept = Float64Array.from({ length: this.count }, (_, i) => i + 1);
    }
    this.#kept[index] = id;
  }

  /** Refuses the id 0, which pprof reserves for "none", and an id given twice. */
  table(what: string, reader: WireReader): IdTable {
    if (this.#kept !== null) return indexIds(this.#kept, what, reader);
    return { count: this.count, inOrder: true, dense: NO_TABLE, sparse: null };
  }
}

const indexIds = (ids: Float64Array, what: string, reader: WireReader): IdTable => {
  const count = ids.length;
  const largest = ids.reduce((most, id) => Math.max(most, id), 0);
  // Negative ids stand for those beyond 2^53.
  const isDense = largest <= count * DENSE_FACTOR + DENSE_SPARE && reader.wideIds.size === 0;
  const dense = isDense ? new Uint32Array(largest + 1) : NO_TABLE;
  const sparse = isDense ? null : new Map<number, number>();
  for (let i = 0; i < count; i++) {
    const id = ids[i] ?? 0;
    if (id === 0) throw reader.broken(`a ${what} has the reserved id 0`);
    const known = sparse === null ? dense[id] : sparse.get(id);
    if (known !== undefined && known !== 0) throw reader.broken(`two ${what}s have the id ${reader.idText(id)}`);
    if (sparse === null) dense[id] = i + 1;
    else sparse.set(id, i + 1);
  }
  return { count, inOrder: false, dense, sparse };
};

/** Index plus one of `id`; 0 when it is not in the table. */
export const lookUp = ({ count, inOrder, dense, sparse }: IdTable, id: number): number => {
  if (inOrder) return id > 0 && id <= count ? id : 0;
  return (sparse === null ? dense[id] : sparse.get(id)) ?? 0;
};
