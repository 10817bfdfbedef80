import { describe, expect, it } from 'vitest';
import { runMain } from './stdout.ts';

const COMMANDS = [
  [],
  ['init'],
  ['run'],
  ['bench'],
  ['baseline'],
  ['baseline', 'record'],
  ['baseline', 'list'],
  ['baseline', 'show'],
  ['compare'],
  ['top'],
  ['report'],
  ['prove'],
  ['calibrate'],
  ['overhead'],
  ['doctor'],
  ['publish'],
  ['merge'],
  ['export'],
  ['pgo'],
] as const;

describe.each(COMMANDS.map((words) => [words.join(' '), words] as const))('godyno %s --help', (name, words) => {
  it('says what it does, has words for every option, and gives defaults in one form', async () => {
    const { code, stdout } = await runMain(...words, '--help');
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`^Usage: godyno${name === '' ? '' : ` ${name}`} `));
    for (const [, option, text] of stdout.matchAll(/^ {2}(-\S.*?)(?: {2,}|\n +)(\S.*)$/gm)) {
      expect(text, option).toMatch(/[a-z]{3}/);
    }
    expect(stdout).not.toMatch(/when left out/);
    // Words of other languages in English letters; a Go engineer would not use them so.
    expect(stdout).not.toMatch(/\b(?:dearer|dice|by lot|told|equal code)\b/);
  });
});

it('lists every command that has a help of its own', async () => {
  const { stdout } = await runMain('--help');
  const [, commands = ''] = stdout.split('Commands:');
  const listed = [...commands.matchAll(/^ {2}([a-z]+)/gm)].map(([, name]) => name);
  expect(listed).toEqual([...new Set(COMMANDS.flatMap(([first]) => first ?? []))]);
});
