/** Gives every distinct row of whole numbers (0 … 2^32 − 1) one number, in order of first sight. Open addressing. */
export class RowInterner {
  count = 0;
  #words = new Uint32Array(1024);
  #used = 0;
  #start = new Uint32Array(64);
  #hashes = new Uint32Array(64);
  /** Row number plus one; 0 is free. */
  #slots = new Uint32Array(128);

  row(index: number): Uint32Array {
    return this.#words.subarray(this.#start[index], this.#start[index + 1]);
  }

  length(index: number): number {
    return (this.#start[index + 1] ?? 0) - (this.#start[index] ?? 0);
  }

  /** One word of a row, without a view of it. */
  word(index: number, offset: number): number {
    return this.#words[(this.#start[index] ?? 0) + offset] ?? 0;
  }

  number(row: readonly number[]): number {
    const hash = hashRow(row);
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    for (;;) {
      const entry = this.#slots[slot] ?? 0;
      if (entry === 0) return this.#append(row, hash, slot);
      if (this.#hashes[entry - 1] === hash && this.#equals(entry - 1, row)) return entry - 1;
      slot = (slot + 1) & mask;
    }
  }

  #equals(index: number, row: readonly number[]): boolean {
    const from = this.#start[index] ?? 0;
    if ((this.#start[index + 1] ?? 0) - from !== row.length) return false;
    for (let i = 0; i < row.length; i++) if (this.#words[from + i] !== row[i]) return false;
    return true;
  }

  #append(row: readonly number[], hash: number, slot: number): number {
    const index = this.count++;
    this.#reserve(row.length);
    for (const word of row) this.#words[this.#used++] = word;
    this.#start[index + 1] = this.#used;
    this.#hashes[index] = hash;
    this.#slots[slot] = index + 1;
    if (this.count * 2 > this.#slots.length) this.#rehash();
    return index;
  }

  #reserve(length: number): void {
    if (this.#used + length > this.#words.length) this.#words = doubled(this.#words, this.#used + length);
    if (this.count + 1 >= this.#start.length) this.#start = doubled(this.#start, this.count + 2);
    if (this.count >= this.#hashes.length) this.#hashes = doubled(this.#hashes, this.count + 1);
  }

  #rehash(): void {
    const slots = new Uint32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    for (let i = 0; i < this.count; i++) {
      let slot = (this.#hashes[i] ?? 0) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = i + 1;
    }
    this.#slots = slots;
  }
}

const doubled = (old: Uint32Array<ArrayBuffer>, atLeast: number): Uint32Array<ArrayBuffer> => {
  const longer = new Uint32Array(Math.max(atLeast, old.length * 2));
  longer.set(old);
  return longer;
};

/** FNV-1a over 32-bit words, with a final mix so that the low bits, which choose the slot, depend on all. */
const hashRow = (row: readonly number[]): number => {
  let hash = 0x811c9dc5;
  for (const word of row) hash = Math.imul(hash ^ word, 0x01000193);
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x2c1b3c6d);
  return (hash ^ (hash >>> 12)) >>> 0;
};
