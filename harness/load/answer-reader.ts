/** Reads the answers of one connection during a look, whole in length and bounded in memory. */
import { type AnswerBook, KEPT_BYTES } from './answer-book.ts';
import type { Connection } from './connection.ts';
import { type AnswerHead, headerIn, requestLine } from './witness.ts';

export class AnswerReader {
  readonly #book: AnswerBook;
  readonly #connection: Connection;
  #chunks: Buffer[] = [];
  #kept = 0;
  #bytes = 0;
  #encoding: string | undefined;

  constructor(book: AnswerBook, connection: Connection) {
    this.#book = book;
    this.#connection = connection;
  }

  begin(): void {
    this.#chunks = [];
    this.#kept = this.#bytes = 0;
    this.#encoding = undefined;
  }

  head(head: AnswerHead): void {
    this.#encoding = headerIn(head, 'content-encoding');
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

  end(route: number, status: number): void {
    const { side, number, request } = this.#connection;
    this.#book.add({
      side,
      number,
      route,
      request: requestLine(request),
      status,
      bytes: this.#bytes,
      encoding: this.#encoding,
      kept: Buffer.concat(this.#chunks),
    });
  }
}
