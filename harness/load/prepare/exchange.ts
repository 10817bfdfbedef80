/** One request and its answer, sent by the harness itself. */
import { type IncomingMessage, request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { connectOptions, type Endpoint, type HttpMethod } from '../../model/index.ts';
import { answerText, SHOWN_BYTES, unpacked } from '../answers/answer-text.ts';
import type { CapturableAnswer } from '../answers/capture.ts';

/** Captured values come from a small answer; more is a download, not a preparation. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;

export interface Outgoing {
  readonly method: HttpMethod;
  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
}

export interface Exchanged extends CapturableAnswer {
  readonly status: number;
  /** Of the body, as it came. */
  readonly bytes: number;
  /** The beginning of the body, as people read it. */
  readonly shown: string;
}

const exchanged = (answer: IncomingMessage, body: Buffer, bytes: number): Exchanged => {
  const { headers } = answer;
  const header = (name: string): string | undefined => {
    const value = headers[name.toLowerCase()];
    return typeof value === 'object' ? value.join(', ') : value;
  };
  const encoding = headers['content-encoding'];
  return {
    status: answer.statusCode ?? 0,
    bytes,
    header,
    setCookies: headers['set-cookie'] ?? [],
    text: () => Buffer.from(unpacked(body, encoding)).toString('utf8'),
    shown: answerText(body.subarray(0, 4 * SHOWN_BYTES), encoding) ?? '',
  };
};

/** Node takes header values as Latin-1; the load sends them as UTF-8. */
const asLatin1 = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, Buffer.from(value).toString('latin1')]));

/** A connection of its own, closed after the answer: a kept one would be an extra goroutine in the target for a while. */
export const exchange = async (endpoint: Endpoint, sent: Outgoing, signal: AbortSignal): Promise<Exchanged> =>
  new Promise((resolve, reject) => {
    const send = endpoint.tls === undefined ? plainRequest : tlsRequest;
    const { method, path, body } = sent;
    const headers = asLatin1(sent.headers);
    if (body !== undefined) headers['content-length'] = String(body.length);
    const request = send({ ...connectOptions(endpoint), method, path, headers, agent: false, signal }, (answer) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      answer.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes <= MAX_ANSWER_BYTES) chunks.push(chunk);
      });
      answer.on('end', () => resolve(exchanged(answer, Buffer.concat(chunks), bytes)));
      answer.on('error', reject);
    });
    request.on('error', reject);
    request.end(body);
  });
