import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { compileRequests, serializeRequest } from '../../../harness/load/plan/requests.ts';
import { usersOf } from '../../../harness/load/plan/users.ts';
import { createSchedule } from '../../../harness/load/plan/schedule.ts';
import { hostHeaderOf } from '../../../harness/model/index.ts';
import { plan, request } from '../service.ts';

const target = { host: '127.0.0.1', port: 8123, values: { token: 's3cret', tmp: '/t' } };

const bytesOf = (given: Parameters<typeof plan>[0], more: Parameters<typeof plan>[1] = {}) => {
  const whole = plan(given, more);
  const schedule = createSchedule({
    seed: whole.seed,
    weights: whole.requests.map(({ weight }) => weight),
    rows: whole.data?.rows.length ?? 0,
  });
  return { bytes: compileRequests(whole, target, schedule, usersOf(target)), schedule };
};

test('a request without a body is a head with host and a kept connection', () => {
  expect(serializeRequest(request('/a?b=c', { headers: { accept: 'text/plain' } }), 'h:1').toString()).toBe(
    'GET /a?b=c HTTP/1.1\r\nHost: h:1\r\naccept: text/plain\r\nConnection: keep-alive\r\n\r\n',
  );
});

test("Node's own HTTP server reads method, path, headers and a body of several bytes a character back", async () => {
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const { method, url, headers } = incoming;
      response.end(
        JSON.stringify({ method, url, type: headers['content-type'], body: Buffer.concat(chunks).toString() }),
      );
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const socket = connect(typeof address === 'object' && address !== null ? address.port : 0, '127.0.0.1');
  const body = '{"név": "žluťoučký 🐎"}';
  socket.write(
    serializeRequest(request('/x', { method: 'PUT', body, headers: { 'content-type': 'application/json' } }), 'h:1'),
  );
  const [answer] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  server.close();
  const json: unknown = JSON.parse(
    answer
      .toString()
      .split('\r\n\r\n')[1]
      ?.replace(/^[0-9a-f]+\r\n/, '')
      .split('\r\n')[0] ?? '',
  );
  expect(json).toEqual({ method: 'PUT', url: '/x', type: 'application/json', body });
});

test('the length is always ours, and an empty POST says 0', () => {
  const text = serializeRequest(
    request('/a', { method: 'POST', headers: { 'Content-Length': '99', Connection: 'close', host: 'mine' } }),
    'h:1',
  ).toString();
  expect(text).toBe('POST /a HTTP/1.1\r\nhost: mine\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n');
});

test('a static request is the same buffer every time, a templated one is written per number', () => {
  const { bytes } = bytesOf([request('/static'), request('/items/${n}')]);
  expect(bytes(1, 0)).toBe(bytes(2, 0));
  expect(bytes(41, 1).toString()).toContain('GET /items/41 HTTP/1.1');
});

test('placeholders are filled in path, headers and body, and the length follows', () => {
  const { bytes } = bytesOf([
    request('/p/${n}/${port}', {
      method: 'POST',
      headers: { authorization: 'Bearer ${token}' },
      body: '{"n": ${n}, "file": "${tmp}/x", "literal": "$${n}"}',
    }),
  ]);
  expect(bytes(123, 0).toString()).toBe(
    'POST /p/123/8123 HTTP/1.1\r\nHost: 127.0.0.1:8123\r\nauthorization: Bearer s3cret\r\nConnection: keep-alive\r\n' +
      'Content-Length: 45\r\n\r\n{"n": 123, "file": "/t/x", "literal": "${n}"}',
  );
});

test("data columns come from the row the schedule draws for the request's number", () => {
  const data = {
    file: 'd.csv',
    columns: ['id', 'name'],
    rows: [
      ['1', 'ann'],
      ['2', 'bob'],
      ['3', 'cy'],
    ],
  };
  const { bytes, schedule } = bytesOf([request('/u/${data.id}?q=${data.name}')], { data });
  for (const number of [0, 1, 2, 3, 77]) {
    const [id, name] = data.rows[schedule.rowOf(number)] ?? [];
    expect(bytes(number, 0).toString()).toContain(`GET /u/${id}?q=${name} HTTP/1.1`);
  }
});

test.each(['${nothing}', '${data.id}', '${toString}'])(
  '%s, which nobody gives, is refused with what is known',
  (path) => {
    expect(() => bytesOf([request(`/${path}`)])).toThrow(
      expect.objectContaining({ code: 'PLACEHOLDER_UNKNOWN', hint: expect.stringContaining('${token}') as string }),
    );
  },
);

test('a line break in a value cannot add a header, and is refused before anything is sent', () => {
  const data = { file: 'd.csv', columns: ['id'], rows: [['0'], ['1\r\nX-Evil: yes']] };
  expect(() => bytesOf([request('/u', { headers: { 'x-id': '${data.id}' } })], { data })).toThrow(
    expect.objectContaining({
      code: 'REQUEST_LINE_BREAK',
      message: expect.stringContaining('${data.id} in row 2 of d.csv') as string,
    }),
  );
  expect(() => bytesOf([request('/u', { headers: { 'x-id': 'a\nb' } })])).toThrow(
    expect.objectContaining({ code: 'REQUEST_LINE_BREAK' }),
  );
});

test('bytes of a body are sent as they are, between filled texts or alone', () => {
  const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
  const base64 = all.toString('base64');
  const { bytes } = bytesOf([
    request('/a', { method: 'POST', body: [{ base64 }] }),
    request('/a/${n}', { method: 'POST', body: ['n=${n};', { base64 }, ';'] }),
  ]);
  const bodyOf = (request: Buffer): Buffer => request.subarray(request.indexOf('\r\n\r\n') + 4);
  expect(bodyOf(bytes(7, 0))).toEqual(all);
  expect(bytes(7, 0).toString('latin1')).toContain('Content-Length: 256\r\n');
  expect(bodyOf(bytes(77, 1))).toEqual(Buffer.concat([Buffer.from('n=77;'), all, Buffer.from(';')]));
  expect(bytes(77, 1).toString('latin1')).toContain('Content-Length: 262\r\n');
});

test.each(['a\r\nX-Evil: yes', 'a\nb', 'a\0b'])('a captured %j cannot end a header, raw or not', (token) => {
  const evil = { ...target, values: { token } };
  const compile = (path: string, headers: Record<string, string>) => {
    const whole = plan([request(path, { headers })]);
    const schedule = createSchedule({ seed: 1, weights: [1], rows: 0 });
    return compileRequests(whole, evil, schedule, usersOf(evil))(0, 0).toString();
  };
  expect(() => compile('/', { a: '${raw:token}' })).toThrow(expect.objectContaining({ code: 'REQUEST_LINE_BREAK' }));
  expect(compile('/${raw:token}', {}).split(/[\r\n\0]+/)).toHaveLength(4);
});

test('a path keeps what the scenario wrote and escapes only what a request line cannot hold', () => {
  const line = serializeRequest(request('/a%20b?q=x y&r=ž&s=🐎\r\nX: y'), 'h:1').toString().split('\r\n')[0];
  expect(line).toBe('GET /a%20b?q=x%20y&r=%C5%BE&s=%F0%9F%90%8E%0D%0AX:%20y HTTP/1.1');
});

test('the Host header is the address, bracketed for IPv6, or the name that TLS asks for', () => {
  expect(hostHeaderOf({ host: '::1', port: 80 })).toBe('[::1]:80');
  expect(hostHeaderOf({ host: 'h', port: 1, socket: '/s' })).toBe('localhost');
  expect(hostHeaderOf({ host: 'h', port: 1, tls: { serverName: 'shop.test' } })).toBe('shop.test');
});
