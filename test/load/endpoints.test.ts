import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer as createPlain, type RequestListener } from 'node:http';
import { createServer as createTls } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { sendPrepare, startLoader } from '../../harness/load/index.ts';
import type { Endpoint } from '../../harness/model/index.ts';
import { selfSigned } from './certificate.ts';
import { plan, request } from './service.ts';

const folder = mkdtempSync(join(tmpdir(), 'gd-'));
const servers: { close: () => unknown; closeAllConnections: () => void }[] = [];
const loader = await startLoader({ cpus: null, signal: new AbortController().signal });
afterAll(async () => {
  await loader.stop();
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
  rmSync(folder, { recursive: true });
});

type Seen = { readonly url: string | undefined; readonly host: string | undefined; readonly name: unknown };

interface Served {
  readonly endpoint: Endpoint;
  readonly seen: Seen[];
  readonly handshakes: () => number;
}

type Where = Pick<Endpoint, 'socket' | 'tls'>;

const serve = async (where: Where): Promise<Served> => {
  const seen: Seen[] = [];
  const answer: RequestListener = ({ url, headers, socket }, response) => {
    seen.push({ url, host: headers.host, name: 'servername' in socket ? socket.servername : undefined });
    response.end('{"id": 7}');
  };
  const server = where.tls === undefined ? createPlain(answer) : createTls(selfSigned(), answer);
  servers.push(server);
  let handshakes = 0;
  server.on('secureConnection', () => handshakes++);
  if (where.socket === undefined) server.listen(0, '127.0.0.1');
  else server.listen(where.socket.replace(/^@/, '\0'));
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 1;
  return { endpoint: { host: '127.0.0.1', port, ...where }, seen, handshakes: () => handshakes };
};

const onLinux = ([name]: readonly [string, Where]): boolean =>
  process.platform === 'linux' || !name.includes('abstract');

const WHERE: readonly (readonly [string, Where])[] = [
  ['TLS with a certificate nobody signed', { tls: { serverName: null } }],
  ['TLS by name', { tls: { serverName: 'shop.test' } }],
  ['a unix socket', { socket: join(folder, 'plain.sock') }],
  ['an abstract unix socket', { socket: `@godyno-test-${process.pid}` }],
  ['TLS over a unix socket', { socket: join(folder, 'tls.sock'), tls: { serverName: 'shop.test' } }],
];

test.each(WHERE.filter(onLinux))(
  'prepare and load reach a service behind %s, over kept connections',
  async (_, where) => {
    const { endpoint, seen, handshakes } = await serve(where);
    const users = await sendPrepare({
      endpoint,
      requests: [{ ...request('/login'), capture: { id: '$.id' }, repeat: 1 }],
      values: {},
      timeoutSeconds: 5,
      signal: new AbortController().signal,
    });
    await loader.attach({
      targets: { head: { ...endpoint, values: {}, users } },
      plan: plan([request('/items/${id}')]),
    });
    const { window } = await loader.single({ side: 'head', first: 0, count: 20, inFlight: 1 });
    await loader.detach();
    expect(window).toMatchObject({ planned: 20, answered: 20, failed: 0 });
    expect(seen.map(({ url }) => url)).toEqual(['/login', ...Array.from({ length: 20 }, () => '/items/7')]);
    const name = where.tls?.serverName ?? null;
    const host = name ?? (where.socket === undefined ? `127.0.0.1:${endpoint.port}` : 'localhost');
    expect(new Set(seen.map((one) => one.host))).toEqual(new Set([host]));
    if (name !== null) expect(new Set(seen.map((one) => one.name))).toEqual(new Set([name]));
    // One for prepare, two that the plan keeps open.
    if (where.tls !== undefined) expect(handshakes()).toBe(3);
  },
);

test('a socket that nobody listens on is named', async () => {
  const socket = join(folder, 'none.sock');
  const attached = loader.attach({
    targets: { head: { host: '127.0.0.1', port: 1, socket, values: {} } },
    plan: plan([request('/')]),
  });
  await expect(attached).rejects.toMatchObject({
    code: 'TARGET_UNREACHABLE',
    message: expect.stringContaining(socket) as string,
  });
});
