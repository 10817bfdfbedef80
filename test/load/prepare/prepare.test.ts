import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { type Preparation, type PreparedRequest, sendPrepare } from '../../../harness/load/index.ts';
import { parseJsonPath, readJsonPath } from '../../../harness/load/answers/json-path.ts';
import type { PrepareRequest } from '../../../harness/model/index.ts';
import { request } from '../service.ts';

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
  { signal, timeoutSeconds, ...more }: Partial<Preparation> = {},
) => {
  const users = await sendPrepare({
    ...more,
    endpoint: { host: '127.0.0.1', port },
    requests,
    values: { tmp: '/t' },
    timeoutSeconds: timeoutSeconds ?? 10,
    signal: signal ?? new AbortController().signal,
  });
  return users[0]?.values ?? {};
};

/** What each user is left with. */
const prepared = async (port: number, requests: readonly PrepareRequest[], more: Partial<Preparation> = {}) =>
  sendPrepare({
    endpoint: { host: '127.0.0.1', port },
    requests,
    values: {},
    timeoutSeconds: 10,
    signal: new AbortController().signal,
    ...more,
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

test('whoever asks hears of each request that was sent: status, size, cookies, and what was wrong with the last', async () => {
  const port = await serve((incoming, response) => {
    response.setHeader('set-cookie', ['sid=secret; Path=/', 'theme=dark']);
    response.writeHead(incoming.url === '/in' ? 302 : 201, incoming.url === '/in' ? { location: '/at' } : {});
    response.end('{"a": 1}');
  });
  const heard: PreparedRequest[] = [];
  const requests = [
    step('/in', { followRedirects: true, capture: { a: '$.a' } }),
    step('/x', { repeat: 2 }),
    step('/y', { capture: { b: '$.b' } }),
  ];
  await expect(send(port, requests, { onSent: (one) => heard.push(one) })).rejects.toThrow(/nothing at \$\.b/);
  expect(heard.map(({ request: { path }, status, bytes, cookies }) => [path, status, bytes, cookies])).toEqual(
    ['/in', '/x', '/x', '/y'].map((path) => [path, 201, 8, ['sid', 'theme']]),
  );
  expect(heard.map(({ problem }) => problem)).toEqual([
    null,
    null,
    null,
    'there is nothing at $.b to capture as b. The answer begins: {"a": 1}',
  ]);
});

test('of a request without an answer it is heard how long that took, and nothing else', async () => {
  const port = await serve((incoming) => incoming.socket.destroy());
  const heard: PreparedRequest[] = [];
  await expect(send(port, [step('/a')], { onSent: (one) => heard.push(one) })).rejects.toThrow(/failed: /);
  expect(heard).toMatchObject([
    { status: null, bytes: null, cookies: [], problem: expect.stringMatching(/^failed: /) as string },
  ]);
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

describe('captures', () => {
  const page = '<input name="csrf" value="tok+/=">\n{"url": "/items/7?x=1"}';
  const answer: RequestListener = (_incoming, response) => {
    response.setHeader('set-cookie', ['sid="a b"; Path=/; HttpOnly', 'other=1', 'sid2=x=y']);
    response.setHeader('location', '/items/42?v=1');
    response.setHeader('x-name', Buffer.from('žluť').toString('latin1'));
    response.setHeader('content-encoding', 'gzip');
    response.end(gzipSync(page));
  };

  test('come from headers, cookies and the unpacked body, whole or by regular expression', async () => {
    const port = await serve(answer);
    expect(
      await send(port, [
        step('/', {
          capture: {
            location: { header: 'Location' },
            id: { header: 'location', regex: '/items/(\\d+)' },
            name: { header: 'X-Name' },
            sid: { cookie: 'sid' },
            sid2: { cookie: 'sid2' },
            csrf: { regex: 'name="csrf" value="([^"]+)"' },
            whole: { regex: '"url"' },
          },
        }),
      ]),
    ).toEqual({
      location: '/items/42?v=1',
      id: '42',
      name: 'žluť',
      sid: 'a b',
      sid2: 'x=y',
      csrf: 'tok+/=',
      whole: '"url"',
    });
  });

  test('of JSON may be cut by a regular expression, in a chunked answer', async () => {
    const port = await serve((_incoming, response) => {
      response.write('{"url": "/it');
      setImmediate(() => response.end('ems/7?x=1"}'));
    });
    expect(await send(port, [step('/', { capture: { id: { json: '$.url', regex: '\\d+' } } })])).toEqual({ id: '7' });
  });

  test.each([
    [{ header: 'nope' }, 'no header nope'],
    [{ cookie: 'nope' }, 'sets no cookie nope'],
    [{ regex: 'nope' }, 'nothing matches nope'],
    [{ header: 'location', regex: 'nope' }, 'nothing matches nope'],
  ])('%j that are not there are named, with the answer', async (capture, what) => {
    const port = await serve(answer);
    await expect(send(port, [step('/', { capture: { x: capture } })])).rejects.toMatchObject({
      code: 'PREPARE_CAPTURE',
      message: expect.stringMatching(new RegExp(`${what} to capture as x. The answer begins: <input`)) as string,
    });
  });
});

describe('cookies', () => {
  test('that answers set go with later requests, by path, until they are deleted', async () => {
    const seen: string[] = [];
    const port = await serve((incoming, response) => {
      seen.push(`${incoming.url} ${incoming.headers.cookie ?? '-'}`);
      const set: Record<string, string[]> = {
        '/login': ['sid=1; Path=/; Secure; HttpOnly; SameSite=Strict', 'deep=2; Path=/admin', 'q="x y"; Path=/'],
        '/again': ['sid=2; Path=/', 'gone=1; Path=/; Max-Age=60'],
        '/logout': ['sid=; Path=/; Max-Age=0', 'q=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT'],
      };
      response.setHeader('set-cookie', set[incoming.url ?? ''] ?? []);
      response.end();
    });
    const paths = ['/login', '/me', '/admin/x', '/administrator', '/again', '/me', '/logout', '/me'];
    const own = [step('/own', { headers: { Cookie: 'mine=1' } }), step('/none', { cookies: false })];
    const [user] = await prepared(port, [
      ...paths.slice(0, 6).map((path) => step(path)),
      ...own,
      step('/logout'),
      step('/me'),
    ]);
    expect(seen).toEqual([
      '/login -',
      '/me sid=1; q="x y"',
      '/admin/x deep=2; sid=1; q="x y"',
      '/administrator sid=1; q="x y"',
      '/again sid=1; q="x y"',
      '/me sid=2; q="x y"; gone=1',
      '/own mine=1',
      '/none -',
      '/logout sid=2; q="x y"; gone=1',
      '/me gone=1',
    ]);
    expect(user?.cookies.map(({ name }) => name)).toEqual(['deep', 'gone']);
    expect((await prepared(port, [step('/login'), step('/me')], { cookies: 'off' }))[0]?.cookies).toEqual([]);
    expect(seen.at(-1)).toBe('/me -');
  });

  test('and captures are each user’s own; what is sent once, all know', async () => {
    const seen: string[] = [];
    const port = await serve((incoming, response) => {
      seen.push(`${incoming.url} ${incoming.headers.cookie ?? '-'}`);
      const name = new URL(incoming.url ?? '', 'http://h').searchParams.get('as');
      if (name !== null) response.setHeader('set-cookie', `sid=${name}`);
      response.end(JSON.stringify({ name: name ?? 'common' }));
    });
    const data = { file: 'u.csv', columns: ['name'], rows: [['ann'], ['b&b']] };
    const requests = [
      step('/seed', { once: true, capture: { seed: '$.name' } }),
      step('/login?as=${data.name}-${user}', { capture: { who: '$.name' } }),
      step('/me/${who}/${seed}'),
    ];
    const users = await prepared(port, requests, { users: 3, data });
    expect(users.map(({ values }) => values)).toEqual([
      { seed: 'common', who: 'ann-0' },
      { seed: 'common', who: 'b&b-1' },
      { seed: 'common', who: 'ann-2' },
    ]);
    expect(users.map(({ cookies }) => cookies.map(({ value }) => value))).toEqual([['ann-0'], ['b&b-1'], ['ann-2']]);
    expect(seen.filter((line) => line.startsWith('/seed'))).toEqual(['/seed -']);
    expect(seen).toContain('/me/b%26b-1/common sid=b&b-1');
  });
});

test('a captured line break cannot add a header', async () => {
  const port = await serve((_incoming, response) => response.end('{"x": "a\\r\\nX-Evil: yes"}'));
  const evil = [step('/', { capture: { x: '$.x' } }), step('/', { headers: { a: '${x}' } })];
  await expect(send(port, evil)).rejects.toMatchObject({ code: 'REQUEST_LINE_BREAK', exitCode: 2 });
});

test('a body that is not as expected is named, with the answer', async () => {
  const port = await serve((_incoming, response) => response.end('{"ok": false}'));
  const expected = { status: [{ from: 200, to: 299 }], body: { json: { '$.ok': 'true' } } };
  await expect(send(port, [step('/', { expect: expected })])).rejects.toMatchObject({
    code: 'PREPARE_BODY',
    message: expect.stringContaining('$.ok is "false", not "true". The answer begins: {"ok": false}') as string,
  });
});

describe('redirects', () => {
  const answer =
    (seen: string[]): RequestListener =>
    (incoming, response) => {
      seen.push(
        `${incoming.method} ${incoming.url} ${incoming.headers.cookie ?? '-'} ${incoming.headers['content-type'] ?? '-'}`,
      );
      const to: Record<string, [number, string]> = {
        '/login': [302, 'home?a=1'],
        '/keep': [307, `http://localhost:${incoming.socket.localPort}/end`],
        '/loop': [302, '/loop'],
        '/away': [302, 'https://login.example.com/'],
      };
      const [status, location] = to[incoming.url ?? ''] ?? [200, undefined];
      if (location !== undefined) response.setHeader('location', location).setHeader('set-cookie', 'sid=1');
      response.writeHead(status).end('{"at": "end"}');
    };
  const post = { method: 'POST', body: 'x', headers: { 'content-type': 'text/x' } } as const;

  test('are refused unless asked for, with where they lead', async () => {
    const port = await serve(answer([]));
    await expect(send(port, [step('/login', post)])).rejects.toMatchObject({
      code: 'PREPARE_STATUS',
      message: expect.stringContaining('status 302 to home?a=1') as string,
      hint: expect.stringContaining('followRedirects: true') as string,
    });
  });

  test('are followed with the cookies set on the way: a POST becomes a GET after 302, and stays one after 307', async () => {
    const seen: string[] = [];
    const port = await serve(answer(seen));
    const follow = { ...post, followRedirects: true, capture: { at: '$.at' } } as const;
    expect(await send(port, [step('/login', follow)])).toEqual({ at: 'end' });
    expect(await send(port, [step('/keep', follow)])).toEqual({ at: 'end' });
    expect(seen).toEqual([
      'POST /login - text/x',
      'GET /home?a=1 sid=1 -',
      'POST /keep - text/x',
      'POST /end sid=1 text/x',
    ]);
  });

  test.each(['/loop', '/away'])('%s: neither round and round nor away from the service', async (path) => {
    const port = await serve(answer([]));
    await expect(send(port, [step(path, { followRedirects: true })])).rejects.toMatchObject({
      code: 'PREPARE_REDIRECT',
    });
  });
});
