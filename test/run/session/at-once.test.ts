import { expect, test } from 'vitest';
import { setTimeout as delay } from 'node:timers/promises';
import { atOnce } from '../../../harness/run/session/at-once.ts';

const never = new AbortController().signal;

test('both sides are at work at the same time', async () => {
  const begun: string[] = [];
  const meet = async (side: string): Promise<string> => {
    begun.push(side);
    while (begun.length < 2) await delay(1);
    return side;
  };
  const both = await atOnce(never, { base: async () => meet('base'), head: async () => meet('head') });
  expect(both).toEqual({ base: 'base', head: 'head' });
});

test('of two that fail base is thrown, though head fails first', async () => {
  const fail = async (side: string, afterMs: number): Promise<never> => {
    await delay(afterMs);
    throw new Error(side);
  };
  const both = atOnce(never, { base: async () => fail('base', 20), head: async () => fail('head', 0) });
  await expect(both).rejects.toThrow('base');
  const head = atOnce(never, { base: async () => Promise.resolve(1), head: async () => fail('head', 0) });
  await expect(head).rejects.toThrow('head');
});

test('a side whose other fails is told to stop, and has stopped when the failure is thrown', async () => {
  let stopped = false;
  const both = atOnce(never, {
    base: async () => Promise.reject(new Error('base')),
    head: async (signal) => {
      await new Promise((resolve) => {
        signal.addEventListener('abort', resolve);
      });
      await delay(10);
      stopped = true;
    },
  });
  await expect(both).rejects.toThrow('base');
  expect(stopped).toBe(true);
});

test('both are told when the run ends, and head may wait for what base comes to', async () => {
  const run = new AbortController();
  const both = atOnce(run.signal, {
    base: async (signal) => {
      run.abort(new Error('interrupted'));
      signal.throwIfAborted();
    },
    head: async (_, base) => base,
  });
  await expect(both).rejects.toThrow('interrupted');
});
