import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import { type Preparation, sendPrepare } from '../../harness/load/index.ts';
import { parseJsonPath, readJsonPath } from '../../harness/load/json-path.ts';
import type { PrepareRequest } from '../../harness/model/index.ts';
import { request } from './service.ts';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

const serve = async (listener: RequestListener): Promise<number> => {
  server = createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
};

const step = (path: string, more: Partial<PrepareRequest> = {}): PrepareRequest => ({
  ...request(path),
  capture: {},
  repeat: 1,
  ...more,
});

const send = async (
  port: number,
  requests: readonly PrepareRequest[],
  { signal, timeoutSeconds }: Partial<Preparation> = {},
) =>
  sendPrepare({
    endpoint: { host: '127.0.0.1', port },
    requests,
    values: { tmp: '/t' },
    timeoutSeconds: timeoutSeconds ?? 10,
    signal: signal ?? new AbortController().signal,
  });

test('what one request captures is known to the next, and comes back', async () => {
  const seen: string[] = [];
  const port = await serve((incoming, response) => {
    seen.push(`${incoming.method} ${incoming.url} ${incoming.headers.authorization ?? '-'}`);
    response.end('{"session": {"tokens": ["t0", "t1"], "id": 7}}');
  });
  const captured = await send(port, [
    step('/login', { method: 'POST', body: '{}', capture: { token: '$.session.tokens[1]', id: '$.session.id' } }),
    step('/seed/${id}/${n}', { repeat: 2, headers: { authorization: 'Bearer ${token}' } }),
  ]);
  expect(captured).toEqual({ token: 't1', id: '7' });
  expect(seen).toEqual(['POST /login -', 'GET /seed/7/0 Bearer t1', 'GET /seed/7/1 Bearer t1']);
});

test('a captured number keeps every digit it was written with', async () => {
  const written = [
    '1234567890123456789',
    '-9223372036854775808',
    '1e400',
    '0.10',
    '123456789012345678901234567890.5e-7',
  ];
  const port = await serve((_incoming, response) => response.end(`{"a": [${written.join(', ')}], "s": "1"}`));
  const capture = Object.fromEntries(written.map((_, index) => [`v${index}`, `$.a[${index}]`]));
  expect(Object.values(await send(port, [step('/', { capture })]))).toEqual(written);
});

test('captured values are encoded for where they stand, and bytes are sent as they are', async () => {
  const seen: unknown[] = [];
  const port = await serve((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      seen.push([incoming.url, Buffer.concat(chunks).toString('latin1')]);
      response.end('{"t": "a/b \\"&"}');
    });
  });
  const base64 = Buffer.from([0x1f, 0x8b, 0xff]).toString('base64');
  await send(port, [
    step('/', { capture: { t: '$.t' } }),
    step('/${t}?t=${t}', { method: 'POST', body: '{"t": "${t}"}' }),
    step('/', { method: 'POST', body: ['<${t}>', { base64 }] }),
  ]);
  expect(seen.slice(1)).toEqual([
    ['/a%2Fb%20%22%26?t=a%2Fb%20%22%26', '{"t": "a/b \\"&"}'],
    ['/', '<a/b "&>\u001f\u008b\u00ff'],
  ]);
});

test('no connection to the target stays open afterwards', async () => {
  const port = await serve((_incoming, response) => response.end('{}'));
  const closed = once(server ?? createServer(), 'connection').then(async ([socket]) => once(socket as Server, 'close'));
  await send(port, [step('/a')]);
  await closed;
});

test('an unexpected status ends the launch with the beginning of the answer', async () => {
  const port = await serve((_incoming, response) => response.writeHead(503).end(`no database ${'x'.repeat(1000)}`));
  const failure = await send(port, [step('/a')]).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: 'PREPARE_STATUS', exitCode: 5 });
  expect(String(failure)).toMatch(/status 503, expected 200-299\. The answer begins: no database x{488}$/);
});

test('a service that does not answer ends the launch after the timeout', async () => {
  const port = await serve(() => undefined);
  await expect(send(port, [step('/a')], { timeoutSeconds: 0.3 })).rejects.toMatchObject({
    code: 'PREPARE_FAILED',
    message: expect.stringContaining('no answer within 0.3 s') as string,
  });
});

test('an abort wins over waiting', async () => {
  const port = await serve(() => undefined);
  const abort = new AbortController();
  const sent = send(port, [step('/a')], { signal: abort.signal });
  abort.abort();
  await expect(sent).rejects.toMatchObject({ code: 'INTERRUPTED' });
});

test.each([
  ['{"a": 1}', '$.b', 'nothing at $.b'],
  ['{"a": {"b": 1}}', '$.a', 'no single value at $.a'],
  ['<html>', '$.a', 'not JSON'],
])('answer %s cannot give %s', async (body, path, what) => {
  const port = await serve((_incoming, response) => response.end(body));
  await expect(send(port, [step('/a', { capture: { x: path } })])).rejects.toMatchObject({
    code: 'PREPARE_CAPTURE',
    message: expect.stringContaining(what) as string,
  });
});

test('a value nobody gives is refused before anything is sent', async () => {
  let arrived = 0;
  const port = await serve((_incoming, response) => {
    arrived++;
    response.end();
  });
  await expect(send(port, [step('/${later}')])).rejects.toMatchObject({ code: 'PLACEHOLDER_UNKNOWN', exitCode: 2 });
  expect(arrived).toBe(0);
});

test('JSON paths reach names, indexes and quoted names, and nothing inherited', () => {
  const value = { a: { 'odd name': [{ b: false }, 2] } };
  expect(readJsonPath(value, '$.a["odd name"][0].b')).toBe(false);
  expect(readJsonPath(value, "$['a']['odd name'][1]")).toBe(2);
  expect(readJsonPath(value, '$.a.toString')).toBeUndefined();
  expect(readJsonPath(value, '$.a.b.c')).toBeUndefined();
  expect(readJsonPath(7, '$')).toBe(7);
});

test.each(['token', '$token', '$.', '$.a[x]', '$..a', '$.a[*]', '', '$.a '])(
  '%j is not taken for a JSON path',
  (path) => {
    expect(() => parseJsonPath(path)).toThrow(expect.objectContaining({ code: 'JSON_PATH_INVALID' }));
  },
);
