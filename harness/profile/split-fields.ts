import { WIRE_BYTES, type WireReader } from './wire.ts';

/** Where the messages of one field lie in the file: `bounds[2i]` … `bounds[2i + 1]`. */
export class Ranges {
  bounds = new Uint32Array(64);
  count = 0;

  push(start: number, end: number): void {
    const at = this.count * 2;
    if (at === this.bounds.length) {
      const grown = new Uint32Array(this.bounds.length * 2);
      grown.set(this.bounds);
      this.bounds = grown;
    }
    this.bounds[at] = start;
    this.bounds[at + 1] = end;
    this.count++;
  }

  start(index: number): number {
    return this.bounds[index * 2] ?? 0;
  }

  end(index: number): number {
    return this.bounds[index * 2 + 1] ?? 0;
  }

  /** Bytes of all messages together: an upper bound for everything they repeat. */
  byteCount(): number {
    let sum = 0;
    for (let i = 0; i < this.count; i++) sum += this.end(i) - this.start(i);
    return sum;
  }
}

/**
 * Walks over the top level once: notes where the messages in `fields` lie (indexed by field number) and hands every
 * other field to `onScalar`, which reads or passes over its value.
 */
export const splitFields = (
  reader: WireReader,
  fields: readonly number[],
  onScalar: (field: number, wireType: number) => void,
): readonly Ranges[] => {
  const ranges = Array.from({ length: Math.max(...fields) + 1 }, () => new Ranges());
  const isMessage = new Uint8Array(ranges.length);
  for (const field of fields) isMessage[field] = 1;
  reader.pos = 0;
  while (reader.pos < reader.len) {
    const key = reader.key();
    const field = key >>> 3;
    const range = isMessage[field] === 1 ? ranges[field] : undefined;
    if (range === undefined) {
      onScalar(field, key & 7);
      continue;
    }
    if ((key & 7) !== WIRE_BYTES) throw reader.unexpected(key & 7, `field ${field}`);
    const end = reader.end();
    range.push(reader.pos, end);
    reader.pos = end;
  }
  return ranges;
};
