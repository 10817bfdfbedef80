import { describe, expect, test } from 'vitest';
import {
  bodyTemplate,
  fillAll,
  fillKnown,
  headerTemplate,
  holesOf,
  pathTemplate,
} from '../../../harness/load/plan/encoding.ts';

const NASTY = ['salt & pepper', '50% off', 'c#', 'a=b', 'x+y', 'a/b?c', '', 'žlutý 🐎', '%41', '"q"\\\n', ';', "it's"];

const inPath = (path: string, value: string): string => fillAll(pathTemplate(path), () => value);
const inBody = (body: string, type: string | undefined, value: string): string =>
  fillAll(bodyTemplate(body, type), () => value);

describe('in a URL', () => {
  test.each(NASTY)('%j as a query value is what the service reads, and the only one', (value) => {
    const url = new URL(inPath('/s?a=1&q=${v}&b=2', value), 'http://h');
    expect([...url.searchParams]).toEqual([
      ['a', '1'],
      ['q', value],
      ['b', '2'],
    ]);
  });

  test.each(NASTY)('%j as a path segment stays one segment', (value) => {
    const url = new URL(inPath('/items/${v}/x', value), 'http://h');
    expect(url.pathname.split('/').map(decodeURIComponent)).toEqual(['', 'items', value, 'x']);
    expect(url.search).toBe('');
  });

  test('what the author typed stays as typed', () => {
    expect(inPath('/a%20b+c;d?x=%41&y=a+b/c?&z=${v}', 'v')).toBe('/a%20b+c;d?x=%41&y=a+b/c?&z=v');
  });

  test.each([
    ['/s?${v}', 'a=1&b=x y', '/s?a=1&b=x%20y'],
    ['/s?${v}&z=1', 'a=50%', '/s?a=50%25&z=1'],
    ['/s?z=1&${v}', 'a=%41#f', '/s?z=1&a=%41%23f'],
  ])('a value for whole pairs in %s keeps its & and =', (path, value, sent) => {
    expect(inPath(path, value)).toBe(sent);
  });

  test('a value in the place of a name is one name', () => {
    expect([...new URL(inPath('/s?${v}=1', 'a&b=c'), 'http://h').searchParams]).toEqual([['a&b=c', '1']]);
  });

  test.each([
    ['/items/5?x=1&y=a/b', '/items/5?x=1&y=a/b'],
    ['http://127.0.0.1:8080/items/5#top', '/items/5'],
    ['https://h', '/'],
    ['items/a b', '/items/a%20b'],
  ])('%s as the whole path is sent as an address', (value, sent) => {
    expect(inPath('${v}', value)).toBe(sent);
  });

  test('raw, url and json say how a value is written wherever it stands', () => {
    expect(inPath('/${raw:v}?q=${raw:v}', 'a/b&c')).toBe('/a/b&c?q=a/b&c');
    expect(fillAll(headerTemplate('${url:v} ${json:v} ${v}'), () => '"é')).toBe('%22%C3%A9 \\"é "é');
  });

  test('half a surrogate pair, which no encoding has, does not end the run', () => {
    expect(inPath('/?q=${v}', '\ud800')).toBe('/?q=%EF%BF%BD');
  });
});

describe('in a body', () => {
  test.each(NASTY)('%j inside a JSON string is that string', (value) => {
    for (const type of ['application/json', 'application/vnd.api+json; charset=utf-8', undefined]) {
      expect(JSON.parse(inBody('{"a\\"": "${v}", "n": 1}', type, value))).toEqual({ 'a"': value, n: 1 });
    }
  });

  test('outside of a JSON string a value is JSON itself', () => {
    expect(inBody('{"id": ${v}, "s": "x"}', 'application/json', '12')).toBe('{"id": 12, "s": "x"}');
    expect(inBody('[${v}]', undefined, '{"a": 1}')).toBe('[{"a": 1}]');
  });

  test.each(NASTY)('%j in a form is one value', (value) => {
    const form = inBody('user=${v}&x=a+b', 'application/x-www-form-urlencoded; charset=utf-8', value);
    expect([...new URLSearchParams(form)]).toEqual([
      ['user', value],
      ['x', 'a b'],
    ]);
  });

  test('in XML it cannot end its element', () => {
    expect(inBody('<a b="${v}"/>', 'text/xml', '<"&\'>')).toBe('<a b="&lt;&quot;&amp;&#39;&gt;"/>');
    expect(inBody('<a>${v}</a>', 'application/soap+xml', 'x')).toBe('<a>x</a>');
  });

  test.each([
    ['text/plain', '{"a": "${v}"}'],
    ['text/csv', 'a,"${v}"'],
    [undefined, 'a "${v}"'],
    [undefined, '[section]\nname = "${v}"'],
  ])('in %s it is as it is', (type, body) => {
    expect(inBody(body, type, '"&')).toBe(body.replace('${v}', '"&'));
  });
});

test('what is filled early and what is filled late give the same text', () => {
  const template = pathTemplate('/a/${x}?q=${y}&z=${x}');
  const early = fillKnown(template, (name) => (name === 'x' ? 'a/b' : undefined));
  expect(holesOf(early).map(({ name }) => name)).toEqual(['y']);
  expect(fillAll(early, () => '&')).toBe(fillAll(template, (name) => (name === 'x' ? 'a/b' : '&')));
});
