/** A run that somebody interrupts: base and head are commits of a repository, so that checkouts, too, may be left behind. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';
import { makeBadTarget } from '../helpers/bad-target.ts';
import { type Ended, type Place, removeClean, type RunOptions } from './cli.ts';
import { commitAll, git } from './git.ts';
import { filesBelow } from './results.ts';

export const SCENARIO = `name: bad
target:
  buildFlags: ["-ldflags=-s -w"]
  args: ["-addr", "127.0.0.1:\${port}"]
  ready: GET /healthz
load:
  requests:
    - { name: work, http: GET /work }
  latency: false
`;

export interface Interrupted {
  readonly scenario: string;
  readonly budget: string;
  readonly interrupts: NonNullable<RunOptions['interrupts']>;
}

/** Runs in `r` of `place`, into `out` beside it, and looks at what is left in the repository. */
export const runInRepository = async (place: Place, { scenario, budget, interrupts }: Interrupted): Promise<Ended> => {
  await makeBadTarget({ to: path.join(place.dir, 'r'), mode: 'ok' });
  place.file('r/s.yml', scenario);
  const cwd = path.join(place.dir, 'r');
  git(cwd, 'init', '-q', '-b', 'main');
  commitAll(cwd, 'one');
  git(cwd, 'commit', '-q', '-m', 'two', '--allow-empty');
  const ended = await place.run(['run', 's.yml', '--base', 'HEAD~1', '--out', '../out', '--budget', budget], {
    cwd,
    interrupts,
    // Links of a commit are cached, and a cache that is there would leave nothing to interrupt.
    env: { GODYNO_CACHE: 'off' },
  });
  expect(git(cwd, 'status', '--porcelain')).toBe('');
  expect(git(cwd, 'worktree', 'list').split('\n')).toHaveLength(1);
  expect(filesBelow(path.join(cwd, '.git')).filter((file) => file.endsWith('.lock'))).toEqual([]);
  return ended;
};

export const expectAllStopped = (place: Place, { code, stderr }: Ended): void => {
  expect(code).toBe(130);
  expect(stderr).toContain('Everything that was started has been stopped.');
  expect(stderr).not.toMatch(/\n\s+at .*:\d+:\d+/);
  expect(existsSync(path.join(place.dir, 'out/comparison.json'))).toBe(false);
};

export const expectNothingLeft = (place: Place): void => {
  removeClean(place);
};
