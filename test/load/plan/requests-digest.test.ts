import { expect, test } from 'vitest';
import { requestsDigest } from '../../../harness/load/index.ts';
import type { RequestSpec } from '../../../harness/model/index.ts';

const request = (path: string, weight = 1): RequestSpec => ({
  name: path,
  weight,
  method: 'GET',
  path,
  headers: {},
  body: null,
  expect: { status: [{ from: 200, to: 299 }] },
});

const rows = Array.from({ length: 50 }, (_, row) => [String(row)]);
const plan = {
  seed: 7,
  requests: [request('/a', 2), request('/b?n=${data.n}')],
  data: { file: 'd.csv', columns: ['n'], rows },
};

test('the same requests in the same order have one digest, whatever they are called', () => {
  const renamed = plan.requests.map((each, at) => ({ ...each, name: `other ${at}` }));
  expect(requestsDigest({ ...plan, requests: renamed }, 200)).toBe(requestsDigest(plan, 200));
});

test.each([
  ['another seed', { ...plan, seed: 8 }],
  ['another path', { ...plan, requests: [request('/c', 2), plan.requests[1]!] }],
  ['another weight', { ...plan, requests: [request('/a', 3), plan.requests[1]!] }],
  ['another header', { ...plan, requests: [{ ...request('/a', 2), headers: { accept: 'x' } }, plan.requests[1]!] }],
  ['another body', { ...plan, requests: [{ ...request('/a', 2), body: 'x' }, plan.requests[1]!] }],
  ['another cell', { ...plan, data: { ...plan.data, rows: rows.map(([cell], row) => [row === 3 ? 'x' : cell!]) } }],
])('%s is another digest', (_, other) => {
  expect(requestsDigest(other, 200)).not.toBe(requestsDigest(plan, 200));
});

test('more of them are another digest', () => {
  expect(requestsDigest(plan, 201)).not.toBe(requestsDigest(plan, 200));
});
