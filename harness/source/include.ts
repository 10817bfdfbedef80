/**
 * Files that git ignores, from the working tree to both sides: what a build needs and no commit holds (an embedded
 * `dist`, generated code). Nothing that a side has itself is replaced, and the working tree is only read.
 */
import { existsSync } from 'node:fs';
import { cp, lstat, realpath, rm } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';
import { UsageError } from '../errors.ts';
import type { Side } from '../model/index.ts';
import { contentDigest, copyFiles } from './content.ts';
import { splitNul, tryGit } from './git.ts';

export interface IncludeTarget {
  readonly side: Side;
  /** Nothing is written outside of it. */
  readonly rootDir: string;
  readonly moduleDir: string;
}

export interface IncludeRequest {
  /** The module's folder in the user's working tree. */
  readonly from: string;
  /** Globs relative to it, as git's `:(glob)` reads them. */
  readonly patterns: readonly string[];
  readonly to: readonly IncludeTarget[];
  readonly signal: AbortSignal;
}

export interface Included {
  /** Relative to the module folder. */
  readonly files: readonly string[];
  /** Over paths and content; '' when nothing was carried. */
  readonly digest: string;
  readonly notes: readonly string[];
}

/** Our own output is ignored in most repositories, and never part of a build. */
const isOurs = (path: string): boolean => path.split('/').includes('.godyno');

/** Files below `folder` that git ignores and that a pattern matches; empty outside of a repository. */
export const ignoredFiles = async (
  folder: string,
  patterns: readonly string[],
  signal: AbortSignal,
): Promise<readonly string[]> => {
  const globs = patterns.map((pattern) => `:(glob)${pattern.replace(/^\.\//, '')}`);
  const args = ['ls-files', '-z', '--others', '--ignored', '--exclude-standard', '--', ...globs];
  const listed = await tryGit(folder, args, signal);
  return listed.exitCode === 0 ? splitNul(listed.stdout).filter((path) => !isOurs(path)) : [];
};

/** Whether git would ignore `path`, which need not exist. */
export const isIgnored = async (folder: string, path: string, signal: AbortSignal): Promise<boolean> =>
  (await tryGit(folder, ['check-ignore', '--quiet', '--no-index', '--', path], signal)).exitCode === 0;

const requireFiles = async (request: IncludeRequest): Promise<readonly string[]> => {
  const { from, patterns, signal } = request;
  const found: string[] = [];
  for (const pattern of patterns) {
    const files = await ignoredFiles(from, [pattern], signal);
    if (files.length === 0) {
      const tracked = await tryGit(from, ['ls-files', '-z', '--', `:(glob)${pattern}`], signal);
      const isTracked = tracked.exitCode === 0 && tracked.stdout !== '';
      throw new UsageError(
        'INCLUDE_NOTHING',
        `target.include: ${pattern} matches no file that git ignores in ${from}`,
        isTracked
          ? 'The files it matches are in git, so both sides have their own: remove it.'
          : 'Make the files first (in CI in a step before), let target.generate make them on both sides, or mend the pattern: `dir/**` takes everything below dir.',
      );
    }
    found.push(...files);
  }
  return [...new Set(found)].toSorted();
};

const isBelow = (path: string, folder: string): boolean => `${path}${sep}`.startsWith(`${folder}${sep}`);

/** Where `path` would come to lie: links in the folders above it may lead elsewhere. */
const realPlace = async (path: string): Promise<string> => {
  const parent = dirname(path);
  return parent === path
    ? path
    : join((await realpath(parent).catch(() => null)) ?? (await realPlace(parent)), basename(path));
};

/** A link that leads nowhere in the copy, or out of it, is replaced by what it leads to. */
const settleLink = async (from: string, { rootDir, moduleDir }: IncludeTarget, path: string): Promise<void> => {
  const target = join(moduleDir, path);
  if (!(await lstat(target)).isSymbolicLink()) return;
  const real = await realpath(target).catch(() => null);
  if (real !== null && isBelow(real, await realpath(rootDir))) return;
  const source = await realpath(join(from, path)).catch(() => null);
  await rm(target);
  if (source !== null) await cp(source, target, { recursive: true, dereference: true });
};

/** Returns those that the side has itself. */
const carry = async (from: string, target: IncludeTarget, files: readonly string[]): Promise<readonly string[]> => {
  const { rootDir, moduleDir } = target;
  const root = await realpath(rootDir);
  const missing: string[] = [];
  for (const path of files) {
    const place = await realPlace(join(moduleDir, path));
    if (isBelow(place, root) && !existsSync(place)) missing.push(path);
  }
  for (const path of await copyFiles(from, moduleDir, missing)) await settleLink(from, target, path);
  return files.filter((path) => !missing.includes(path));
};

const countOf = (files: readonly string[]): string => (files.length === 1 ? '1 file' : `${files.length} files`);

/** When the newest of them was last changed. */
const newestOf = async (folder: string, files: readonly string[]): Promise<Date> => {
  const times = await Promise.all(files.map(async (path) => (await lstat(join(folder, path))).mtimeMs));
  return new Date(times.reduce((newest, ms) => Math.max(newest, ms), 0));
};

/**
 * Carries the files to each side that lacks them. Throws {@link UsageError} `INCLUDE_NOTHING` for a pattern that
 * matches no ignored file.
 */
export const includeIgnored = async (request: IncludeRequest): Promise<Included> => {
  const { from, patterns, to } = request;
  if (patterns.length === 0) return { files: [], digest: '', notes: [] };
  const files = await requireFiles(request);
  const changed = (await newestOf(from, files)).toISOString().slice(0, 16).replace('T', ' ');
  const notes = [
    `${countOf(files)} that git ignores (target.include: ${patterns.join(', ')}) came from the working tree to both sides; last changed ${changed} UTC`,
  ];
  for (const target of to) {
    const [first, ...more] = await carry(from, target, files);
    const others = more.length === 0 ? '' : ` and ${more.length} more`;
    if (first !== undefined) notes.push(`${target.side}: has its own ${first}${others}, which were kept`);
  }
  return { files, digest: await contentDigest(from, files), notes };
};
