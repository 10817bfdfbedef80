/** Proof, before any target is touched, that the seam carries one request and one answer exactly as we think. */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { type Break, type Connection, type Driver, openConnections } from './connection.ts';
import { seamError } from './autocannon-client.ts';

const DEADLINE_MS = 5000;

const REQUEST = 'GET /seam HTTP/1.1\r\nHost: self\r\n\r\n';

/** An answer in two pieces with an early hint before it: what a parser and a queue may stumble over. */
const ANSWER = ['HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 207 Seam\r\nContent-Length: 4\r\n\r\nse', 'am'] as const;

const HEAD_REQUEST = 'HEAD /seam HTTP/1.1\r\nHost: self\r\n\r\n';

/** It announces a body that never comes. */
const HEAD_ANSWER = 'HTTP/1.1 208 Seam\r\nContent-Length: 4\r\n\r\n';

const answerOnce = (socket: Socket, received: string[]): void => {
  socket.on('data', (chunk: Buffer) => {
    const text = chunk.toString('latin1');
    received.push(text);
    if (text.startsWith('HEAD')) {
      socket.write(HEAD_ANSWER);
      return;
    }
    socket.write(ANSWER[0]);
    setImmediate(() => socket.write(ANSWER[1]));
  });
  socket.on('error', () => undefined);
};

const exchange = async (
  port: number,
  deadlineMs: number,
  opened: (connection: Connection) => void,
): Promise<readonly string[]> => {
  const events: string[] = [];
  const finished = Promise.withResolvers<void>();
  const driver: Driver = {
    answered: (_connection, status) => void events.push(`answered ${status}`),
    broken: (_connection, how: Break) => void events.push(how),
    refused: (_connection, _attempts, error) => finished.reject(error),
    ready: (connection) => {
      events.push('ready');
      const request = [REQUEST, HEAD_REQUEST][events.filter((event) => event === 'ready').length - 1];
      if (request === undefined) finished.resolve();
      else connection.send(Buffer.from(request), 0, Number.NaN, 0);
    },
  };
  const timer = setTimeout(() => finished.resolve(), deadlineMs);
  for (const connection of openConnections({ host: '127.0.0.1', port }, 'base', 0, 1, driver)) opened(connection);
  await finished.promise;
  clearTimeout(timer);
  return events;
};

const listen = async (server: Server): Promise<number> => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
};

/** Throws `SEAM_BROKEN` when autocannon does anything else than: connect, send our bytes once, report each answer once. */
export const testSeam = async (deadlineMs = DEADLINE_MS): Promise<void> => {
  const received: string[] = [];
  const sockets: Socket[] = [];
  const connections: Connection[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    answerOnce(socket, received);
  });
  try {
    const port = await listen(server);
    const events = await exchange(port, deadlineMs, (connection) => connections.push(connection));
    const seen = events.join(', ');
    const sent = received.join('');
    const expected = `${REQUEST}${HEAD_REQUEST}`;
    if (!expected.startsWith(sent)) throw seamError(`two probe requests sent ${JSON.stringify(sent)}`);
    if (seen !== 'ready, answered 207, ready, answered 208, ready' || sent !== expected)
      throw seamError(`two probe requests gave "${seen}"`);
  } finally {
    for (const connection of connections) connection.destroy();
    for (const socket of sockets) socket.destroy();
    server.close();
  }
};
