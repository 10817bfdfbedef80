/** Real git repositories in temporary folders. */
import { execFileSync } from 'node:child_process';
import { foldersOf } from '../builders/folders.ts';

export { writeFiles } from '../builders/folders.ts';

export const never = new AbortController().signal;

export const { makeFolder, removeFolders } = foldersOf('godyno-source-');

const IDENTITY = [
  '-c',
  'user.name=t',
  '-c',
  'user.email=t@example.com',
  '-c',
  'protocol.file.allow=always',
  '-c',
  'commit.gpgsign=false',
];

export const git = (folder: string, ...args: readonly string[]): string =>
  execFileSync('git', [...IDENTITY, ...args], {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  }).trim();

export const commitAll = (folder: string, subject: string): string => {
  git(folder, 'add', '-A');
  git(folder, 'commit', '-q', '--allow-empty', '-m', subject);
  return git(folder, 'rev-parse', 'HEAD');
};

/** A repository on branch `main` with one commit of `files`. */
export const makeRepository = (files: Readonly<Record<string, string>>): string => {
  const folder = makeFolder(files);
  git(folder, 'init', '-q', '-b', 'main');
  commitAll(folder, 'first');
  return folder;
};
