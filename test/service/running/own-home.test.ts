import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeOwnHome, ownHomeOf, userGoEnv } from '../../../harness/service/running/own-home.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'home-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('a home of its own lies beside the temporary folder, which stays empty, with all XDG folders below it', () => {
  const tmp = join(folder, 'base');
  const env = makeOwnHome(tmp);
  expect(env['HOME']).toBe(ownHomeOf(tmp));
  expect(existsSync(tmp)).toBe(false);
  for (const path of Object.values(env)) expect(`${path}/`.startsWith(`${tmp}-home/`)).toBe(true);
  // As the XDG specification wants it: the user's alone.
  expect(statSync(env['XDG_RUNTIME_DIR'] ?? '').mode & 0o777).toBe(0o700);
  expect(makeOwnHome(tmp)).toEqual(env);
});

describe.skipIf(process.platform === 'darwin')('where go keeps things of the user’s', () => {
  const at = (path: string): string => join(folder, path);

  test('is told to commands that have another home', () => {
    expect(userGoEnv({}, folder)).toEqual({
      GOENV: at('.config/go/env'),
      GOPATH: at('go'),
      GOCACHE: at('.cache/go-build'),
    });
    expect(userGoEnv({ XDG_CACHE_HOME: '/c', XDG_CONFIG_HOME: '/f', GOPATH: '' }, folder)).toEqual({
      GOENV: '/f/go/env',
      GOPATH: at('go'),
      GOCACHE: '/c/go-build',
    });
  });

  test('is left alone where the environment, or go’s own settings, say something else', () => {
    mkdirSync(at('.config/go'), { recursive: true });
    writeFileSync(at('.config/go/env'), 'GOFLAGS=-p=1\nGOPATH=/p\n');
    expect(userGoEnv({ GOCACHE: '/c' }, folder)).toEqual({ GOENV: at('.config/go/env') });
    expect(userGoEnv({ GOENV: 'off', GOPATH: '/q' }, folder)).toEqual({ GOCACHE: at('.cache/go-build') });
  });
});
