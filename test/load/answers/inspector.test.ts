import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { startLoader, type LoadPlan, type LoadUser } from '../../../harness/load/index.ts';
import { type BySide, bothSides, type RequestSpec, SIDES } from '../../../harness/model/index.ts';
import { plan, request, startBothServices, targetOf } from '../service.ts';

const services = await startBothServices();
const loader = await startLoader({ cpus: null, signal: new AbortController().signal });
afterAll(async () => loader.stop());

beforeEach(async () => {
  await loader.detach();
  for (const side of SIDES) {
    await expect.poll(() => services[side].connections(), { timeout: 5000 }).toBe(0);
    services[side].forget();
  }
});

const cookie = (name: string, value: string, path = '/') => ({ name, value, path, expiresMs: null });

/** One window of couples; what arrived, per side. */
const couples = async (
  requests: readonly RequestSpec[],
  { users, count = 20, ...more }: Partial<LoadPlan> & { users?: BySide<readonly LoadUser[]>; count?: number } = {},
) => {
  const targets = bothSides((side) => ({
    ...targetOf(services[side]),
    ...(users !== undefined && { users: users[side] }),
  }));
  await loader.attach({ plan: plan(requests, more), targets });
  const pair = await loader.couples({ first: 0, count, inFlight: 1 });
  return { pair, arrivals: bothSides((side) => services[side].arrivals) };
};

const both = (users: readonly LoadUser[]): BySide<readonly LoadUser[]> => ({ base: users, head: users });

describe('HEAD and OPTIONS', () => {
  test.each(['HEAD', 'OPTIONS', 'GET'] as const)(
    '%s over a kept connection: every answer counted, none waited for longer than it is',
    async (method) => {
      const paths = ['/head?length', '/head?n=${n}', '/chunked', '/empty'];
      const mixed = [...paths.map((path) => request(path, { method, name: path })), request('/ok')];
      const { pair, arrivals } = await couples(method === 'HEAD' ? mixed : mixed.slice(1), {
        count: 40,
        timeoutSeconds: 2,
      });
      for (const side of SIDES) {
        expect(pair[side]).toMatchObject({ planned: 40, answered: 40, failed: 0, lost: 0, timedOut: 0 });
        expect(services[side].connections()).toBe(2);
      }
      expect(arrivals.head.filter((arrival) => arrival.method === method).length).toBeGreaterThanOrEqual(30);
    },
  );

  test('a service that closes the connection after HEAD is refused as for any other method', async () => {
    const closing = couples([request('/head?close', { method: 'HEAD' })]);
    await expect(closing).rejects.toMatchObject({ code: 'TARGET_CLOSES_CONNECTIONS' });
  });
});

describe('cookies', () => {
  test('of each user go with its requests, by path, the users taking turns on both sides alike', async () => {
    const users: BySide<readonly LoadUser[]> = bothSides((side) =>
      [0, 1, 2].map((user) => ({
        values: { who: `${side}-${user}` },
        cookies: [cookie('deep', 'd', '/ok/deep'), cookie('sid', `${side}${user}`)],
      })),
    );
    const { arrivals } = await couples(
      [
        request('/ok', { name: 'a' }),
        request('/ok/${n}?who=${who}&user=${user}', { name: 'b' }),
        request('/ok/deep/${n}', { name: 'c' }),
        request('/ok?own', { headers: { cookie: 'mine=1' } }),
        request('/ok?none', { cookies: false }),
      ],
      { users, count: 60 },
    );
    for (const side of SIDES) {
      const seen = arrivals[side].map(({ path, headers }, number) => ({
        path,
        cookie: headers['cookie'],
        user: number % 3,
      }));
      for (const { path, cookie: sent, user } of seen) {
        const sid = `sid=${side}${user}`;
        if (path === '/ok?own') expect(sent).toBe('mine=1');
        else if (path === '/ok?none') expect(sent).toBeUndefined();
        else expect(sent).toBe(path.startsWith('/ok/deep/') ? `deep=d; ${sid}` : sid);
        if (path.includes('who=')) expect(path).toContain(`who=${side}-${user}&user=${user}`);
      }
    }
    // The same requests in the same order, whatever the sides have of their own.
    const routes = bothSides((side) => arrivals[side].map(({ path }) => path.replaceAll(side, '')));
    expect(routes.head).toEqual(routes.base);
  });

  const signedIn = both([{ values: {}, cookies: [cookie('sid', 'first')] }]);

  test.each([
    ['all are', { cookies: 'all' }, undefined],
    ['the user came with some', { users: signedIn }, 'first'],
  ] as const)('that answers under load set or delete are kept where %s', async (_, more, first) => {
    const requests = [request('/session?as=u${n}', { name: 'a' }), request('/out', { name: 'b' }), request('/ok')];
    const { pair, arrivals } = await couples(requests, { ...more, count: 60 });
    expect(pair.head).toMatchObject({ answered: 60, failed: 0 });
    let sid: string | undefined = first;
    let lang = false;
    for (const { path, headers } of arrivals.head) {
      const isSession = path.startsWith('/session');
      const sent = [...(isSession && lang ? ['lang=cs'] : []), ...(sid === undefined ? [] : [`sid=${sid}`])];
      expect(headers['cookie'] ?? '').toBe(sent.join('; '));
      if (isSession) {
        lang = true;
        sid = /as=(.*)/.exec(path)?.[1];
      }
      if (path === '/out') sid = undefined;
    }
    expect(lang).toBe(true);
  });

  test.each([
    ['the users brought none', {}, undefined],
    ['only those of prepare count', { users: signedIn, cookies: 'prepare' }, 'sid=first'],
  ] as const)('that answers under load set change nothing where %s', async (_, more, sent) => {
    const { arrivals } = await couples([request('/session?as=u${n}', { name: 'a' }), request('/ok')], { ...more });
    expect(new Set(arrivals.head.map(({ headers }) => headers['cookie']))).toEqual(new Set([sent]));
  });

  test('are neither sent nor kept where they are off', async () => {
    const users = both([{ values: {}, cookies: [cookie('sid', '1')] }]);
    const { arrivals } = await couples([request('/session?as=x')], { users, cookies: 'off' });
    expect(new Set(arrivals.base.map(({ headers }) => headers['cookie']))).toEqual(new Set([undefined]));
  });
});

describe('values captured under load', () => {
  test('are known to the later requests of that user, to the last digit', async () => {
    const users = both([
      { values: { id: 'first' }, cookies: [] },
      { values: { id: 'second' }, cookies: [] },
    ]);
    const { pair, arrivals } = await couples(
      [request('/session', { name: 'a', capture: { id: '$.id' } }), request('/ok?id=${id}', { name: 'b' })],
      { users, count: 40 },
    );
    expect(pair.head).toMatchObject({ answered: 40, failed: 0 });
    for (const side of SIDES) {
      const ids = ['first', 'second'];
      let count = 0;
      arrivals[side].forEach(({ path }, number) => {
        if (path === '/session') ids[number % 2] = String(9_007_199_254_740_993n + BigInt(++count));
        else expect(path).toBe(`/ok?id=${ids[number % 2]}`);
      });
      expect(count).toBe(20);
    }
  });

  test('that are not there make the answer a failed one', async () => {
    const users = both([{ values: { id: '1' }, cookies: [] }]);
    const capture = { id: { header: 'x-id' } };
    const { pair } = await couples([request('/ok?id=${id}', { name: 'no id', capture })], { users });
    expect(pair.base).toMatchObject({ answered: 20, failed: 20, failedStatus: { '200 with a wrong body': 20 } });
    const met = loader.failedRequests().find(({ route }) => route === 'no id');
    expect(met).toMatchObject({ how: 'status 200, but there is no header x-id to capture as id', body: 'fine' });
  });
});

describe('bodies', () => {
  const check = async (path: string, body: RequestSpec['expect']['body'], count = 20) => {
    const status = [{ from: 200, to: 299 }];
    const { pair } = await couples(
      [request(path, { name: path + JSON.stringify(body), expect: { status, body: body! } })],
      {
        count,
      },
    );
    return pair.head;
  };

  test.each([
    ['/ok', { contains: ['fi', 'ne'] }],
    ['/chunked', { contains: ['one,two'] }],
    ['/chunked', { matches: '^one,tw.$' }],
    ['/session', { json: { '$.ok': 'true', '$.list': '[1, 2.5]' } }],
  ])('%s is as expected by %j', async (path, body) => {
    expect(await check(path, body)).toMatchObject({ answered: 20, failed: 0 });
  });

  test.each([
    ['/ok', { contains: ['fi', 'no'] }, 'the body does not contain "no"'],
    ['/chunked', { matches: '^two' }, 'the body does not match "^two"'],
    ['/ok', { json: { '$.a': '1' } }, 'the body is not JSON'],
    ['/session', { json: { '$.list[1]': '2' } }, '$.list[1] is "25e-1", not "2"'],
  ])('%s is not as expected by %j, and said to be so', async (path, body, problem) => {
    const window = await check(path, body);
    expect(window).toMatchObject({ answered: 20, failed: 20, failedStatus: { '200 with a wrong body': 20 } });
    const met = loader.failedRequests().find(({ route }) => route === path + JSON.stringify(body));
    expect(met?.how).toBe(`status 200, but ${problem}`);
    expect(met?.body).toMatch(/^(fine|one,two|\{"id")/);
  });

  test('an id next to the expected one beyond 2^53 is another one', async () => {
    // The service counts from 9007199254740994.
    expect(await check('/session', { json: { '$.id': '9007199254740995' } }, 3)).toMatchObject({ failed: 2 });
  });

  test('one good answer does not make the next, different one good', async () => {
    const window = await check('/say?status=200&n=${n}', { matches: 'thing 1?[02468]\\.' });
    expect(window).toMatchObject({ answered: 20, failed: 10 });
  });
});
