import { createConnection, type Socket } from 'node:net';
import { TargetStartError } from '../errors.ts';

/** The agent went away, fell silent or broke the protocol: the service died or hangs. Says what it was asked. */
export class AgentLostError extends TargetStartError {
  /** The command that got no answer. */
  readonly asked: string;

  constructor(asked: string, what: string, options?: ErrorOptions) {
    super(
      'AGENT_LOST',
      `The agent inside the service did not answer "${asked}": ${what}`,
      'The service has ended, hangs, or was stopped from outside. Its last output is in the log of this launch.',
      options,
    );
    this.asked = asked;
  }
}

/** One reply: a line of JSON, not yet parsed into anything of ours, and the bytes after it. */
export interface AgentReply {
  readonly head: unknown;
  readonly payload: Uint8Array;
}

/** Largest reply that is believed; real profiles stay below a few megabytes, traces below some hundred. */
const MAX_REPLY_BYTES = 1 << 30;

const encodeRequest = (request: string): Buffer => {
  const frame = Buffer.alloc(4 + Buffer.byteLength(request));
  frame.writeUInt32BE(frame.length - 4);
  frame.write(request, 4);
  return frame;
};

const parseReply = (body: Buffer): AgentReply => {
  const end = body.indexOf(0x0a);
  if (end < 0) throw new Error('the reply has no header line');
  return { head: JSON.parse(body.toString('utf8', 0, end)), payload: body.subarray(end + 1) };
};

interface Waiter {
  readonly asked: string;
  readonly resolve: (body: Buffer) => void;
  readonly reject: (error: unknown) => void;
}

/** A connection on which one command is in flight at a time; whatever fails once fails it for good. */
export class AgentConnection {
  readonly #socket: Socket;
  readonly #signal: AbortSignal;
  #chunks: Buffer[] = [];
  #buffered = 0;
  #waiter: Waiter | undefined;
  #queue: Promise<unknown> = Promise.resolve();
  /** Why nothing can be asked any more, in words, or the reason of an abort. */
  #ended: string | undefined;
  readonly #onAbort = (): void => {
    this.#fail('the run was interrupted');
  };

  constructor(socket: Socket, signal: AbortSignal) {
    this.#socket = socket;
    this.#signal = signal;
    socket.on('data', (chunk) => this.#receive(chunk));
    socket.on('error', (error) => this.#fail(error.message));
    socket.on('close', () => this.#fail('the connection was closed'));
    signal.addEventListener('abort', this.#onAbort, { once: true });
    // The harness's end must not wait for a service that nobody stopped.
    socket.unref();
  }

  /** Sends a command after those asked before it. Throws {@link AgentLostError}, or the reason of the abort. */
  ask(request: string, timeoutSeconds: number): Promise<AgentReply> {
    const answer = this.#queue.then(() => this.#exchange(request, timeoutSeconds));
    this.#queue = answer.catch(() => undefined); // the next one must start whatever became of this one
    return answer;
  }

  close(): void {
    this.#fail('the connection was closed by the harness');
  }

  async #exchange(request: string, timeoutSeconds: number): Promise<AgentReply> {
    this.#signal.throwIfAborted();
    if (this.#ended !== undefined) throw new AgentLostError(request, this.#ended);
    const body = await this.#sendAndWait(request, timeoutSeconds);
    try {
      return parseReply(body);
    } catch (cause) {
      this.#fail('its reply could not be read');
      throw new AgentLostError(request, 'its reply could not be read', { cause });
    }
  }

  #sendAndWait(request: string, timeoutSeconds: number): Promise<Buffer> {
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    const silence = setTimeout(() => this.#fail(`nothing came within ${timeoutSeconds} s`), timeoutSeconds * 1000);
    this.#waiter = { asked: request, resolve, reject };
    this.#socket.write(encodeRequest(request));
    return promise.finally(() => clearTimeout(silence));
  }

  #receive(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#buffered += chunk.length;
    const length = this.#frameLength();
    if (length === undefined || this.#buffered < 4 + length) return;
    if (length > MAX_REPLY_BYTES) return this.#fail(`it announced a reply of ${length} bytes`);
    const bytes = this.#takeAll();
    const waiter = this.#waiter;
    if (waiter === undefined || bytes.length > 4 + length) return this.#fail('it sent something nobody asked for');
    this.#waiter = undefined;
    waiter.resolve(bytes.subarray(4));
  }

  #frameLength(): number | undefined {
    if (this.#buffered < 4) return undefined;
    const [first] = this.#chunks;
    if (first === undefined) return undefined;
    if (first.length < 4) this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0]?.readUInt32BE(0);
  }

  #takeAll(): Buffer {
    const bytes = Buffer.concat(this.#chunks);
    this.#chunks = [];
    this.#buffered = 0;
    return bytes;
  }

  #fail(why: string): void {
    if (this.#ended !== undefined) return;
    this.#ended = why;
    this.#signal.removeEventListener('abort', this.#onAbort);
    this.#socket.destroy();
    const waiter = this.#waiter;
    this.#waiter = undefined;
    if (waiter === undefined) return;
    waiter.reject(this.#signal.aborted ? this.#signal.reason : new AgentLostError(waiter.asked, why));
  }
}

/** Connects once. Rejects with the system's error (`ENOENT` and `ECONNREFUSED`: nobody listens yet). */
export const openSocket = (path: string): Promise<Socket> => {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const socket = createConnection(path);
  socket.once('connect', () => {
    socket.off('error', reject);
    resolve(socket);
  });
  socket.once('error', reject);
  return promise;
};
