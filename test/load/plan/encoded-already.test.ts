import { expect, test } from 'vitest';
import { capturedBy, cellsOf, encodedAlready } from '../../../harness/load/index.ts';
import { request } from '../service.ts';

const table = (...cells: readonly string[]) => ({ file: 'd.csv', columns: ['v'], rows: cells.map((cell) => [cell]) });

const json = (body: string) => request('/', { method: 'POST', body });

test.each([
  ['percent signs of a query', request('/?q=${data.v}'), table('a', 'a%20b'), 'a%2520b'],
  ['a slash in a path', request('/${data.v}'), table('a/b'), 'a%2Fb'],
  ['escapes of JSON', json('{"a": "${data.v}"}'), table('a\\"b', 'x'), 'a\\\\\\"b'],
])('%s in the data are shown as they are sent now, with the way to send them as before', (_, spec, data, sent) => {
  const [said, ...more] = encodedAlready([spec, { ...spec, name: 'again' }], cellsOf(data));
  expect(said).toContain(` as ${sent};`);
  expect(said).toContain('${raw:data.v}');
  expect(more).toEqual([]);
});

test.each([
  ['50% off and %41: not encoded by hand', request('/?q=${data.v}'), table('50% off', '%41')],
  ['quotes that JSON would not bear', json('{"a": "${data.v}"}'), table('a\\"b', 'say "x"')],
  ['sent as it is', request('/${raw:data.v}'), table('a/b')],
  ['not used', request('/'), table('a/b')],
  ['a header', request('/', { headers: { a: '${data.v}' } }), table('a/b%20')],
])('nothing is said about %s', (_, spec, data) => {
  expect(encodedAlready([spec], cellsOf(data))).toEqual([]);
  expect(encodedAlready([spec], cellsOf(null))).toEqual([]);
});

test('a captured path is shown, too, since it was sent as it is before', () => {
  const users = [{ values: { at: 'items/7', id: '7' }, cookies: [] }];
  const spec = request('/api/${at}?id=${id}');
  expect(encodedAlready([spec], [capturedBy(users)])).toEqual([
    'load.prepare: ${at} is encoded for a path, "items/7" as items%2F7; write ${raw:at} where it is to be sent as it is.',
  ]);
  expect(encodedAlready([request('${at}')], [capturedBy(users)])).toEqual([]);
});
