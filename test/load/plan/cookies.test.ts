import { describe, expect, test } from 'vitest';
import { CookieJar, parseSetCookie } from '../../../harness/load/plan/cookies.ts';

const NOW = Date.parse('2026-11-30T12:00:00Z');

describe('a Set-Cookie value', () => {
  test.each([
    ['a=b', { name: 'a', value: 'b', path: '/x', expiresMs: null }],
    [' a = b c ; Path=/ ; secure', { name: 'a', value: 'b c', path: '/', expiresMs: null }],
    ['a="b;c"', { name: 'a', value: '"b', path: '/x', expiresMs: null }],
    ['a=b=c==; path=/p/', { name: 'a', value: 'b=c==', path: '/p/', expiresMs: null }],
    ['a=; Path=relative', { name: 'a', value: '', path: '/x', expiresMs: null }],
    ['a=b; Max-Age=60', { name: 'a', value: 'b', path: '/x', expiresMs: NOW + 60_000 }],
    ['a=b; Max-Age=-1; Expires=Wed, 21 Oct 2030 07:28:00 GMT', { name: 'a', value: 'b', path: '/x', expiresMs: 0 }],
    ['a=b; Max-Age=soon', { name: 'a', value: 'b', path: '/x', expiresMs: null }],
    [
      'a=b; expires=Wed, 21-Oct-2030 07:28:00 GMT',
      { name: 'a', value: 'b', path: '/x', expiresMs: Date.UTC(2030, 9, 21, 7, 28) },
    ],
    ['a=b; Expires=never', { name: 'a', value: 'b', path: '/x', expiresMs: null }],
  ])('%j is read as RFC 6265 has it', (text, cookie) => {
    expect(parseSetCookie(text, '/x/y?z=/q', NOW)).toEqual(cookie);
  });

  test.each(['', 'a', '=b', ';a=b', ' = b'])('%j names nothing', (text) => {
    expect(parseSetCookie(text, '/', NOW)).toBeNull();
  });
});

describe('a jar', () => {
  const jarOf = (...set: readonly string[]): CookieJar => {
    const jar = new CookieJar();
    jar.store(set, '/', NOW);
    return jar;
  };

  test.each([
    ['/', ''],
    ['/a', 'x=1'],
    ['/a?b=c', 'x=1'],
    ['/a/b', 'x=1'],
    ['/ab', ''],
  ])('sends a cookie for /a to %s as %j', (path, header) => {
    expect(jarOf('x=1; Path=/a').headerFor(path, NOW)).toBe(header);
  });

  test('sends longer paths first, and keeps the place of a cookie that is set again', () => {
    const jar = jarOf('a=1; Path=/', 'b=1; Path=/p', 'c=1; Path=/', 'a=2; Path=/');
    expect(jar.headerFor('/p/q', NOW)).toBe('b=1; a=2; c=1');
  });

  test('forgets what is over: deleted at once, expired in its time', () => {
    const jar = jarOf('a=1', 'b=1; Max-Age=10', 'c=1');
    jar.store(['a=; Max-Age=0', 'nope=; Max-Age=0'], '/', NOW);
    expect(jar.headerFor('/', NOW)).toBe('b=1; c=1');
    expect(jar.headerFor('/', NOW + 10_000)).toBe('c=1');
  });

  test('has a version that changes with what is sent, and not when a cookie is only prolonged', () => {
    const jar = jarOf('a=1; Max-Age=10');
    const versions = ['a=1; Max-Age=20', 'gone=; Max-Age=0', 'a=2', 'a=2', 'b=1; Max-Age=10'].map((set) => {
      jar.store([set], '/', NOW);
      return jar.version;
    });
    expect(versions).toEqual([1, 1, 2, 2, 3]);
    jar.expire(NOW + 9_999);
    expect(jar.version).toBe(3);
    jar.expire(NOW + 10_000);
    expect([jar.version, jar.headerFor('/', NOW + 10_000)]).toEqual([4, 'a=2']);
  });

  test('sends the bytes back that were set', () => {
    expect(jarOf(Buffer.from('a=žluť').toString('latin1')).headerFor('/', NOW)).toBe('a=žluť');
  });
});
