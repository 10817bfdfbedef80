/** A body as it comes in: its length whole, its beginning kept. */

/** Of a body, this much is kept until it is looked at (hashing it takes 4 ms). */
const KEPT_BYTES = 64 * 1024;

export class BoundedBody {
  #chunks: Buffer[] = [];
  #kept = 0;
  #bytes = 0;

  begin(): void {
    this.#chunks = [];
    this.#kept = this.#bytes = 0;
  }

  /** `chunk` is a view of the socket's buffer: what is kept is copied. */
  read(chunk: Buffer): void {
    this.#bytes += chunk.length;
    const room = KEPT_BYTES - this.#kept;
    if (room <= 0) return;
    const part = Buffer.from(chunk.subarray(0, room));
    this.#kept += part.length;
    this.#chunks.push(part);
  }

  /** All of it. */
  get bytes(): number {
    return this.#bytes;
  }

  kept(): Buffer {
    return Buffer.concat(this.#chunks);
  }
}
