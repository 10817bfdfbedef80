import { expect, test } from 'vitest';
import { isOfPrepare, preparedChecks, requestChecks, type Sent } from '../../../harness/cli/doctor/requests.ts';
import type { PrepareRequest, RequestSpec } from '../../../harness/model/index.ts';
import { parseScenario } from '../../../harness/scenario/index.ts';

const scenario = parseScenario(
  `target: { ready: GET / }
load:
  prepare:
    - { name: login, http: POST /login, capture: { token: $.token, id: $.id } }
    - { http: "POST /items/\${n}", repeat: 3 }
  requests: [{ http: GET /items }, { name: page, http: GET /page }]`,
  's.yml',
  new Map(),
);
const [login, add] = scenario.load.prepare as readonly [PrepareRequest, PrepareRequest];
const [items, page] = scenario.load.requests as readonly [RequestSpec, RequestSpec];

const sent = (request: PrepareRequest, more: Partial<Sent> = {}): Sent => ({
  request,
  problem: null,
  status: 200,
  bytes: 40,
  cookies: [],
  ms: 2,
  ...more,
});

test('a request before the load shows its line, status, size, time and the names of what it left, never values', () => {
  expect(preparedChecks('head', [sent(login, { cookies: ['sid'] })])).toEqual([
    {
      name: 'head: prepare login',
      state: 'ok',
      found: 'POST /login: 200, 40 B in 2 ms; captured token, id; cookie sid',
      advice: '',
    },
  ]);
});

test('a request that is sent several times has one line, with all its statuses and sizes and the time of all', () => {
  const three = [sent(login), sent(add), sent(add, { status: 201, bytes: 60 }), sent(add)];
  expect(preparedChecks('head', three).map(({ name, found }) => [name, found])).toEqual([
    ['head: prepare login', 'POST /login: 200, 40 B in 2 ms; captured token, id'],
    ['head: prepare POST /items/${n}', '3 times: 200 and 201, 40 B to 60 B in 6 ms'],
  ]);
});

test('the request that failed shows what it was answered and what to do, after those that went well', () => {
  const problem = 'was answered with status 401, expected 200-299. The answer begins: no such user';
  const failed = [sent(login), sent(add, { problem, status: 401 })];
  expect(isOfPrepare(failed)).toBe(true);
  expect(isOfPrepare([sent(login)])).toBe(false);
  expect(isOfPrepare([])).toBe(false);
  expect(preparedChecks('head', failed, 'Check it. All of its output: /tmp/gone.log')[1]).toEqual({
    name: 'head: prepare POST /items/${n}',
    state: 'fail',
    found: `POST /items/\${n}, 2 ms: ${problem}`,
    advice: 'Check it.',
  });
});

test('a request of the load shows its line where it has another name, and what a bad answer said', () => {
  const tried = [
    { request: items, isOk: true, status: 200, bytes: 11, ms: 1 },
    { request: page, isOk: false, status: 500, bytes: 4, ms: 3 },
  ];
  const failed = [
    { route: 'page', side: 'head' as const, count: 1, request: 'GET /page', how: 'status 500', body: 'oops' },
  ];
  expect(requestChecks('head', { tried, failed } as never).map(({ state, found }) => [state, found])).toEqual([
    ['ok', '200, 11 B in 1 ms'],
    ['fail', 'GET /page: status 500 after 3 ms, which is not expected: oops'],
  ]);
});
