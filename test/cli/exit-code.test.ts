import { describe, expect, it, vi } from 'vitest';
import { exitCodeOf } from '../../harness/cli/commands/write-reports.ts';
import { main } from '../../harness/cli/main.ts';

describe('exitCodeOf', () => {
  const usual = ['regressed', 'invalid'];

  it('ends regressed with 1 and invalid with 3 by default, everything else with 0', () => {
    expect(
      (['regressed', 'invalid', 'inconclusive', 'improved', 'unchanged'] as const).map((v) => exitCodeOf(v, usual)),
    ).toEqual([1, 3, 0, 0, 0]);
  });

  it('ends inconclusive with 4 when asked, and nothing with a code when asked for none', () => {
    expect(exitCodeOf('inconclusive', ['inconclusive'])).toBe(4);
    expect(exitCodeOf('regressed', [])).toBe(0);
  });
});

describe('the command line', () => {
  it.each([
    [['run', '--fail-on', 'sometimes'], 'a verdict that does not exist'],
    [['run', '--seed', 'x'], 'a seed that is no number'],
    [['rnu'], 'a command that does not exist'],
    [['report'], 'a missing argument'],
  ])('ends %j with exit code 2: %s', async (argv) => {
    expect(await main(argv)).toBe(2);
  });

  it('names the command that was meant, or all there are', async () => {
    const said = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    await main(['rnu']);
    await main(['xyzzy']);
    const text = said.mock.calls.map(([words]) => String(words)).join('');
    said.mockRestore();
    expect(text).toContain('there is no command rnu, did you mean `run`?');
    expect(text).toMatch(/no command xyzzy; known here: init, run, /);
  });

  it.each([[['--version']], [['--help']], [['run', '--help']], [['baseline', 'record', '--help']]])(
    'ends %j with 0',
    async (argv) => {
      expect(await main(argv)).toBe(0);
    },
  );
});
