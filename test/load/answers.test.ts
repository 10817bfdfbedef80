import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startLoader } from '../../harness/load/index.ts';
import { answerDifferences } from '../../harness/compare/verdict/differing-answers.ts';
import type { BySide, RouteAnswers } from '../../harness/model/index.ts';
import { runOf } from '../builders/synthetic-run.ts';
import { plan, request } from './service.ts';

const ended: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ended.splice(0)) await end();
});

const serve = async (listener: RequestListener): Promise<number> => {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  ended.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
};

const startedLoader = async () => {
  const loader = await startLoader({ cpus: null, signal: new AbortController().signal });
  ended.push(async () => loader.stop());
  return loader;
};

/** Looks at two launches of both sides, which answer by their listeners. */
const lookAt = async (
  listeners: (launch: number) => BySide<RequestListener>,
  paths: readonly string[],
  launches: readonly number[] = [1, 2],
): Promise<readonly RouteAnswers[]> => {
  const loader = await startedLoader();
  for (const launch of launches) {
    const { base, head } = listeners(launch);
    const target = (port: number) => ({ host: '127.0.0.1', port, values: {} });
    const targets = { base: target(await serve(base)), head: target(await serve(head)) };
    await loader.attach({
      plan: plan(
        paths.map((path) => request(path)),
        { launch },
      ),
      targets,
    });
    const next = await loader.answers({ first: 0, perRoute: 3, seconds: 5 });
    expect(next).toBeGreaterThanOrEqual(3 * paths.length);
    await loader.answers({ first: next, perRoute: 2, seconds: 5 });
    await loader.detach();
  }
  return loader.comparedAnswers() ?? [];
};

const saying =
  (text: (path: string, count: number) => string | Buffer, headers: Record<string, string> = {}): RequestListener =>
  (asked, response) => {
    response.writeHead(200, headers);
    response.end(text(asked.url ?? '', Math.floor(Math.random() * 1e6)));
  };

const ITEMS = JSON.stringify({ data: { items: Array.from({ length: 200 }, (_, id) => ({ id, name: 'lamp' })) } });
const ERRORS = '{"data":null,"errors":[{"message":"not signed in"}]}';

test('answers that differ in dates and digits alone are equal, on all requests of every name', async () => {
  const stamped = (_path: string, count: number) => `${new Date().toUTCString()} order ${count}`;
  const found = await lookAt(() => ({ base: saying(stamped), head: saying(stamped) }), ['/a', '/b']);
  for (const route of found) {
    expect(route).toMatchObject({ compared: 10, differing: 0, lost: 0, repeated: 10, varying: 0, first: null });
  }
  expect(found.map(({ route }) => route)).toEqual(['/a', '/b']);
});

/** What services put into answers anew each time, as long as ever or not. */
const TOKENS: Readonly<Record<string, () => string>> = {
  'a UUID': () => randomUUID(),
  'base64 of 32 bytes': () => randomBytes(32).toString('base64'),
  'base64url of 16 to 48 bytes': () => randomBytes(16 + randomInt(32)).toString('base64url'),
  'hexadecimal of 4 to 32 bytes': () => randomBytes(4 + randomInt(28)).toString('hex'),
  'base 36 of up to 52 bits': () => randomInt(2 ** 47).toString(36),
  'a JWT': () => [18, 60, 32].map((bytes) => randomBytes(bytes).toString('base64url')).join('.'),
  'a time to the nanosecond, zeros cut off': () => `${new Date().toISOString().replace(/0*Z$/, '')}${randomInt(1000)}Z`,
};

const PAGE = `<form><input type="hidden" name="csrf" value="TOKEN">${'<p>a paragraph of it</p>'.repeat(3)}</form>`;

const TOKEN_BODIES = [PAGE, '{"requestId":"TOKEN","items":[{"name":"lamp"}],"next":"/items?after=TOKEN"}', 'TOKEN'];

describe.each(Object.entries(TOKENS))('a random token in every answer, %s,', (_, token) => {
  /** By the number of launches; a route for each body. */
  const found = new Map<number, readonly RouteAnswers[]>();
  beforeAll(async () => {
    const answer = saying((path) => TOKEN_BODIES[Number(path.slice(1))]?.replaceAll('TOKEN', token) ?? '');
    const paths = TOKEN_BODIES.map((_body, route) => `/${route}`);
    for (const launches of [[1], [1, 2]])
      found.set(launches.length, await lookAt(() => ({ base: answer, head: answer }), paths, launches));
  });

  test.each([
    ['in a page', 0, [1, 2]],
    ['in JSON', 1, [1, 2]],
    // One launch cannot show that an answer without any word of its own varies by itself.
    ['alone', 2, [2]],
  ])('is no difference between the sides: %s', (__, route, counts) => {
    for (const launches of counts) {
      const answers = found.get(launches)?.slice(route, route + 1) ?? [];
      expect(answers).toMatchObject([{ route: `/${route}`, compared: 5 * launches }]);
      expect(answerDifferences(runOf([], { answers }))).toEqual([]);
    }
  });
});

test('an error page in place of the content is content lost, whatever its length, and both beginnings are kept', async () => {
  const long = `<html>${'not allowed, sorry. '.repeat(400)}</html>`;
  for (const page of [ERRORS, long]) {
    const [route] = await lookAt(() => ({ base: saying(() => ITEMS), head: saying(() => page) }), ['/items']);
    expect(route).toMatchObject({
      compared: 10,
      differing: 10,
      lost: 10,
      unsteady: 0,
      first: {
        request: 'GET /items',
        base: { status: 200, bytes: ITEMS.length, body: ITEMS.slice(0, 500) },
        head: { status: 200, bytes: page.length, body: page.slice(0, 500) },
      },
    });
  }
});

test('a field more or another order of words loses nothing; the mirror image of a loss is a gain', async () => {
  const more = ITEMS.replaceAll('"name"', '"colour":"red","name"');
  const [one] = await lookAt(() => ({ base: saying(() => ITEMS), head: saying(() => more) }), ['/items']);
  expect(one).toMatchObject({ differing: 10, lost: 0, gained: 0 });
  const [two] = await lookAt(() => ({ base: saying(() => ERRORS), head: saying(() => ITEMS) }), ['/items']);
  expect(two).toMatchObject({ differing: 10, gained: 10 });
});

test('packed answers are compared unpacked', async () => {
  const packed = { 'content-encoding': 'gzip' };
  const [same] = await lookAt(
    () => ({ base: saying(() => gzipSync(ITEMS), packed), head: saying(() => gzipSync(ITEMS, { level: 1 }), packed) }),
    ['/items'],
  );
  expect(same).toMatchObject({ compared: 10, differing: 0 });
});

test('what a side answers otherwise in the next launch varies', async () => {
  const words = ['lamp', 'chair', 'table', 'spoon'];
  const [route] = await lookAt(
    (launch) => ({ base: saying(() => words[launch] ?? ''), head: saying(() => words[launch + 1] ?? '') }),
    ['/random'],
  );
  expect(route).toMatchObject({ compared: 10, differing: 10, repeated: 10, varying: 10, unsteady: 10 });
});

test('sides that are looked at one after the other are compared all the same', async () => {
  const loader = await startedLoader();
  for (const [side, text] of [
    ['base', ITEMS],
    ['head', ERRORS],
  ] as const) {
    const target = { host: '127.0.0.1', port: await serve(saying(() => text)), values: {} };
    await loader.attach({ plan: plan([request('/items')]), targets: { [side]: target } });
    await loader.answers({ first: 0, perRoute: 3, seconds: 5, side });
    await loader.detach();
  }
  expect(loader.comparedAnswers()).toMatchObject([{ compared: 3, lost: 3 }]);
});

test('a look that lasts too long ends, and what is not answered is compared with nothing', async () => {
  const slow: RequestListener = (_asked, response) => void setTimeout(() => response.end('late'), 60);
  const loader = await startedLoader();
  const target = async () => ({ host: '127.0.0.1', port: await serve(slow), values: {} });
  await loader.attach({ plan: plan([request('/a')]), targets: { base: await target(), head: await target() } });
  await loader.answers({ first: 0, perRoute: 50, seconds: 0.1 });
  const [route] = loader.comparedAnswers() ?? [];
  expect(route?.compared).toBeGreaterThan(0);
  expect(route?.compared).toBeLessThan(10);
});
