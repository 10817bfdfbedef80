/** Reads the answers of one connection during a look, whole in length and bounded in memory. */
import type { AnswerBook } from '../answers/answer-book.ts';
import { BoundedBody } from '../answers/bounded-body.ts';
import type { Connection } from './connection.ts';
import { type AnswerHead, headerIn, requestLine } from '../answers/witness.ts';

export class AnswerReader {
  readonly #book: AnswerBook;
  readonly #connection: Connection;
  readonly #body = new BoundedBody();
  #encoding: string | undefined;

  constructor(book: AnswerBook, connection: Connection) {
    this.#book = book;
    this.#connection = connection;
  }

  begin(): void {
    this.#body.begin();
    this.#encoding = undefined;
  }

  head(head: AnswerHead): void {
    this.#encoding = headerIn(head, 'content-encoding');
  }

  read(chunk: Buffer): void {
    this.#body.read(chunk);
  }

  end(route: number, status: number): void {
    const { side, number, request } = this.#connection;
    this.#book.add({
      side,
      number,
      route,
      request: requestLine(request),
      status,
      bytes: this.#body.bytes,
      encoding: this.#encoding,
      kept: this.#body.kept(),
    });
  }
}
