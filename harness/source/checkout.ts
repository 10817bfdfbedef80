/**
 * Commits and the working tree as folders. Commits are written through an index of our own (`git read-tree -u`), so
 * that filters and attributes apply as in a checkout, and the repository itself is only read: no worktree to prune, no
 * lock to leave behind.
 */
import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { contentDigest, copyFiles } from './content.ts';
import { git, splitNul, tryGit } from './git.ts';

interface Submodule {
  readonly path: string;
  readonly commit: string;
}

/** Config that would change what is written, or run something. */
const PLAIN_CONFIG = [
  'core.sparseCheckout=false',
  'core.splitIndex=false',
  'core.fsmonitor=false',
  'core.hooksPath=/dev/null',
].flatMap((setting) => ['-c', setting]);

/** Our own output, which lies untracked in the folders it describes. */
const OUR_OUTPUT = ':(exclude,glob)**/.godyno/**';

/** Mode 160000 marks a submodule (git-ls-tree(1)). */
const submodulesOf = async (
  gitDir: string,
  commit: string,
  cwd: string,
  signal: AbortSignal,
): Promise<readonly Submodule[]> =>
  splitNul(await git(cwd, [`--git-dir=${gitDir}`, 'ls-tree', '-r', '-z', '--full-tree', commit], signal))
    .filter((row) => row.startsWith('160000 '))
    .map((row) => {
      const [facts = '', path = ''] = row.split('\t');
      return { path, commit: facts.split(' ')[2] ?? '' };
    });

const hasCommit = async (gitDir: string, commit: string, cwd: string, signal: AbortSignal): Promise<boolean> =>
  (await tryGit(cwd, [`--git-dir=${gitDir}`, 'cat-file', '-e', `${commit}^{commit}`], signal)).exitCode === 0;

/** `git` folder of the submodule checked out at `path`; null when it is not checked out. */
const submoduleGitDir = async (path: string, signal: AbortSignal): Promise<string | null> => {
  if (!existsSync(join(path, '.git'))) return null;
  const found = await tryGit(path, ['rev-parse', '--absolute-git-dir'], signal);
  return found.exitCode === 0 ? found.stdout.trim() : null;
};

export interface CommitRequest {
  readonly gitDir: string;
  readonly commit: string;
  /** The user's working tree, where submodules are looked for. */
  readonly workTree: string;
  readonly target: string;
}

const exportSubmodule = async (
  { path, commit }: Submodule,
  { workTree, target }: CommitRequest,
  signal: AbortSignal,
): Promise<readonly string[]> => {
  const inner = await submoduleGitDir(join(workTree, path), signal);
  if (inner === null || !(await hasCommit(inner, commit, workTree, signal))) {
    return [
      `the submodule ${path} is left empty: commit ${commit.slice(0, 7)} of it is not here (git submodule update --init)`,
    ];
  }
  return exportCommit({ gitDir: inner, commit, workTree: join(workTree, path), target: join(target, path) }, signal);
};

/** Writes the tree of a commit, submodules included, into the new folder `target`; returns remarks. */
export const exportCommit = async (request: CommitRequest, signal: AbortSignal): Promise<readonly string[]> => {
  const { gitDir, commit, workTree, target } = request;
  await mkdir(target, { recursive: true });
  const index = `${target}.index`;
  try {
    const args = [
      ...PLAIN_CONFIG,
      `--git-dir=${gitDir}`,
      `--work-tree=${target}`,
      'read-tree',
      '-u',
      '--reset',
      commit,
    ];
    await git(target, args, signal, { GIT_INDEX_FILE: index });
  } finally {
    await rm(index, { force: true });
    await rm(`${index}.lock`, { force: true });
  }
  const notes: string[] = [];
  for (const submodule of await submodulesOf(gitDir, commit, workTree, signal)) {
    notes.push(...(await exportSubmodule(submodule, request, signal)));
  }
  return notes;
};

/** Tracked and untracked, not ignored files of the working tree at `rootDir`, submodules included. */
const workTreeFiles = async (rootDir: string, signal: AbortSignal): Promise<readonly string[]> => {
  const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--deduplicate', '--', OUR_OUTPUT];
  const listed = splitNul(await git(rootDir, args, signal));
  const nested = await Promise.all(
    listed.map(async (path) => {
      // A submodule, or an untracked repository inside this one (listed with a slash at its end).
      const inner = join(rootDir, path);
      if (!existsSync(join(inner, '.git'))) return [path];
      const plain = path.replace(/\/$/, '');
      return (await workTreeFiles(inner, signal)).map((file) => `${plain}/${file}`);
    }),
  );
  return nested.flat().toSorted();
};

/** Copies the working tree as it is now into the new folder `target`; returns its content hash. */
export const copyWorkTree = async (rootDir: string, target: string, signal: AbortSignal): Promise<string> => {
  await mkdir(target, { recursive: true });
  const copied = await copyFiles(rootDir, target, await workTreeFiles(rootDir, signal));
  return contentDigest(target, copied);
};

/** Whether the working tree differs from its commit: changed, added, deleted or untracked files, submodules too. */
export const isDirty = async (rootDir: string, signal: AbortSignal): Promise<boolean> =>
  (await git(rootDir, ['status', '--porcelain', '-z', '--untracked-files=all', '--', OUR_OUTPUT], signal)) !== '';
