import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { decodeFromCompressedBase64 } from 'hdr-histogram-js';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { hashMasked } from '../../harness/load/answers/masked-body.ts';
import { startLoader, type LoadPlan, type PairLoad, type WindowLoad } from '../../harness/load/index.ts';
import { createSchedule } from '../../harness/load/plan/schedule.ts';
import { type BySide, bothSides, SIDES } from '../../harness/model/index.ts';
import { type Arrival, plan, request, startBothServices, targetOf } from './service.ts';

const services = await startBothServices();
const loader = await startLoader({ cpus: null, signal: new AbortController().signal });
afterAll(async () => loader.stop());

// What an earlier test left in flight must not arrive in the next.
beforeEach(async () => {
  await loader.detach();
  for (const side of SIDES) {
    await expect.poll(() => services[side].connections(), { timeout: 5000 }).toBe(0);
    services[side].forget();
  }
});

const attach = async (given: LoadPlan, values?: BySide<Readonly<Record<string, string>>>): Promise<void> =>
  loader.attach({ plan: given, targets: bothSides((side) => targetOf(services[side], values?.[side])) });

const arrivalsOf = (): BySide<readonly Arrival[]> => bothSides((side) => services[side].arrivals);

const expectBalanced = (window: WindowLoad): void => {
  expect(window.planned).toBe(window.answered + window.lost + window.timedOut);
  expect(window.routes.reduce((sum, route) => sum + route.answered, 0)).toBe(window.answered);
  for (const route of window.routes) expect(route.service?.count ?? 0).toBe(route.answered);
};

const expectBothBalanced = (pair: PairLoad): void => SIDES.forEach((side) => expectBalanced(pair[side]));

test('couples send both sides the same requests in the same order, exactly as the schedule says', async () => {
  const requests = [
    request('/ok', { weight: 6 }),
    request('/chunked?n=${n}', { weight: 3 }),
    request('/ok?post', { method: 'POST', body: '{"row": "${data.id}", "n": ${n}}', headers: { 'x-a': '${n}' } }),
  ];
  const data = { file: 'd.csv', columns: ['id'], rows: [['a'], ['b'], ['c']] };
  const given = plan(requests, { data });
  await attach(given);
  const pair = await loader.couples({ first: 20, count: 100, inFlight: 1 });
  expect(pair).toMatchObject({ next: 120, cutShort: null, base: { planned: 100, failed: 0 }, head: { planned: 100 } });
  expectBothBalanced(pair);

  const { base, head } = arrivalsOf();
  const withoutHost = (arrivals: readonly Arrival[]) =>
    arrivals.map((arrival) => ({ ...arrival, headers: { ...arrival.headers, host: '' } }));
  expect(withoutHost(head)).toEqual(withoutHost(base));
  const schedule = createSchedule({ seed: given.seed, weights: [6, 3, 1], rows: 3 });
  const expected = Array.from({ length: 100 }, (_, index) => {
    const n = 20 + index;
    const body = `{"row": "${data.rows[schedule.rowOf(n)]?.[0]}", "n": ${n}}`;
    return [`/ok `, `/chunked?n=${n} `, `/ok?post ${body}`][schedule.routeOf(n)];
  });
  expect(base.map(({ path, body }) => `${path} ${body}`)).toEqual(expected);
  for (const side of SIDES) expect(pair[side].routes.map((route) => route.answered)).toEqual([60, 30, 10]);
});

test('windows of one name send nothing else, each number with the data it would have had', async () => {
  const requests = [request('/ok?n=${n}', { weight: 9 }), request('/chunked?n=${n}&row=${data.id}')];
  const data = { file: 'd.csv', columns: ['id'], rows: [['a'], ['b'], ['c']] };
  const given = plan(requests, { data });
  await attach(given);
  const pair = await loader.couples({ first: 20, count: 10, inFlight: 1, route: 1 });
  const paced = await loader.latency({ first: pair.next, seconds: 0.1, ratePerSecond: 100, route: 1 });
  for (const load of [pair, paced])
    for (const side of SIDES) expect(load[side].routes.map(({ answered }) => answered)).toEqual([0, 10]);
  const { rowOf } = createSchedule({ seed: given.seed, weights: [9, 1], rows: 3 });
  const expected = Array.from({ length: 20 }, (_, at) => `/chunked?n=${20 + at}&row=${data.rows[rowOf(20 + at)]?.[0]}`);
  for (const side of SIDES)
    expect(
      arrivalsOf()
        [side].map(({ path }) => path)
        .toSorted(),
    ).toEqual(expected.toSorted());
});

test('couples of a given time stop with equal counts, drained, and go on where they stopped', async () => {
  await attach(plan([request('/ok?n=${n}')], { connections: 4 }));
  const first = await loader.couples({ first: 0, seconds: 0.2, inFlight: 4 });
  const second = await loader.couples({ first: first.next, seconds: 0.1, inFlight: 4 });
  expect(first.base.planned).toBeGreaterThan(4);
  expect(first.base.planned).toBe(first.head.planned);
  expectBothBalanced(first);
  const { base, head } = arrivalsOf();
  expect(base.length).toBe(second.next);
  // Four in flight may overtake each other; none is missing and none comes twice.
  const numbers = (arrivals: readonly Arrival[]) =>
    arrivals.map(({ path }) => Number(path.split('=')[1])).sort((a, b) => a - b);
  expect(numbers(base)).toEqual(Array.from({ length: second.next }, (_, n) => n));
  expect(numbers(head)).toEqual(numbers(base));
});

test("only the host, the port and a side's own values differ between the sides", async () => {
  const requests = [request('/ok/${port}', { headers: { authorization: 'Bearer ${token}' } })];
  await attach(plan(requests), { base: { token: 'b' }, head: { token: 'h' } });
  await loader.couples({ first: 0, count: 1, inFlight: 1 });
  for (const side of SIDES) {
    const { port } = services[side];
    expect(services[side].arrivals).toEqual([
      {
        method: 'GET',
        path: `/ok/${port}`,
        body: '',
        headers: { host: `127.0.0.1:${port}`, connection: 'keep-alive', authorization: `Bearer ${side[0]}` },
      },
    ]);
  }
});

test('the seconds of a window are those of the requests in it, and the histogram travels whole', async () => {
  await attach(plan([request('/slow')]));
  const { base, wallSeconds, loader: health } = await loader.couples({ first: 0, count: 5, inFlight: 1 });
  const { service } = base;
  // One after the other: the window is at least as long as its answers took together.
  expect(wallSeconds * 1e6).toBeGreaterThan(0.99 * 5 * (service?.meanUs ?? Number.NaN));
  // The service waits 20 ms by its own timer, which may fire up to 1 ms early against our clock.
  expect(service?.p50Us).toBeGreaterThan(19_000);
  const decoded = decodeFromCompressedBase64(service?.histogram ?? '');
  expect(decoded.totalCount).toBe(5);
  // Three digits: what comes back is at most a thousandth above.
  expect(decoded.maxValue).toBeGreaterThanOrEqual(service?.maxUs ?? 0);
  expect(decoded.maxValue).toBeLessThan(1.001 * (service?.maxUs ?? 0));
  expect(decoded.getValueAtPercentile(50)).toBe(service?.p50Us);
  expect(base.response).toBeNull();
  expect(health.eventLoopRatio).toBeLessThanOrEqual(1);
  expect(health.cpuNs).toBeGreaterThan(0);
});

test('unexpected statuses are answers that failed, counted by status', async () => {
  await attach(plan([request('/fail-every-5th')]));
  const pair = await loader.couples({ first: 0, count: 50, inFlight: 1 });
  for (const side of SIDES) {
    expect(pair[side]).toMatchObject({ answered: 50, failed: 10, failedStatus: { '500': 10 }, lost: 0 });
  }
});

test('of failed requests the first of each name and status is kept, with what it was answered', async () => {
  const before = loader.failedRequests().length;
  await attach(
    plan([
      request('/say?status=404&n=${n}', { name: 'a' }),
      request('/say?status=302&gzip&n=${n}', { name: 'b' }),
      request('/reset', { name: 'c' }),
      request('/tear-every-10th', { name: 'd' }),
      request('/ok', { name: 'e' }),
    ]),
  );
  await loader.couples({ first: 0, count: 50, inFlight: 1 });
  await loader.couples({ first: 50, count: 50, inFlight: 1 });
  const seen = loader.failedRequests().slice(before);
  expect(seen.map(({ side, route }) => side[0] + route).toSorted()).toEqual('ba bb bc bd ha hb hc hd'.split(' '));
  const of = (name: string) => seen.find(({ side, route }) => side === 'head' && route === name);
  expect(of('a')).toMatchObject({ kind: 'answered', status: 404, how: 'status 404 to /login?a=1' });
  expect(of('a')?.request).toMatch(/^GET \/say\?status=404&n=\d$/);
  expect(of('a')?.body).toMatch(/^no thing \d\.+$/);
  expect(of('a')?.body?.length).toBeLessThanOrEqual(500);
  expect(of('b')).toMatchObject({ status: 302, body: expect.stringMatching(/^no thing \d\./) as string });
  expect(of('c')).toMatchObject({ kind: 'lost', status: null, body: null });
  expect(of('c')?.how).toMatch(/^the (connection broke \(ECONNRESET\)|service closed the connection)$/);
  expect(of('d')).toMatchObject({
    kind: 'lost',
    status: 200,
    how: 'the service closed the connection in the middle of its answer (status 200)',
  });
});

test('a request without an answer in time is kept as such', async () => {
  await attach(plan([request('/hang', { name: 'hang' })], { timeoutSeconds: 0.1 }));
  await loader.couples({ first: 0, count: 1, inFlight: 1 });
  expect(loader.failedRequests().find(({ route }) => route === 'hang')).toMatchObject({
    kind: 'timedOut',
    status: null,
    request: 'GET /hang',
    how: 'no answer in time',
  });
});

test('an answer that is not HTTP/1.1 is lost at once, and named as such', async () => {
  await attach(plan([request('/garbage', { name: 'garbage' })]));
  const { base, wallSeconds } = await loader.couples({ first: 0, count: 3, inFlight: 1 });
  expect(base).toMatchObject({ planned: 3, lost: 3, timedOut: 0 });
  expect(wallSeconds).toBeLessThan(2);
  const garbled = loader.failedRequests().find(({ route }) => route === 'garbage');
  expect(garbled?.how).toMatch(/^what it answered is not HTTP\/1\.1 \(.+\)$/);
});

test('a status the scenario expects is not a failure', async () => {
  await attach(
    plan([
      request('/fail-every-5th', {
        expect: {
          status: [
            { from: 200, to: 200 },
            { from: 500, to: 500 },
          ],
        },
      }),
    ]),
  );
  const { head } = await loader.couples({ first: 0, count: 10, inFlight: 1 });
  expect(head).toMatchObject({ answered: 10, failed: 0, failedStatus: {} });
});

test.each(['/drop-every-10th', '/tear-every-10th'])(
  '%s: what a dying connection takes along is lost, the rest counted right',
  async (path) => {
    await attach(plan([request(path), request('/ok')]));
    const pair = await loader.couples({ first: 0, count: 200, inFlight: 2 });
    expectBothBalanced(pair);
    for (const side of SIDES) {
      expect(pair[side]).toMatchObject({ planned: 200, lost: 10, timedOut: 0, failed: 0 });
      expect(services[side].arrivals.length).toBe(200);
      expect(pair[side].routes.map(({ answered }) => answered)).toEqual([90, 100]);
    }
  },
);

test('a request without an answer times out alone, and its connection is replaced', async () => {
  await attach(plan([request('/hang-every-20th')], { timeoutSeconds: 0.6 }));
  const pair = await loader.couples({ first: 0, count: 45, inFlight: 1 });
  expectBothBalanced(pair);
  for (const side of SIDES) expect(pair[side]).toMatchObject({ planned: 45, answered: 43, timedOut: 2, lost: 0 });
  expect(pair.cutShort).toBeNull();
});

test('a side that answers nothing any more cuts the window short, with exact and equal counts', async () => {
  await attach(plan([request('/hang')], { timeoutSeconds: 0.05 }));
  const pair = await loader.couples({ first: 0, count: 1000, inFlight: 1 });
  expect(pair.cutShort).toMatch(/left 3 requests unanswered for 0\.05 s each/);
  expectBothBalanced(pair);
  expect(pair.base).toMatchObject({ planned: 3, answered: 0, timedOut: 3, service: null });
  expect(pair.head.planned).toBe(3);
});

test('early hints and empty answers are one answer each', async () => {
  await attach(plan([request('/hint'), request('/empty')]));
  const pair = await loader.couples({ first: 0, count: 20, inFlight: 1 });
  for (const side of SIDES) {
    expect(pair[side]).toMatchObject({ answered: 20, failed: 0, lost: 0 });
    expect(services[side].arrivals.length).toBe(20);
  }
});

test('a target that closes the connection with its answer is refused with the reason', async () => {
  await attach(plan([request('/close')]));
  await expect(loader.couples({ first: 0, count: 10, inFlight: 1 })).rejects.toMatchObject({
    code: 'TARGET_CLOSES_CONNECTIONS',
    exitCode: 3,
    message: expect.stringContaining('Connection: close') as string,
  });
});

test('an unexpected answer that closes its connection is a failed answer, and the connection is replaced', async () => {
  await attach(plan([request('/close', { expect: { status: [{ from: 400, to: 400 }] } })]));
  const pair = await loader.couples({ first: 0, count: 10, inFlight: 1 });
  for (const side of SIDES) {
    expect(pair[side]).toMatchObject({ planned: 10, answered: 10, lost: 0, failed: 10, failedStatus: { '200': 10 } });
  }
});

test('an answer of HTTP/1.0, which lasts until the connection ends, is refused with the reason', async () => {
  await attach(plan([request('/http10')]));
  await expect(loader.couples({ first: 0, count: 10, inFlight: 1 })).rejects.toMatchObject({
    code: 'TARGET_CLOSES_CONNECTIONS',
  });
});

test('detaching during a window ends it at once', async () => {
  await attach(plan([request('/slow')]));
  const window = loader.couples({ first: 0, seconds: 60, inFlight: 1 });
  const ended = expect(window).rejects.toMatchObject({ code: 'WINDOW_CANCELLED' });
  await loader.detach();
  await ended;
});

test('the contention slice keeps both sides going over the same requests and ends drained', async () => {
  await attach(plan([request('/slow?n=${n}')], { connections: 8 }));
  const pair = await loader.contention({ first: 50, seconds: 0.3, inFlight: 8 });
  expectBothBalanced(pair);
  expect(pair.base.planned).toBe(pair.head.planned);
  expect(pair.next).toBe(50 + pair.base.planned);
  const { base, head } = arrivalsOf();
  const sorted = (arrivals: readonly Arrival[]) => arrivals.map(({ path }) => path).sort();
  expect(base.length).toBe(pair.base.planned);
  expect(sorted(head)).toEqual(sorted(base));
  for (const side of SIDES) expect(services[side].peak()).toBe(8);
});

test('the contention slice stays equal when one side is much slower', async () => {
  const requests = [request('/${way}')];
  await attach(plan(requests, { connections: 8 }), { base: { way: 'ok' }, head: { way: 'slow' } });
  const pair = await loader.contention({ first: 0, seconds: 0.2, inFlight: 8 });
  expectBothBalanced(pair);
  expect(pair.base.planned).toBe(pair.head.planned);
});

test('a single side replays the same requests by number, and the other side hears nothing', async () => {
  await attach(plan([request('/ok?a=${n}'), request('/ok?b=${n}')]));
  await loader.couples({ first: 0, count: 30, inFlight: 1 });
  const paths = services.head.arrivals.map(({ path }) => path).slice(10, 25);
  bothSides((side) => services[side].forget());
  const { window, next } = await loader.single({ side: 'head', first: 10, count: 15, inFlight: 1 });
  expect(services.head.arrivals.map(({ path }) => path)).toEqual(paths);
  expect(services.base.arrivals).toEqual([]);
  expect(window).toMatchObject({ planned: 15, answered: 15 });
  expect(next).toBe(25);
});

test('a single side can be left in peace between an answer and the next request', async () => {
  await attach(plan([request('/ok?n=${n}')]));
  const paused = await loader.single({ side: 'head', first: 0, count: 15, inFlight: 1, pauseMs: 10 });
  expect(paused.window).toMatchObject({ planned: 15, answered: 15 });
  expect(paused.next).toBe(15);
  // Timers of Node round down by up to a millisecond.
  expect(paused.wallSeconds).toBeGreaterThanOrEqual((14 * 9) / 1000);
});

test('a single side can be asked what it answers: status, length, and a hash of the body without its digits', async () => {
  const mix = ['/ok', '/chunked', '/hint', '/empty', '/fail-every-5th'].map((path) => request(path));
  await attach(plan(mix));
  const { replies } = await loader.single({ side: 'head', first: 0, count: 40, inFlight: 1, replies: 'read' });
  const rows = (replies?.route ?? []).map((route, index) => ({
    path: mix[route]?.path,
    status: replies?.status[index],
    bytes: replies?.bytes[index],
    masked: replies?.masked[index],
  }));
  expect(rows).toHaveLength(40);
  const bodies = {
    '/ok': 'fine',
    '/chunked': 'one,two',
    '/hint': 'after the hint',
    '/empty': '',
    '/fail-every-5th': 'x',
  };
  for (const { path = '', status, bytes, masked } of rows) {
    const body = bodies[path as keyof typeof bodies];
    expect({ path, bytes, masked }).toEqual({ path, bytes: body.length, masked: hashMasked(Buffer.from(body)) });
    if (path !== '/fail-every-5th') expect(status).toBe(path === '/empty' ? 204 : 200);
  }
  expect(new Set(rows.filter(({ path }) => path === '/fail-every-5th').map(({ status }) => status))).toEqual(
    new Set([200, 500]),
  );
  expect((await loader.single({ side: 'head', first: 0, count: 3, inFlight: 1 })).replies).toBeNull();
});

test('one target alone can be attached, and a pair of windows then is refused', async () => {
  await loader.attach({ plan: plan([request('/ok')]), targets: { head: targetOf(services.head) } });
  const { window } = await loader.single({ side: 'head', first: 0, count: 3, inFlight: 1 });
  expect(window.answered).toBe(3);
  for (const refused of [
    loader.single({ side: 'base', first: 0, count: 3, inFlight: 1 }),
    loader.couples({ first: 0, count: 3, inFlight: 1 }),
    loader.latency({ first: 0, seconds: 1, ratePerSecond: 10 }),
  ]) {
    await expect(refused).rejects.toMatchObject({ code: 'SIDE_NOT_ATTACHED' });
  }
});

test('a request is never sent on a connection that was silent for as long as services take to close one', async () => {
  const silentMs = 600;
  const servers = SIDES.map(() =>
    createServer((asked, answer) => {
      const { socket } = asked;
      const silent = performance.now() - (lastUse.get(socket) ?? performance.now());
      lastUse.set(socket, performance.now());
      // What a service's own clock does in the moment in which the request arrives.
      if (silent > silentMs) socket.destroy();
      else answer.end('ok');
    }),
  );
  const lastUse = new WeakMap<object, number>();
  for (const server of servers) server.on('connection', (socket) => lastUse.set(socket, performance.now()));
  const ports = await Promise.all(
    servers.map(async (server) => {
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      return (server.address() as AddressInfo).port;
    }),
  );
  try {
    const [base = 0, head = 0] = ports;
    const at = (port: number) => ({ host: '127.0.0.1', port, values: {} });
    await loader.attach({
      plan: plan([request('/ok')], { connections: 8 }),
      targets: { base: at(base), head: at(head) },
    });
    await loader.couples({ first: 0, seconds: 1.2 * (silentMs / 1000), inFlight: 1 });
    const pair = await loader.contention({ first: 0, seconds: 0.2, inFlight: 8 });
    expect(pair.base).toMatchObject({ lost: 0, failed: 0 });
    expect(pair.head).toMatchObject({ lost: 0, failed: 0 });
    expect(pair.base.answered).toBeGreaterThan(8);
  } finally {
    await loader.detach();
    for (const server of servers) server.close();
  }
});

test('all connections are open after attach, and closed after detach', async () => {
  await loader.detach();
  await expect.poll(() => services.base.connections(), { timeout: 5000 }).toBe(0);
  await attach(plan([request('/ok')], { connections: 5 }));
  await loader.couples({ first: 0, count: 20, inFlight: 1 });
  for (const side of SIDES) expect(services[side].connections()).toBe(5);
  await loader.detach();
  for (const side of SIDES) await expect.poll(() => services[side].connections(), { timeout: 5000 }).toBe(0);
});

test('a port nobody listens on is an error, not a storm', async () => {
  const gone = { host: '127.0.0.1', port: 1, values: {} };
  const attached = loader.attach({
    plan: plan([request('/ok')]),
    targets: { base: targetOf(services.base), head: gone },
  });
  await expect(attached).rejects.toMatchObject({
    code: 'TARGET_UNREACHABLE',
    exitCode: 5,
    message: expect.stringContaining('head target at 127.0.0.1:1 refuses connections') as string,
  });
});

test('a mistake in the plan is told before anything is sent', async () => {
  await expect(attach(plan([request('/${what}')]))).rejects.toMatchObject({ code: 'PLACEHOLDER_UNKNOWN', exitCode: 2 });
  expect(services.base.arrivals).toEqual([]);
});
