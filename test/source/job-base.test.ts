/**
 * A pull request to another branch than the default one, in every way a job checks it out. `main` and `release` have
 * gone different ways, `release` has moved on since the pull request began, and `main` has, too.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { UsageError } from '../../harness/errors.ts';
import type { JobEvent, PullRequestJob } from '../../harness/model/index.ts';
import { withSides } from '../../harness/source/index.ts';
import { commitAll, git, makeFolder, makeRepository, never, removeFolders, writeFiles } from './repositories.ts';

let origin = '';
/** Where the pull request began, the base branch's tip at its event, its head, GitHub's merge, the tip of main. */
let began = '';
let told = '';
let head = '';
let merge = '';
let main = '';
beforeAll(() => {
  origin = makeRepository({ 'a.txt': 'first' });
  git(origin, 'config', 'uploadpack.allowAnySHA1InWant', 'true');
  const commit = (name: string): string => {
    writeFiles(origin, { [`${name}.txt`]: name });
    return commitAll(origin, name);
  };
  commit('main');
  git(origin, 'checkout', '-q', '-b', 'release', 'HEAD^');
  began = commit('release');
  git(origin, 'checkout', '-q', '-b', 'fix');
  commit('fix one');
  head = commit('fix two');
  git(origin, 'checkout', '-q', 'release');
  told = commit('release moves on');
  git(origin, 'checkout', '-q', '--detach');
  git(origin, 'merge', '-q', '--no-ff', '-m', 'merge', 'fix');
  merge = git(origin, 'rev-parse', 'HEAD');
  git(origin, 'update-ref', 'refs/pull/7/merge', merge);
  git(origin, 'update-ref', 'refs/pull/7/head', head);
  git(origin, 'checkout', '-q', 'main');
  main = commit('main moves on');
});
afterAll(removeFolders);

/** What a ref of the origin is called in a clone with everything. */
const refOf = (ref: string): string =>
  ref.startsWith('refs/pull/')
    ? ref.replace('refs/pull', 'refs/remotes/pull')
    : /^[0-9a-f]{40}$/.test(ref)
      ? ref
      : `origin/${ref}`;

/** As actions/checkout does it: `ref` detached; with all branches where the depth is 0, else with nothing but `ref`. */
const checkOut = (ref: string, depth: number, from = origin): string => {
  const folder = makeFolder();
  git(folder, 'init', '-q');
  git(folder, 'remote', 'add', 'origin', `file://${from}`);
  const all = ['+refs/heads/*:refs/remotes/origin/*', '+refs/pull/*:refs/remotes/pull/*'];
  git(folder, 'fetch', '-q', ...(depth === 0 ? ['origin', ...all] : [`--depth=${depth}`, 'origin', ref]));
  git(folder, 'checkout', '-q', '--detach', depth === 0 ? refOf(ref) : 'FETCH_HEAD');
  return folder;
};

const pullRequest = (rest: Partial<PullRequestJob> = {}, commit: string | null = merge) =>
  ({
    kind: 'pull request',
    number: 7,
    headCommit: head,
    headRepository: 'acme/shop',
    baseBranch: 'release',
    baseCommit: told,
    baseRepository: 'acme/shop',
    baseUrl: `file://${origin}`,
    commit,
    defaultBranch: 'main',
    ...rest,
  }) satisfies JobEvent;

const pushed = (branch: string, before: string | null, commit: string): JobEvent => ({
  kind: 'push',
  branch,
  before,
  commit,
  defaultBranch: 'main',
});

interface Base {
  readonly commit: string;
  readonly note: string;
}

const baseIn = async (cwd: string, job: JobEvent, headRef?: string): Promise<Base> =>
  withSides({ cwd, base: undefined, head: headRef, job, workDir: makeFolder(), signal: never }, async ({ base }) => ({
    commit: base.revision.revision,
    note: base.found ?? '',
  }));

const refusalIn = async (cwd: string, job: JobEvent): Promise<UsageError> => {
  try {
    await baseIn(cwd, job);
  } catch (error) {
    if (error instanceof UsageError) return error;
    throw error;
  }
  throw new Error('it was not refused');
};

/** The arguments of the line that a hint gives. */
const fetchIn = (hint: string): readonly string[] => {
  const [line = ''] = /git fetch [^(]*[^( ]/.exec(hint) ?? [];
  return line.split(' ').slice(1);
};

describe('the base of a pull request is its base branch', () => {
  test.each([0, 2])('where GitHub’s merge is checked out, with fetch-depth %i', async (depth) => {
    const { commit, note } = await baseIn(checkOut('refs/pull/7/merge', depth), pullRequest());
    expect(commit).toBe(told);
    expect(note).toBe(`release as merged for pull request 7 (${told.slice(0, 7)})`);
  });

  test.each([
    ['its event', () => pullRequest()],
    ['pull_request_target', () => pullRequest({}, told)],
    ['an event that is older than what the branch holds', () => pullRequest({ baseCommit: began })],
  ])('where the head itself is checked out, by %s: where it left that branch', async (_, job) => {
    const { commit, note } = await baseIn(checkOut(head, 0), job());
    expect(commit).toBe(began);
    expect(note).toBe(`where the head left release, the base of pull request 7 (${began.slice(0, 7)})`);
  });

  test('where the head has merged the base branch since: what it merged is not charged to it', async () => {
    const folder = checkOut(head, 0);
    git(folder, 'merge', '-q', '--no-ff', '-m', 'update', 'origin/release');
    const updated = git(folder, 'rev-parse', 'HEAD');
    const job = pullRequest({ headCommit: updated, baseCommit: began });
    expect((await baseIn(folder, job)).commit).toBe(told);
  });

  test('where --head names something else than what is checked out', async () => {
    expect((await baseIn(checkOut('refs/pull/7/merge', 0), pullRequest(), head)).commit).toBe(began);
  });

  test('where the branch is known only as a commit', async () => {
    const folder = checkOut(head, 0);
    git(folder, 'update-ref', '-d', 'refs/remotes/origin/release');
    expect((await baseIn(folder, pullRequest())).commit).toBe(began);
  });

  test('of a fork, whose own branch of that name is behind: it is fetched from where the pull request goes', async () => {
    const fork = makeFolder();
    git(fork, 'clone', '-q', '--bare', origin, 'mallory/shop');
    const theirs = `${fork}/mallory/shop`;
    git(theirs, 'update-ref', 'refs/heads/release', git(origin, 'rev-parse', `${began}^`));
    const job = pullRequest({ headRepository: 'mallory/shop', baseCommit: told }, told);
    expect((await baseIn(checkOut('fix', 0, theirs), job)).commit).toBe(began);
    const offline = checkOut('fix', 0, theirs);
    const failed = await refusalIn(offline, { ...job, baseUrl: 'file:///nowhere' });
    expect(failed).toMatchObject({
      code: 'BASE_NOT_FETCHED',
      hint: expect.stringContaining('git fetch file:///nowhere'),
    });
  });
});

/** Ways to check out, what a clone of one commit of each is compared with. */
const SHALLOW: readonly (readonly [string, () => JobEvent, () => string])[] = [
  ['refs/pull/7/merge', () => pullRequest(), () => told],
  ['refs/pull/7/head', () => pullRequest(), () => began],
  ['release', () => pushed('release', began, told), () => began],
  [
    'refs/pull/7/merge',
    () => ({
      kind: 'merge group',
      headCommit: merge,
      baseBranch: 'release',
      baseCommit: told,
      commit: merge,
      defaultBranch: 'main',
    }),
    () => told,
  ],
];

describe('a clone of one commit', () => {
  test.each(SHALLOW)('of %s gets what it lacks from its origin', async (ref, job, wanted) => {
    const folder = checkOut(ref, 1);
    expect((await baseIn(folder, job())).commit).toBe(wanted());
    expect(git(folder, 'status', '--porcelain')).toBe('');
  });

  test.each(SHALLOW)(
    'of %s whose origin cannot be reached is refused with the line that would do it',
    async (ref, job, wanted) => {
      const folder = checkOut(ref, 1);
      git(folder, 'remote', 'set-url', 'origin', 'file:///nowhere');
      const failed = await refusalIn(folder, job());
      expect(failed.code).toBe('SHALLOW_CLONE');
      git(folder, 'remote', 'set-url', 'origin', `file://${origin}`);
      git(folder, ...fetchIn(failed.hint));
      git(folder, 'remote', 'set-url', 'origin', 'file:///nowhere');
      expect((await baseIn(folder, job())).commit).toBe(wanted());
    },
  );
});

test('pull_request_target, which checks out the base, has nothing to measure and says so', async () => {
  const folder = checkOut('release', 0);
  git(folder, 'checkout', '-q', '--detach', 'origin/release');
  await expect(baseIn(folder, pullRequest({}, told))).rejects.toMatchObject({
    code: 'NOTHING_OF_PULL_REQUEST',
    hint: expect.stringContaining('pull_request_target'),
  });
  writeFiles(folder, { 'a.txt': 'changed by the job' });
  expect((await baseIn(folder, pullRequest({}, told))).commit).toBe(told);
});

describe('the base of a push', () => {
  test('is what the branch pointed to before, all of its commits and another branch than the default one too', async () => {
    const folder = checkOut(told, 0);
    expect(await baseIn(folder, pushed('release', began, told))).toEqual({
      commit: began,
      note: `what release pointed to before this push (${began.slice(0, 7)})`,
    });
  });

  test('that made its branch, or rewrote it, is where it left the default branch', async () => {
    const left = git(origin, 'merge-base', 'main', head);
    expect((await baseIn(checkOut(head, 0), pushed('fix', null, head))).commit).toBe(left);
  });

  test('is not that of another commit which the job checked out', async () => {
    const left = git(origin, 'merge-base', 'main', head);
    expect((await baseIn(checkOut(head, 0), pushed('release', began, told))).commit).toBe(left);
  });
});

test('the base of a merge group is what it is merged onto, not the default branch', async () => {
  const group = { kind: 'merge group', headCommit: merge, baseBranch: 'release', baseCommit: told } as const;
  const job: JobEvent = { ...group, commit: merge, defaultBranch: 'main' };
  expect((await baseIn(checkOut('refs/pull/7/merge', 0), job)).commit).toBe(told);
});

test('workflow_dispatch and schedule: where the head left the default branch, whatever that is called', async () => {
  const job = (defaultBranch: string): JobEvent => ({ kind: 'other', commit: head, defaultBranch });
  const folder = checkOut(head, 0);
  expect((await baseIn(folder, job('main'))).commit).toBe(git(origin, 'merge-base', 'main', head));
  expect((await baseIn(folder, job('release'))).commit).toBe(began);
});

test('the event says nothing of another repository that the job checked out beside its own', async () => {
  const other = makeRepository({ 'a.txt': 'one' });
  const first = git(other, 'rev-parse', 'HEAD');
  writeFiles(other, { 'a.txt': 'two' });
  commitAll(other, 'second');
  expect((await baseIn(other, pullRequest())).commit).toBe(first);
  expect(main).not.toBe(first);
});
