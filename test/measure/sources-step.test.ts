import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { beginSources } from '../../harness/measure/sources-step.ts';
import type { Step } from '../../harness/measure/step.ts';

const moment = vi.hoisted(() => ({ passed: Promise.withResolvers<boolean>() }));
vi.mock('node:timers/promises', async (original) => ({
  ...(await original<object>()),
  setTimeout: async () => moment.passed.promise,
}));

beforeEach(() => {
  moment.passed = Promise.withResolvers<boolean>();
});
afterEach(() => {
  vi.restoreAllMocks();
});

const watched = () => {
  const lines: string[] = [];
  const step: Step = async (title, work) => {
    lines.push(`[${title}`);
    try {
      return await work((said) => void lines.push(typeof said === 'string' ? said : said.line(0)));
    } catch (error) {
      lines.push('failed');
      throw error;
    } finally {
      lines.push(']');
    }
  };
  return { lines, step };
};

const passMoment = async (): Promise<void> => {
  moment.passed.resolve(false);
  await turn();
};

it('sources that are there at once are no step', async () => {
  const { lines, step } = watched();
  const told = beginSources(step);
  told.say('base: checking out main');
  await told.end({});
  await passMoment();
  expect(lines).toEqual([]);
});

it('sources that take their time are a step, which begins with what they are at and is over before the next one', async () => {
  const { lines, step } = watched();
  const told = beginSources(step);
  told.say('base: checking out main');
  await passMoment();
  told.say('head: copying shop');
  await told.end({});
  expect(lines).toEqual(['[sources of both sides', 'base: checking out main', 'head: copying shop', ']']);
});

it('the step fails with what the sources fail with, and nobody hears of it twice', async () => {
  const { lines, step } = watched();
  const told = beginSources(step);
  await passMoment();
  await told.end({ error: new Error('no such base') });
  expect(lines.slice(-2)).toEqual(['failed', ']']);
  await told.end({ error: new Error('no such base') });
});
