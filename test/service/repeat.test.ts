import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { Revision } from '../../harness/model/index.ts';
import { repeatLine } from '../../harness/service/building/repeat.ts';
import { commitAll, git } from '../e2e/git.ts';
import { goMod, makeFolder, makeSpec, removeFolders } from './go-modules.ts';

afterAll(removeFolders);

/** A repository with a module in `svc` that does not compile. */
const makeRepository = () => {
  const root = join(
    makeFolder({
      'repo/svc/go.mod': goMod('example.com/t'),
      'repo/svc/main.go': 'package main\n\nfunc main() { broken }\n',
    }),
    'repo',
  );
  git(root, 'init', '-q');
  return { root, commit: commitAll(root, 'one') };
};

test.each(['git', 'worktree', 'folder'] as const)(
  'the line for a %s shows the failing build where there is no side any more',
  (kind) => {
    const { root, commit } = makeRepository();
    const gone = '/nowhere/head';
    const sourceDir = kind === 'folder' ? root : gone;
    const revision: Revision = { revision: commit, label: 'x', kind };
    const spec = makeSpec({ buildFlags: ['-ldflags', "-X 'main.v=a b'"], buildEnv: { GOFLAGS: '-mod=mod' } });
    const line = repeatLine({ side: 'head', revision, sourceDir, moduleDir: join(sourceDir, 'svc'), spec });
    const ran = spawnSync('sh', ['-c', line], { cwd: root, encoding: 'utf8' });
    expect(ran.status).toBe(1);
    expect(ran.stderr).toContain('main.go:3:15: undefined: broken');
  },
);

test('the line builds with the Go that was chosen for the side', () => {
  const revision: Revision = { revision: 'x', label: 'x', kind: 'folder' };
  const line = (side: 'base' | 'head'): string =>
    repeatLine({ side, revision, sourceDir: '/a', moduleDir: '/a', spec: makeSpec({ go: { head: 'go1.27.3' } }) });
  expect(line('head')).toBe('cd /a && GOTOOLCHAIN=go1.27.3 go build -o /dev/null .');
  expect(line('base')).toBe('cd /a && go build -o /dev/null .');
});
