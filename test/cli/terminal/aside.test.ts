import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { asideOn, waitingFor } from '../../../harness/cli/terminal/aside.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const pass = (seconds: number): void => void vi.advanceTimersByTime(seconds * 1000);

const streamOf = (isTTY: boolean, columns = 80) => {
  const written: string[] = [];
  const write = (text: string): boolean => written.push(text) > 0;
  return { written, stream: { isTTY, columns, write } as unknown as NodeJS.WriteStream };
};

it('in a log what takes long is a line now and then, and findings end it', () => {
  const { written, stream } = streamOf(false);
  const aside = asideOn(stream);
  aside.say(waitingFor('building head'));
  pass(21);
  aside.over();
  pass(30);
  aside.end();
  expect(written).toEqual(['building head, 10 s\n', 'building head, 20 s\n']);
});

it('what stands is for others to print, and ends what went on', () => {
  const { written, stream } = streamOf(false);
  const aside = asideOn(stream);
  aside.say(waitingFor('building head'));
  aside.say('built in 3s');
  pass(30);
  aside.end();
  expect(written).toEqual([]);
});

it('on a terminal it is one line that fits, rubbed out once before a finding', () => {
  const { written, stream } = streamOf(true, 12);
  const aside = asideOn(stream);
  const rubOut = '\r\u001B[2K';
  aside.over();
  aside.say(waitingFor('building head\u001B[31m'));
  expect(written).toEqual([`${rubOut}building he`]);
  aside.over();
  expect(written.slice(1)).toEqual([rubOut]);
  pass(5);
  aside.end();
  expect(written).toHaveLength(2);
});

it('on a terminal that does not tell its width it is shown all the same', () => {
  const { written, stream } = streamOf(true, 0);
  asideOn(stream).say(waitingFor('building head'));
  expect(written.join('')).toContain('building head');
});
