/**
 * A home folder of the service's own: what it keeps below `~` lies neither in the user's folder nor in that of the other
 * side, where a lock would keep one of them from starting.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

type Env = Readonly<Record<string, string | undefined>>;

/** Beside `${tmp}`, which is promised to be empty. */
export const ownHomeOf = (tmp: string): string => `${tmp}-home`;

/** The folders of the XDG base directory specification where it has them by default; macOS has all of them below HOME. */
const homeEnv = (home: string): Readonly<Record<string, string>> => ({
  HOME: home,
  XDG_CONFIG_HOME: join(home, '.config'),
  XDG_DATA_HOME: join(home, '.local/share'),
  XDG_STATE_HOME: join(home, '.local/state'),
  XDG_CACHE_HOME: join(home, '.cache'),
  XDG_RUNTIME_DIR: join(home, 'run'),
});

/** Makes the folder, and says by which variables it is found. */
export const makeOwnHome = (tmp: string): Readonly<Record<string, string>> => {
  const env = homeEnv(ownHomeOf(tmp));
  for (const folder of [env['HOME'], env['XDG_RUNTIME_DIR']]) {
    mkdirSync(folder ?? tmp, { recursive: true, mode: 0o700 });
  }
  return env;
};

const textOr = (file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // none is the usual case
  }
};

const given = (value: string | undefined, other: string): string =>
  value === undefined || value === '' ? other : value;

/**
 * Where `go` keeps things of the user's (os.UserConfigDir, os.UserCacheDir, `go help env`): with a home of its own, a
 * command such as `go run ./cmd/migrate` would fetch and compile everything anew.
 */
export const userGoEnv = (env: Env = process.env, home: string = homedir()): Readonly<Record<string, string>> => {
  const isMac = process.platform === 'darwin';
  const config = isMac
    ? join(home, 'Library/Application Support')
    : given(env['XDG_CONFIG_HOME'], join(home, '.config'));
  const cache = isMac ? join(home, 'Library/Caches') : given(env['XDG_CACHE_HOME'], join(home, '.cache'));
  const file = given(env['GOENV'], join(config, 'go/env'));
  const written = file === 'off' ? '' : textOr(file);
  const wanted = { GOENV: file, GOPATH: join(home, 'go'), GOCACHE: join(cache, 'go-build') };
  return Object.fromEntries(
    Object.entries(wanted).filter(
      ([name]) => given(env[name], '') === '' && !new RegExp(`^${name}=`, 'm').test(written),
    ),
  );
};
