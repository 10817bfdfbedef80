/** From `--base` and `--head` to two folders, for as long as they are needed. */
import { realpathSync, statSync } from 'node:fs';
import { mkdir, realpath, rm } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { UsageError } from '../errors.ts';
import type { BySide, JobEvent, Revision, Side } from '../model/index.ts';
import { copyWorkTree, exportCommit, isDirty } from './checkout.ts';
import { copyFolder, folderDigest, holdsFileLike } from './content.ts';
import {
  type CommitInfo,
  commitInfo,
  type DefaultBase,
  defaultBase,
  findRepository,
  type Repository,
  requireCommit,
  requireHeadCommit,
  requireRepository,
  resolveCommit,
} from './repository.ts';
import { concernsJob, jobBase, type JudgedHead } from './job-base.ts';

export interface SidesRequest {
  readonly cwd: string;
  /** A git revision or a folder; undefined: where the head left the default branch. */
  readonly base: string | undefined;
  /** Lies there already, and stays; wins over `base`. */
  readonly readyBase?: SourceTree | undefined;
  /** A git revision or a folder; undefined: the working tree with its uncommitted changes. */
  readonly head: string | undefined;
  /** What started the CI job we run in; it knows a better base than the general rule. null: no job. */
  readonly job?: JobEvent | null;
  /** Ours to write into; the two folders in it are removed after use. */
  readonly workDir: string;
  /** Hears what is waited for: `base: checking out main`. */
  readonly onStage?: (text: string) => void;
  readonly signal: AbortSignal;
}

export interface SourceTree {
  readonly side: Side;
  readonly revision: Revision;
  /** Real path of the repository's top folder at that revision, or of the given folder. */
  readonly rootDir: string;
  /** The same files where they may be written to: `rootDir`, or a copy of the given folder. */
  readonly ownDir: string;
  /** The commit the source is, or lies on; null for plain folders. */
  readonly commit: CommitInfo | null;
  /** How it was found or had, for the report; absent where somebody named it. */
  readonly found?: string | undefined;
  /** Remarks for the terminal and the report. */
  readonly notes: readonly string[];
}

/** What one side means, before anything is written. */
type SideOrigin =
  | {
      readonly kind: 'commit';
      readonly commit: string;
      readonly label: string;
      readonly found?: string;
      readonly notes: readonly string[];
    }
  | { readonly kind: 'worktree'; readonly commit: string; readonly label: string; readonly notes: readonly string[] }
  | { readonly kind: 'folder'; readonly path: string; readonly notes: readonly string[] };

/** A base may lie there already. */
type BaseOrigin = SideOrigin | { readonly kind: 'ready'; readonly tree: SourceTree };

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

/** Written as a path, so never a revision. */
const isPathForm = (text: string): boolean =>
  text === '.' || text === '..' || /^\.{0,2}\//.test(text) || text.endsWith('/');

const requireFolder = (path: string, given: string, side: Side): string => {
  if (isFolder(path)) return path;
  throw new UsageError('FOLDER_MISSING', `--${side} ${given}: there is no folder ${path}`, 'Check the path.');
};

/** What the user named: a path is a folder; a name is a revision when git knows it, else a folder of that name. */
const namedOrigin = async (side: Side, given: string, request: SidesRequest): Promise<SideOrigin> => {
  const { cwd, signal } = request;
  const path = resolve(cwd, given);
  if (isPathForm(given)) return { kind: 'folder', path: requireFolder(path, given, side), notes: [] };
  const folder = isFolder(path);
  const repository = await findRepository(cwd, signal);
  if (repository === null) {
    if (folder) return { kind: 'folder', path, notes: [] };
    await requireRepository(cwd, signal);
  }
  const commit = repository === null ? null : await resolveCommit(repository, given, signal);
  if (commit === null && folder) return { kind: 'folder', path, notes: [] };
  const known = commit ?? (await requireCommit(await requireRepository(cwd, signal), given, signal));
  const notes = folder
    ? [`${side}: ${given} is both a revision and a folder; the revision is taken (./${given} is the folder)`]
    : [];
  return { kind: 'commit', commit: known, label: known.startsWith(given) ? known.slice(0, 7) : given, notes };
};

const workTreeOrigin = async (request: SidesRequest): Promise<SideOrigin> => {
  const repository = await requireRepository(request.cwd, request.signal);
  const commit = requireHeadCommit(repository);
  request.onStage?.('head: looking for uncommitted changes');
  const label = repository.branch ?? commit.slice(0, 7);
  return (await isDirty(repository.rootDir, request.signal))
    ? { kind: 'worktree', commit, label: `${label} with uncommitted changes`, notes: [] }
    : { kind: 'commit', commit, label, notes: [] };
};

/** The job's own base where there is a job and it is about this repository; else the general rule. */
const baseOf = async (repository: Repository, head: JudgedHead, request: SidesRequest): Promise<DefaultBase> => {
  const { job = null, signal } = request;
  const own = job !== null && (await concernsJob(repository, head, job, signal)) ? job : null;
  const base = own === null ? null : await jobBase(repository, head, own, signal);
  return base ?? defaultBase(repository, head, signal, own?.defaultBranch ?? null);
};

const impliedBase = async (head: SideOrigin, request: SidesRequest): Promise<SideOrigin> => {
  if (head.kind === 'folder') {
    throw new UsageError(
      'BASE_NEEDED',
      `--head is the folder ${head.path}; what it is compared with must be said`,
      'Name a base: --base <git ref or folder>.',
    );
  }
  const repository = await requireRepository(request.cwd, request.signal);
  const state = head.kind === 'worktree' ? 'dirty' : 'clean';
  request.onStage?.('base: looking for it, and fetching what is missing');
  const base = await baseOf(repository, { commit: head.commit, state }, request);
  return { kind: 'commit', commit: base.commit, label: base.commit.slice(0, 7), found: base.note, notes: [] };
};

/** A path that was mistyped must not pass for a base before the service existed. */
const requireGoFiles = async (side: Side, origin: BaseOrigin): Promise<void> => {
  if (origin.kind !== 'folder' || (await holdsFileLike(origin.path, '.go'))) return;
  throw new UsageError(
    'FOLDER_WITHOUT_GO',
    `--${side} is the folder ${origin.path}, which holds no Go files`,
    'Check the path. A service that is new needs a base all the same: the commit before it, by its revision.',
  );
};

const folderTree = async (
  side: Side,
  { path, notes }: SideOrigin & { readonly kind: 'folder' },
  { workDir, onStage }: SidesRequest,
): Promise<SourceTree> => {
  const target = join(workDir, side);
  onStage?.(`${side}: copying ${path}`);
  const digest = await folderDigest(path);
  await copyFolder(path, target);
  return {
    side,
    revision: { revision: `sha256:${digest}`, label: basename(path), kind: 'folder' },
    rootDir: realpathSync(path),
    ownDir: await realpath(target),
    commit: null,
    notes,
  };
};

const commitTree = async (
  side: Side,
  origin: SideOrigin & { readonly kind: 'commit' },
  repository: Repository,
  request: SidesRequest,
): Promise<SourceTree> => {
  const target = join(request.workDir, side);
  const { gitDir, rootDir } = repository;
  request.onStage?.(`${side}: checking out ${origin.label}`);
  const remarks = await exportCommit({ gitDir, commit: origin.commit, workTree: rootDir, target }, request.signal);
  return {
    side,
    revision: { revision: origin.commit, label: origin.label, kind: 'git' },
    rootDir: await realpath(target),
    ownDir: await realpath(target),
    commit: await commitInfo(repository, origin.commit, request.signal),
    found: origin.found,
    notes: [...origin.notes, ...remarks.map((remark) => `${side}: ${remark}`)],
  };
};

const workTree = async (
  side: Side,
  origin: SideOrigin & { readonly kind: 'worktree' },
  repository: Repository,
  request: SidesRequest,
): Promise<SourceTree> => {
  const target = join(request.workDir, side);
  request.onStage?.(`${side}: copying ${origin.label}`);
  const digest = await copyWorkTree(repository.rootDir, target, request.signal);
  return {
    side,
    revision: { revision: `${origin.commit}+dirty:${digest}`, label: origin.label, kind: 'worktree' },
    rootDir: await realpath(target),
    ownDir: await realpath(target),
    commit: await commitInfo(repository, origin.commit, request.signal),
    notes: origin.notes,
  };
};

const treeOf = async (side: Side, origin: BaseOrigin, request: SidesRequest): Promise<SourceTree> => {
  if (origin.kind === 'ready') return origin.tree;
  if (origin.kind === 'folder') return folderTree(side, origin, request);
  const repository = await requireRepository(request.cwd, request.signal);
  return origin.kind === 'commit'
    ? commitTree(side, origin, repository, request)
    : workTree(side, origin, repository, request);
};

const removeTrees = async (workDir: string): Promise<void> => {
  for (const name of ['base', 'head', 'base.index', 'head.index']) {
    await rm(join(workDir, name), { recursive: true, force: true, maxRetries: 3 });
  }
};

const baseOriginOf = async (head: SideOrigin, { readyBase, ...request }: SidesRequest): Promise<BaseOrigin> => {
  if (readyBase !== undefined) return { kind: 'ready', tree: readyBase };
  return request.base === undefined ? impliedBase(head, request) : namedOrigin('base', request.base, request);
};

/**
 * Brings both sides' source into folders, calls `use`, and removes what was written, on failure and abort too.
 * Throws UsageErrors (exit 2): NOT_A_REPOSITORY, NO_COMMITS, UNKNOWN_REF, SHALLOW_CLONE, FOLDER_MISSING,
 * FOLDER_WITHOUT_GO, NO_BASE, BASE_NEEDED, BASE_NOT_FETCHED, NOTHING_OF_PULL_REQUEST, GIT_MISSING, GIT_FAILED,
 * REPOSITORY_UNTRUSTED.
 */
export const withSides = async <T>(
  request: SidesRequest,
  use: (sides: BySide<SourceTree>) => Promise<T>,
): Promise<T> => {
  const headOrigin =
    request.head === undefined ? await workTreeOrigin(request) : await namedOrigin('head', request.head, request);
  const baseOrigin = await baseOriginOf(headOrigin, request);
  await requireGoFiles('head', headOrigin);
  await requireGoFiles('base', baseOrigin);
  await mkdir(request.workDir, { recursive: true });
  await removeTrees(request.workDir);
  try {
    const base = await treeOf('base', baseOrigin, request);
    const head = await treeOf('head', headOrigin, request);
    return await use({ base, head });
  } finally {
    await removeTrees(request.workDir);
  }
};
