/**
 * What a stack says of a request that is served: which servers' goroutines work for requests, when one begins, and when
 * its answer is written. HTTP/1 of net/http and fasthttp have a goroutine per connection, which reads the next request
 * where it has answered one; HTTP/2 and gRPC one per request.
 */
import type { Frame } from './generations.ts';

export type Serving =
  /** Nothing: no server's goroutine, or the root of a deep stack is cut off. */
  | 'unknown'
  /** Waits for the next request on a connection, or reads it: none is being handled. */
  | 'reads next'
  /** In a handler, or in what the server does for it. */
  | 'handles'
  /** Writes the answer, or its rest. */
  | 'answers'
  /** Of a server, around requests: handshakes, clean-up after the answer. */
  | 'around'
  /** Reads ahead beside a handler, to notice a client that goes away. */
  | 'background read';

const NET_HTTP = 'net/http.(*conn).serve';
const NET_HTTP_HANDLER = 'net/http.serverHandler.ServeHTTP';
const NET_HTTP_ANSWER = 'net/http.(*response).finishRequest';
/** After the answer is with the client: waits for the background read to end. */
const NET_HTTP_AFTER = 'net/http.(*connReader).abortPendingRead';
const NET_HTTP_READ = 'net/http.(*connReader).Read';
const NET_HTTP_NEXT = new Set(['net/http.(*conn).readRequest', 'bufio.(*Reader).Peek']);
const NET_HTTP_BACKGROUND = 'net/http.(*connReader).backgroundRead';

const FASTHTTP = 'github.com/valyala/fasthttp.(*Server).serveConn';
const FASTHTTP_OWN = /^(?:github\.com\/valyala\/fasthttp\.|bufio\.|net\.|crypto\/tls\.|io\.)/;
const FASTHTTP_WRITE = /(?:\.writeResponse|bufio\.\(\*Writer\)\.Flush|\.\(\*Response\)\.Write)/;

/** Goroutines that live for one request. */
const PER_REQUEST = new Set([
  'net/http.(*http2serverConn).runHandler',
  // Go 1.27 and newer.
  'net/http/internal/http2.(*serverConn).runHandler',
  'golang.org/x/net/http2.(*serverConn).runHandler',
  'google.golang.org/grpc.(*Server).handleStream',
]);

const netHttp = (names: readonly string[], calledAt: number): Serving => {
  if (names.includes(NET_HTTP_HANDLER)) return 'handles';
  if (names.includes(NET_HTTP_ANSWER)) return names.includes(NET_HTTP_AFTER) ? 'around' : 'answers';
  const called = names[calledAt];
  return called !== undefined && (NET_HTTP_NEXT.has(called) || names.includes(NET_HTTP_READ)) ? 'reads next' : 'around';
};

/** Its handlers are called straight from where it reads and writes. */
const fasthttp = (names: readonly string[], calledAt: number): Serving => {
  const called = names[calledAt];
  if (called === undefined) return 'around';
  if (!FASTHTTP_OWN.test(called)) return 'handles';
  return names.some((name) => FASTHTTP_WRITE.test(name)) ? 'answers' : 'reads next';
};

/** By frames, leaf first. */
export const servingOf = (frames: readonly Frame[]): Serving => {
  const names = frames.map((frame) => frame.function);
  const [conn, worker] = [names.indexOf(NET_HTTP), names.indexOf(FASTHTTP)];
  if (names.some((name) => PER_REQUEST.has(name))) return 'handles';
  if (conn >= 0) return netHttp(names, conn - 1);
  if (worker >= 0) return fasthttp(names, worker - 1);
  return names.includes(NET_HTTP_BACKGROUND) ? 'background read' : 'unknown';
};
