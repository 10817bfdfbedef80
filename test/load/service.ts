/** A small real HTTP service that writes down what reaches it and misbehaves on request. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll } from 'vitest';
import { type BySide, bothSides, type RequestSpec } from '../../harness/model/index.ts';
import type { LoadPlan, LoadTarget } from '../../harness/load/index.ts';

export interface Arrival {
  readonly method: string;
  readonly path: string;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: string;
}

export interface Service {
  readonly port: number;
  /** Everything that arrived since the last `forget`, in order. */
  readonly arrivals: readonly Arrival[];
  readonly connections: () => number;
  /** The most requests that were in its hands at once since the last `forget`. */
  readonly peak: () => number;
  readonly forget: () => void;
  readonly stop: () => void;
}

type Behaviour = (request: IncomingMessage, response: ServerResponse, count: number) => void;

const BEHAVIOURS: Readonly<Record<string, Behaviour>> = {
  '/ok': (_request, response) => response.end('fine'),
  '/chunked': (_request, response) => {
    response.write('one,');
    setImmediate(() => response.end('two'));
  },
  '/hint': (_request, response) => {
    response.writeEarlyHints({ link: '</a.css>; rel=preload' });
    response.end('after the hint');
  },
  '/empty': (_request, response) => response.writeHead(204).end(),
  '/fail-every-5th': (_request, response, count) => response.writeHead(count % 5 === 0 ? 500 : 200).end('x'),
  '/drop-every-10th': (request, response, count) =>
    count % 10 === 0 ? request.socket.destroy() : response.end('fine'),
  // Half a body, so that whoever keeps the parser across connections reads the next answer as its rest.
  '/tear-every-10th': (request, response, count) => {
    if (count % 10 !== 0) return response.end('fine');
    response.writeHead(200, { 'content-length': '1000' });
    return response.write('torn', () => request.socket.destroy());
  },
  '/hang-every-20th': (_request, response, count) => (count % 20 === 0 ? undefined : response.end('fine')),
  '/hang': () => undefined,
  '/say': (request, response) => {
    const url = new URL(request.url ?? '', 'http://h');
    const packed = url.searchParams.get('gzip') === null ? (text: string) => text : gzipSync;
    response.writeHead(Number(url.searchParams.get('status')), {
      location: '/login?a=1',
      ...(url.searchParams.get('gzip') !== null && { 'content-encoding': 'gzip' }),
    });
    response.end(packed(`no thing ${url.searchParams.get('n')}${'.'.repeat(5000)}`));
  },
  // Signs in as `as`, gives an id beyond 2^53 with each answer, and forgets a cookie at /out.
  '/session': (request, response, count) => {
    const as = new URL(request.url ?? '', 'http://h').searchParams.get('as');
    if (as !== null) response.setHeader('set-cookie', [`sid=${as}; Path=/`, 'lang=cs; Path=/session']);
    response.end(`{"id": ${9_007_199_254_740_993n + BigInt(count)}, "list": [1, 2.50], "ok": true}`);
  },
  '/out': (_request, response) => response.setHeader('set-cookie', 'sid=; Path=/; Max-Age=0').end(),
  '/head': (request, response) => {
    const { searchParams } = new URL(request.url ?? '', 'http://h');
    if (searchParams.has('length')) response.setHeader('content-length', '1000');
    if (searchParams.has('close')) response.setHeader('connection', 'close');
    if (request.method === 'HEAD' || request.method === 'OPTIONS') response.writeHead(200, { allow: 'GET' }).end();
    else response.end('body');
  },
  '/garbage': (request) => request.socket.write('\x15\x03\x01\x00\x02\x02\n'),
  '/reset': (request) => request.socket.resetAndDestroy(),
  '/close': (_request, response) => response.setHeader('connection', 'close').end('bye'),
  '/http10': (request) => request.socket.end('HTTP/1.0 200 OK\r\n\r\nold'),
  '/slow': (_request, response) => setTimeout(() => response.end('late'), 20),
};

const readBody = async (request: IncomingMessage): Promise<string> => {
  let body = '';
  for await (const chunk of request) body += String(chunk);
  return body;
};

export const startService = async (): Promise<Service> => {
  const arrivals: Arrival[] = [];
  const counts = new Map<string, number>();
  const sockets = new Set<Socket>();
  let inHand = 0;
  let peak = 0;
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = request.url ?? '';
    const route = path.split('?')[0] ?? '';
    const body = await readBody(request);
    inHand++;
    peak = Math.max(peak, inHand);
    response.on('close', () => inHand--);
    arrivals.push({ method: request.method ?? '', path, headers: request.headers, body });
    const count = (counts.get(route) ?? 0) + 1;
    counts.set(route, count);
    (BEHAVIOURS[route] ?? BEHAVIOURS['/ok'])?.(request, response, count);
  };
  const server = createServer((request, response) => void answer(request, response).catch(() => undefined));
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    arrivals,
    connections: () => sockets.size,
    peak: () => peak,
    forget: () => {
      arrivals.length = 0;
      peak = 0;
      counts.clear();
    },
    stop: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
};

/** Two services for the tests of a file, stopped at its end. */
export const startBothServices = async (): Promise<BySide<Service>> => {
  const services = { base: await startService(), head: await startService() };
  afterAll(() => bothSides((side) => services[side].stop()));
  return services;
};

export const targetOf = (service: Service, values: Readonly<Record<string, string>> = {}): LoadTarget => ({
  host: '127.0.0.1',
  port: service.port,
  values,
});

export const request = (path: string, more: Partial<RequestSpec> = {}): RequestSpec => ({
  name: path,
  weight: 1,
  method: 'GET',
  path,
  headers: {},
  body: null,
  expect: { status: [{ from: 200, to: 299 }] },
  ...more,
});

export const plan = (requests: readonly RequestSpec[], more: Partial<LoadPlan> = {}): LoadPlan => ({
  seed: 11,
  launch: 0,
  requests,
  data: null,
  timeoutSeconds: 5,
  connections: 2,
  ...more,
});
