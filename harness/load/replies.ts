/** What the requests of a window were answered, kept only where somebody compares answers: bodies cost the loader. */
import type { Replies } from '../model/index.ts';
import { hashMasked } from './masked-body.ts';

/** Of a body, this much is kept until the window is over and then hashed (4 ms); its length counts whole. */
const KEPT_BYTES = 64 * 1024;

interface Reply {
  readonly route: number;
  readonly status: number;
  readonly bytes: number;
  readonly kept: Buffer;
}

/** The answers of one window, in the order in which they ended. */
export class ReplyLog {
  readonly #replies: Reply[] = [];

  add(reply: Reply): void {
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
  #chunks: Buffer[] = [];
  #kept = 0;
  #bytes = 0;

  constructor(log: ReplyLog) {
    this.#log = log;
  }

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

  end(route: number, status: number): void {
    this.#log.add({ route, status, bytes: this.#bytes, kept: Buffer.concat(this.#chunks) });
    this.begin();
  }
}
