/** The user's repository: where it is, what its names mean, and what to compare with when nothing is said. */
import { UsageError } from '../errors.ts';
import { git, splitNul, tryGit } from './git.ts';
import { nearestNames } from './nearest.ts';

export interface Repository {
  /** Top folder of the working tree. */
  readonly rootDir: string;
  readonly gitDir: string;
  /** null: nothing has been committed yet. */
  readonly headCommit: string | null;
  /** Checked-out branch; null when detached. */
  readonly branch: string | null;
  readonly shallow: boolean;
}

export interface CommitInfo {
  readonly commit: string;
  /** Committer date, ISO 8601. */
  readonly time: string;
  readonly subject: string;
}

/** The repository around `cwd`; null when there is none. Throws `REPOSITORY_UNTRUSTED` where git refuses to look. */
export const findRepository = async (cwd: string, signal: AbortSignal): Promise<Repository | null> => {
  const found = await tryGit(
    cwd,
    ['rev-parse', '--show-toplevel', '--absolute-git-dir', '--is-shallow-repository'],
    signal,
  );
  if (found.exitCode !== 0) {
    if (!found.stderr.includes('dubious ownership')) return null;
    throw new UsageError(
      'REPOSITORY_UNTRUSTED',
      `git refuses to read the repository at ${cwd}: it belongs to another user`,
      `Allow it once: git config --global --add safe.directory ${cwd}`,
    );
  }
  const [rootDir = '', gitDir = '', shallow = ''] = found.stdout.split('\n');
  const head = await tryGit(cwd, ['rev-parse', '--verify', '--quiet', 'HEAD^{commit}'], signal);
  const branch = await tryGit(cwd, ['symbolic-ref', '--short', '--quiet', 'HEAD'], signal);
  return {
    rootDir,
    gitDir,
    headCommit: head.exitCode === 0 ? head.stdout.trim() : null,
    branch: branch.exitCode === 0 ? branch.stdout.trim() : null,
    shallow: shallow === 'true',
  };
};

export const requireRepository = async (cwd: string, signal: AbortSignal): Promise<Repository> => {
  const repository = await findRepository(cwd, signal);
  if (repository !== null) return repository;
  throw new UsageError(
    'NOT_A_REPOSITORY',
    `${cwd} is not in a git repository`,
    'Run godyno inside of one, or give both sides as folders: --base <folder> --head <folder>.',
  );
};

export const requireHeadCommit = (repository: Repository): string => {
  if (repository.headCommit !== null) return repository.headCommit;
  throw new UsageError(
    'NO_COMMITS',
    `The repository at ${repository.rootDir} has no commits yet, so there is nothing to compare with`,
    'Commit once, or give a folder: --base <folder>.',
  );
};

/** The commit `ref` names here, also as a branch of origin; null when there is none. */
export const resolveCommit = async (
  repository: Repository,
  ref: string,
  signal: AbortSignal,
): Promise<string | null> => {
  for (const name of [ref, `origin/${ref}`]) {
    const args = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`];
    const found = await tryGit(repository.rootDir, args, signal);
    if (found.exitCode === 0) return found.stdout.trim();
  }
  return null;
};

const isCommitName = (ref: string): boolean => /^[0-9a-f]{40}([0-9a-f]{24})?$/.test(ref);

/** The exact line that brings `ref` into this clone. */
export const fetchLine = (repository: Repository, ref: string): string => {
  const plain = ref.replace(/^origin\//, '').replace(/[~^].*$/, '');
  if (isCommitName(plain)) return `git fetch ${repository.shallow ? '--depth=1 ' : ''}origin ${plain}`;
  if (plain === 'HEAD') return `git fetch ${repository.shallow ? '--unshallow ' : ''}origin`;
  return `git fetch ${repository.shallow ? '--deepen=1000 ' : ''}origin ${plain}:refs/remotes/origin/${plain}`;
};

export const shallowError = (repository: Repository, message: string, line: string): UsageError =>
  new UsageError(
    'SHALLOW_CLONE',
    `${message}: this is a shallow clone (${repository.rootDir}), its history is cut off`,
    `Fetch what is missing: ${line} (in GitHub Actions: actions/checkout with fetch-depth: 0).`,
  );

/** {@link resolveCommit}, or `SHALLOW_CLONE` with the fetch line, or `UNKNOWN_REF` with the nearest names. */
export const requireCommit = async (repository: Repository, ref: string, signal: AbortSignal): Promise<string> => {
  requireHeadCommit(repository);
  const commit = await resolveCommit(repository, ref, signal);
  if (commit !== null) return commit;
  if (repository.shallow) {
    throw shallowError(repository, `The revision ${ref} is not in this clone`, fetchLine(repository, ref));
  }
  const listed = await git(repository.rootDir, ['for-each-ref', '--format=%(refname:short)'], signal);
  const near = nearestNames(ref, listed.trim().split('\n'));
  throw new UsageError(
    'UNKNOWN_REF',
    `There is no branch, tag, commit or folder ${ref} in ${repository.rootDir}`,
    near.length > 0
      ? `Did you mean ${near.join(', ')}?`
      : `Check its spelling, or fetch it first: ${fetchLine(repository, ref)}`,
  );
};

/** Date and subject of `commit`, for labels. */
export const commitInfo = async (repository: Repository, commit: string, signal: AbortSignal): Promise<CommitInfo> => {
  const args = ['show', '--no-patch', '--no-show-signature', '--format=%H%x00%cI%x00%s', commit];
  const [hash = commit, time = '', subject = ''] = splitNul((await git(repository.rootDir, args, signal)).trimEnd());
  return { commit: hash, time, subject };
};

/**
 * Short name of the default branch as it is known here, remote first: the local one is often behind. `told`: the name
 * that CI gives; its clones do not know origin/HEAD.
 */
const defaultBranch = async (
  repository: Repository,
  told: string | null,
  signal: AbortSignal,
): Promise<string | null> => {
  const remote = await tryGit(
    repository.rootDir,
    ['symbolic-ref', '--short', '--quiet', 'refs/remotes/origin/HEAD'],
    signal,
  );
  const names = ['origin/main', 'origin/master', 'main', 'master'];
  if (remote.exitCode === 0) names.unshift(remote.stdout.trim());
  if (told !== null) names.unshift(`origin/${told}`, told);
  for (const name of names) {
    const args = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`];
    if ((await tryGit(repository.rootDir, args, signal)).exitCode === 0) return name;
  }
  return null;
};

export interface DefaultBase {
  readonly commit: string;
  /** Why this one, for the terminal and the report. */
  readonly note: string;
}

const parentBase = async (
  repository: Repository,
  head: string,
  branch: string,
  signal: AbortSignal,
): Promise<DefaultBase> => {
  const parent = await resolveCommit(repository, `${head}^1`, signal);
  if (parent !== null) return { commit: parent, note: `the parent of the head, which is on ${branch} itself` };
  if (repository.shallow) {
    throw shallowError(repository, `The parent of ${head.slice(0, 7)} is missing`, 'git fetch --deepen=1 origin');
  }
  throw new UsageError(
    'NO_BASE',
    `The head ${head.slice(0, 7)} is the first commit of ${branch}, so there is nothing to compare with`,
    'Name a base: --base <git ref or folder>.',
  );
};

/**
 * What the head is compared with when nothing is said: where it left the default branch; on the default branch itself
 * the last commit for uncommitted changes (`headIsDirty`), else the parent. `told`: the default branch by another's word.
 * Throws `NO_BASE` or `SHALLOW_CLONE`.
 */
export const defaultBase = async (
  repository: Repository,
  head: { readonly commit: string; readonly state: 'clean' | 'dirty' },
  signal: AbortSignal,
  told: string | null = null,
): Promise<DefaultBase> => {
  const branch = await defaultBranch(repository, told, signal);
  if (branch === null) {
    const message = 'No default branch is known here (origin/HEAD, main, master)';
    // A clone of one branch has a refspec of its own, so the branches are named.
    const line = 'git fetch --unshallow origin +refs/heads/*:refs/remotes/origin/*';
    if (repository.shallow) throw shallowError(repository, message, line);
    throw new UsageError('NO_BASE', `${message}: ${repository.rootDir}`, 'Name a base: --base <git ref or folder>.');
  }
  const merged = await tryGit(repository.rootDir, ['merge-base', branch, head.commit], signal);
  const commit = merged.stdout.trim();
  if (merged.exitCode !== 0 || commit === '') {
    if (repository.shallow) {
      throw shallowError(
        repository,
        `The place where the head left ${branch} is missing`,
        'git fetch --unshallow origin',
      );
    }
    throw new UsageError(
      'NO_BASE',
      `The head ${head.commit.slice(0, 7)} and ${branch} have no common history`,
      'Name a base: --base <git ref or folder>.',
    );
  }
  if (commit !== head.commit) return { commit, note: `where the head left ${branch} (${commit.slice(0, 7)})` };
  if (head.state === 'dirty')
    return { commit, note: `the last commit (${commit.slice(0, 7)}), without the uncommitted changes` };
  return parentBase(repository, head.commit, branch, signal);
};
