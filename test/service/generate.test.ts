import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { GenerateCommand } from '../../harness/model/index.ts';
import { generate, type GenerateRequest } from '../../harness/service/index.ts';
import { makeFolder, never, removeFolders } from './go-modules.ts';

afterAll(removeFolders);

const shell = (line: string, more: Partial<GenerateCommand> = {}): GenerateCommand => ({
  command: 'sh',
  args: ['-c', line],
  env: {},
  timeoutSeconds: 20,
  inputs: [],
  outputs: [],
  ...more,
});

const request = (moduleDir: string, commands: readonly GenerateCommand[], more: Partial<GenerateRequest> = {}) => ({
  side: 'base' as const,
  moduleDir,
  place: 'svc',
  commands,
  env: {},
  values: {},
  logFile: join(makeFolder(), 'logs', 'generate.log'),
  cacheDir: null,
  onCommand: () => undefined,
  signal: never,
  ...more,
});

test('commands run in order in the module folder, with the environment of the build, their output in the log', async () => {
  const folder = makeFolder();
  const asked = request(folder, [shell('echo "$FLAVOUR $OWN" > a'), shell('cat a; echo aside >&2; cp a b')], {
    env: { FLAVOUR: 'sweet', OWN: 'build' },
  });
  const own = asked.commands.map((command) => ({ ...command, env: { OWN: 'mine' } }));
  expect(await generate({ ...asked, commands: own })).toBeNull();
  expect(readFileSync(join(folder, 'b'), 'utf8')).toBe('sweet mine\n');
  expect(readFileSync(asked.logFile, 'utf8')).toMatch(/sweet mine\naside\n$/);
});

test.each([
  ['exit code 3', shell('echo out; echo no protoc >&2; exit 3'), /ended with exit code 3:\nout\nno protoc$/],
  ['a deadline', shell('sleep 30', { timeoutSeconds: 0.2 }), /did not end within 0.2 s/],
  [
    'a missing program',
    { ...shell(''), command: 'no-such-program', args: [] },
    /could not be started:\n.*no-such-program/,
  ],
])('a command that fails by %s names the side, its own last words and its log', async (_, command, message) => {
  const asked = request(makeFolder(), [command]);
  await expect(generate(asked)).rejects.toMatchObject({
    code: 'GENERATE_FAILED',
    exitCode: 5,
    message: expect.stringMatching(message) as string,
    hint: expect.stringContaining(asked.logFile) as string,
  });
  await expect(generate(asked)).rejects.toThrow(/^base: the command /);
});

test('with inputs and outputs, what was made is taken from the cache until an input changes', async () => {
  const cacheDir = makeFolder();
  const command = shell('mkdir -p dist/sub; cp web/in dist/sub/out; ln -sf sub/out dist/link; echo ran >> runs', {
    inputs: ['web/**'],
    outputs: ['dist'],
  });
  const make = async (input: string) => {
    const folder = makeFolder({ 'web/in': input });
    const digest = await generate(request(folder, [command], { cacheDir }));
    return {
      folder,
      digest,
      ran: existsSync(join(folder, 'runs')),
      made: readFileSync(join(folder, 'dist/link'), 'utf8'),
    };
  };
  const first = await make('one');
  const again = await make('one');
  const other = await make('two');
  expect([first.ran, again.ran, other.ran]).toEqual([true, false, true]);
  expect([first.made, again.made, other.made]).toEqual(['one', 'one', 'two']);
  expect(again.digest).toBe(first.digest);
  expect(other.digest).not.toBe(first.digest);
  expect(readdirSync(cacheDir)).toHaveLength(2);
});

test('outputs that match nothing are a failure that names them', async () => {
  const folder = makeFolder({ in: 'x' });
  const failed = generate(request(folder, [shell('true', { inputs: ['in'], outputs: ['dist/**'] })]));
  await expect(failed).rejects.toThrow(/made nothing that its outputs \(dist\/\*\*\) match/);
});

test('a cache that cannot be written costs nothing but time', async () => {
  const folder = makeFolder({ in: 'x' });
  const notAFolder = join(makeFolder(), 'file');
  writeFileSync(notAFolder, '');
  const command = shell('echo made > out', { inputs: ['in'], outputs: ['out'] });
  await generate(request(folder, [command], { cacheDir: notAFolder }));
  expect(readFileSync(join(folder, 'out'), 'utf8')).toBe('made\n');
});
