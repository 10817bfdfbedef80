/**
 * What a CI job's head is compared with, by the event that started the job: the base branch of its pull request,
 * however the pull request was checked out; what a merge group is merged onto; what a branch pointed to before a push.
 *
 * A job's clone is thrown away after it, and mostly holds one commit: what is missing is fetched into it. Where that
 * cannot be done, the error holds the line that does it.
 */
import { UsageError } from '../errors.ts';
import type { JobEvent, MergeGroupJob, PullRequestJob, PushJob } from '../model/index.ts';
import { tryGit } from './git.ts';
import { type DefaultBase, fetchLine, type Repository, resolveCommit, shallowError } from './repository.ts';

export interface JudgedHead {
  readonly commit: string;
  readonly state: 'clean' | 'dirty';
}

const short = (commit: string): string => commit.slice(0, 7);

/** As the commit itself names them: a shallow clone hides them from `^1`. */
const writtenParents = async (
  { rootDir }: Repository,
  commit: string,
  signal: AbortSignal,
): Promise<readonly string[]> => {
  const { stdout } = await tryGit(rootDir, ['cat-file', 'commit', commit], signal);
  const [header = ''] = stdout.split('\n\n');
  return [...header.matchAll(/^parent ([0-9a-f]+)$/gm)].map(([, parent = '']) => parent);
};

const isThere = async (repository: Repository, commit: string, signal: AbortSignal): Promise<boolean> =>
  (await tryGit(repository.rootDir, ['cat-file', '-e', `${commit}^{commit}`], signal)).exitCode === 0;

/** `false`: no network, no right to, or not there; what follows says what is missing. */
const fetchInto = async (
  { rootDir }: Repository,
  remote: string,
  args: readonly string[],
  refs: readonly string[],
  signal: AbortSignal,
): Promise<boolean> => {
  const quiet = ['--quiet', '--no-tags', '--no-recurse-submodules'];
  return (await tryGit(rootDir, ['fetch', ...quiet, ...args, remote, ...refs], signal)).exitCode === 0;
};

/** `commit`, fetched if need be, or the error that says how it comes into this clone. */
const requireThere = async (
  repository: Repository,
  commit: string,
  what: string,
  signal: AbortSignal,
): Promise<string> => {
  if (await isThere(repository, commit, signal)) return commit;
  // Without a depth a clone that is whole stays so.
  const depth = repository.shallow ? ['--depth=1'] : [];
  await fetchInto(repository, 'origin', depth, [commit], signal);
  if (await isThere(repository, commit, signal)) return commit;
  const line = fetchLine(repository, commit);
  if (repository.shallow) throw shallowError(repository, `${what}, ${short(commit)}, is missing`, line);
  throw new UsageError(
    'BASE_NOT_FETCHED',
    `${what}, ${short(commit)}, is not in ${repository.rootDir}`,
    `Fetch it: ${line}`,
  );
};

/** Where `head` left the history of all `tips` together; null when they have none in common. */
const mergeBase = async (
  repository: Repository,
  head: string,
  tips: readonly string[],
  signal: AbortSignal,
): Promise<string | null> => {
  const { exitCode, stdout } = await tryGit(repository.rootDir, ['merge-base', head, ...tips], signal);
  return exitCode === 0 && stdout.trim() !== '' ? stdout.trim() : null;
};

/**
 * Where the base branch is fetched from: `origin`, but in a fork's clone, whose `origin` calls its own branch by the
 * same name, the address of the base repository.
 */
const remoteOf = async (repository: Repository, job: PullRequestJob, signal: AbortSignal): Promise<string> => {
  const { headRepository, baseRepository, baseUrl } = job;
  if (headRepository === null || headRepository === baseRepository || baseUrl === null) return 'origin';
  const { stdout: url } = await tryGit(repository.rootDir, ['remote', 'get-url', 'origin'], signal);
  return url.includes(headRepository) ? baseUrl : 'origin';
};

/** Tips of the base branch that this clone holds: as a branch of origin, and as the event said. */
const knownTips = async (
  repository: Repository,
  job: PullRequestJob,
  remote: string,
  signal: AbortSignal,
): Promise<readonly string[]> => {
  const name = `refs/remotes/origin/${job.baseBranch}`;
  const tracked = remote === 'origin' ? await resolveCommit(repository, name, signal) : null;
  const told = (await isThere(repository, job.baseCommit, signal)) ? [job.baseCommit] : [];
  return tracked === null ? told : [tracked, ...told];
};

const refspecOf = ({ baseBranch }: PullRequestJob): string =>
  `+refs/heads/${baseBranch}:refs/remotes/origin/${baseBranch}`;

/** How far back a shallow clone is followed, in steps, until head and base meet. */
const DEEPENINGS = ['--deepen=50', '--deepen=1000', '--unshallow'];

/** Where the head left its base branch, by what is here, else by what can be fetched; null where they never meet. */
const meetingPoint = async (
  repository: Repository,
  head: string,
  job: PullRequestJob,
  remote: string,
  signal: AbortSignal,
): Promise<string | null> => {
  const look = async (): Promise<string | null> => {
    const tips = await knownTips(repository, job, remote, signal);
    return tips.length === 0 ? null : mergeBase(repository, head, tips, signal);
  };
  const met = await look();
  if (met !== null) return met;
  const base = remote === 'origin' ? refspecOf(job) : job.baseCommit;
  for (const deepening of repository.shallow ? DEEPENINGS : [null]) {
    const depth = deepening === null ? [] : [deepening];
    // The head has to be deepened, too; a remote that does not know it still knows the base.
    const both = await fetchInto(repository, remote, depth, [base, job.headCommit], signal);
    if (!both) await fetchInto(repository, remote, depth, [base], signal);
    const found = await look();
    if (found !== null) return found;
  }
  return null;
};

const notFetched = (repository: Repository, job: PullRequestJob, remote: string): UsageError => {
  const what = `The base branch of pull request ${job.number}, ${job.baseBranch}`;
  const line = `git fetch ${repository.shallow ? '--unshallow ' : ''}${remote} ${refspecOf(job)}`;
  if (repository.shallow) return shallowError(repository, `${what}, is missing`, line);
  return new UsageError('BASE_NOT_FETCHED', `${what}, is not in ${repository.rootDir}`, `Fetch it: ${line}`);
};

/** A tree with changes of its own is compared with its commit; a clean one holds nothing to judge. */
const onBaseItself = (job: PullRequestJob, head: JudgedHead): DefaultBase => {
  const { commit, state } = head;
  if (state === 'dirty') return { commit, note: `the last commit (${short(commit)}), without the uncommitted changes` };
  throw new UsageError(
    'NOTHING_OF_PULL_REQUEST',
    `What is checked out (${short(commit)}) is on ${job.baseBranch} already: nothing of pull request ${job.number} is there to measure`,
    'Run on pull_request, whose default checkout holds the change (pull_request_target checks out the base), or name --head.',
  );
};

const pullRequestBase = async (
  repository: Repository,
  head: JudgedHead,
  job: PullRequestJob,
  signal: AbortSignal,
): Promise<DefaultBase> => {
  const { number, baseBranch } = job;
  const parents = await writtenParents(repository, head.commit, signal);
  const [first = '', second] = parents;
  // GitHub's own merge of base and head: right even when the base branch has moved since.
  if (parents.length === 2 && second === job.headCommit) {
    const what = `The first parent of the merge that GitHub made for pull request ${number}`;
    const commit = await requireThere(repository, first, what, signal);
    return { commit, note: `${baseBranch} as merged for pull request ${number} (${short(commit)})` };
  }
  const remote = await remoteOf(repository, job, signal);
  const commit = await meetingPoint(repository, head.commit, job, remote, signal);
  if (commit === head.commit) return onBaseItself(job, head);
  if (commit !== null)
    return {
      commit,
      note: `where the head left ${baseBranch}, the base of pull request ${number} (${short(commit)})`,
    };
  const tips = await knownTips(repository, job, remote, signal);
  if (repository.shallow || tips.length === 0) throw notFetched(repository, job, remote);
  throw new UsageError(
    'NO_BASE',
    `The head ${short(head.commit)} and ${baseBranch}, the base of pull request ${number}, have no common history`,
    'Name a base: --base <git ref or folder>.',
  );
};

const mergeGroupBase = async (
  repository: Repository,
  head: JudgedHead,
  { baseCommit, baseBranch, headCommit }: MergeGroupJob,
  signal: AbortSignal,
): Promise<DefaultBase | null> => {
  if (head.commit !== headCommit) return null;
  const commit = await requireThere(repository, baseCommit, 'What the merge group is merged onto', signal);
  return { commit, note: `what the merge group for ${baseBranch} is merged onto (${short(commit)})` };
};

const pushBase = async (
  repository: Repository,
  head: JudgedHead,
  { before, branch }: PushJob,
  signal: AbortSignal,
): Promise<DefaultBase | null> => {
  if (before === null || before === head.commit) return null;
  const commit = await requireThere(repository, before, `What ${branch} pointed to before this push`, signal);
  return { commit, note: `what ${branch} pointed to before this push (${short(commit)})` };
};

/** A job may check out another repository beside its own; its event says nothing of that one. */
export const concernsJob = async (
  repository: Repository,
  head: JudgedHead,
  job: JobEvent,
  signal: AbortSignal,
): Promise<boolean> => {
  const known = job.kind === 'pull request' ? [job.commit, job.headCommit, job.baseCommit] : [job.commit];
  if (known.includes(head.commit)) return true;
  for (const commit of known) if (commit !== null && (await isThere(repository, commit, signal))) return true;
  return false;
};

/** null: the event says nothing of this head, so the general rule holds. */
export const jobBase = async (
  repository: Repository,
  head: JudgedHead,
  job: JobEvent,
  signal: AbortSignal,
): Promise<DefaultBase | null> => {
  switch (job.kind) {
    case 'pull request':
      return pullRequestBase(repository, head, job, signal);
    case 'merge group':
      return mergeGroupBase(repository, head, job, signal);
    case 'push':
      // What else is checked out, by `ref:`, is not what was pushed.
      return job.commit === head.commit ? pushBase(repository, head, job, signal) : null;
    case 'other':
      return null;
  }
};
