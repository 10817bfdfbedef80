/** What the requests of a window were answered, kept only where somebody compares answers: bodies cost the loader. */
import type { Replies } from '../../model/index.ts';
import { BoundedBody } from './bounded-body.ts';
import { hashMasked } from './masked-body.ts';

interface LoggedReply {
  readonly route: number;
  readonly status: number;
  readonly bytes: number;
  readonly kept: Buffer;
}

/** The answers of one window, in the order in which they ended. */
export class ReplyLog {
  readonly #replies: LoggedReply[] = [];

  add(reply: LoggedReply): void {
    this.#replies.push(reply);
  }

  summarize(): Replies {
    return {
      route: this.#replies.map(({ route }) => route),
      status: this.#replies.map(({ status }) => status),
      bytes: this.#replies.map(({ bytes }) => bytes),
      masked: this.#replies.map(({ kept }) => hashMasked(kept)),
    };
  }
}

/** Reads the answers of one connection into a log. */
export class ReplyReader {
  readonly #log: ReplyLog;
  readonly #body = new BoundedBody();

  constructor(log: ReplyLog) {
    this.#log = log;
  }

  begin(): void {
    this.#body.begin();
  }

  read(chunk: Buffer): void {
    this.#body.read(chunk);
  }

  end(route: number, status: number): void {
    this.#log.add({ route, status, bytes: this.#body.bytes, kept: this.#body.kept() });
    this.begin();
  }
}
