import { createRequire } from 'node:module';
import { afterEach, expect, test } from 'vitest';
import { testSeam } from '../../../harness/load/traffic/self-test.ts';
import { loaderEngine } from '../../../harness/load/index.ts';
import { MEMBERS, requireClient } from '../../../harness/load/traffic/autocannon-client.ts';

const Client = createRequire(import.meta.url)('autocannon/lib/httpClient.js') as {
  prototype: Record<string, (...args: readonly unknown[]) => unknown>;
};
const original = { ...Client.prototype };
afterEach(() => Object.assign(Client.prototype, original));

const SAMPLES = { function: () => () => undefined, object: () => ({}), number: () => 2, string: () => '' };

const put = (client: object, path: string, value: unknown): void => {
  const keys = path.split('.');
  const holder = keys.slice(0, -1).reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], client);
  Object.assign(holder as object, { [keys.at(-1) ?? '']: value });
};

const withMembers = (): Record<string, unknown> => {
  const client: Record<string, unknown> = {};
  for (const [path, kind] of MEMBERS) put(client, path, SAMPLES[kind]());
  return client;
};

test('the seam holds with the autocannon that is installed, which is the one it was written for', async () => {
  expect(loaderEngine()).toBe('autocannon 9.0.0');
  await testSeam();
});

test.each(MEMBERS.map(([path]) => path))('a client without %s is refused by name and version', (path) => {
  const client = withMembers();
  expect(requireClient(client)).toBe(client);
  put(client, path, undefined);
  expect(() => requireClient(client)).toThrow(
    expect.objectContaining({
      code: 'SEAM_BROKEN',
      exitCode: 3,
      message: expect.stringMatching(new RegExp(`autocannon 9\\.0\\.0: its client has no \\w+ ${path};`)) as string,
    }),
  );
});

test('an engine that sends a request twice is refused', async () => {
  const send = original['_doRequest'];
  Client.prototype['_doRequest'] = function (this: unknown) {
    send?.call(this);
    return send?.call(this);
  };
  await expect(testSeam()).rejects.toMatchObject({ code: 'SEAM_BROKEN' });
});

test('an engine that sends other bytes is refused', async () => {
  Client.prototype['getRequestBuffer'] = () => Buffer.from('GET /other HTTP/1.1\r\nHost: self\r\n\r\n');
  await expect(testSeam()).rejects.toMatchObject({
    code: 'SEAM_BROKEN',
    message: expect.stringContaining('two probe requests sent') as string,
  });
});

test('an engine that never answers is refused after the deadline', async () => {
  Client.prototype['_doRequest'] = () => undefined;
  await expect(testSeam(500)).rejects.toMatchObject({
    code: 'SEAM_BROKEN',
    message: expect.stringContaining('two probe requests gave "ready"') as string,
  });
});
