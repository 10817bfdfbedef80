import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Showing, showProgress } from '../../../harness/cli/terminal/progress.ts';
import type { Meanwhile } from '../../../harness/measure/index.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const shown = (showing: Showing) => {
  const lines: string[] = [];
  return { lines, ...showProgress(showing, (line) => void lines.push(line)) };
};

const going = (text: string, topic: string | null = null): Meanwhile => ({
  topic,
  line: (seconds) => `${text} ${Math.round(seconds)}`,
});

const pass = (seconds: number): void => void vi.advanceTimersByTime(seconds * 1000);

describe('in a log', () => {
  it('what goes on is worth a line each ten seconds, whatever its parts are, and counts from when it was said', () => {
    const { lines, say } = shown('log');
    for (let part = 0; part < 35; part++) {
      say(going(`part ${part}`));
      pass(1);
    }
    expect(lines).toEqual(['part 9 1', 'part 19 1', 'part 29 1']);
  });

  it('one thing that takes long is said again and again', () => {
    const { lines, say } = shown('log');
    say('building base');
    say(going('compiling'));
    pass(25);
    expect(lines).toEqual(['building base', 'compiling 10', 'compiling 20']);
  });

  it('what is over is said at once, and ends what went on', () => {
    const { lines, say } = shown('log');
    say(going('compiling'));
    say('built');
    say('looked');
    pass(30);
    expect(lines).toEqual(['built', 'looked']);
  });

  it('what is over without a word is not said again', () => {
    const { lines, say, rest } = shown('log');
    say(going('compiling'));
    pass(12);
    rest();
    pass(30);
    expect(lines).toEqual(['compiling 10']);
  });

  it('the first of a topic is news, the next ones are not', () => {
    const { lines, say } = shown('log');
    for (const topic of ['judged', 'judged', 'latency', 'judged', 'latency']) say(going(topic, topic));
    expect(lines).toEqual(['judged 0', 'latency 0']);
  });
});

it('on a terminal everything is shown at once, and counts by the second', () => {
  const { lines, say, end } = shown('live');
  say('building base');
  say(going('compiling'));
  say(going('linking'));
  pass(2);
  expect(lines).toEqual(['building base', 'compiling 0', 'linking 0', 'linking 1', 'linking 2']);
  end();
  pass(5);
  expect(lines).toHaveLength(5);
});
