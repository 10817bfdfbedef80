/** Real git repositories in temporary folders. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export const never = new AbortController().signal;

const made: string[] = [];

export const makeFolder = (files: Readonly<Record<string, string>> = {}): string => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'godyno-source-')));
  made.push(folder);
  writeFiles(folder, files);
  return folder;
};

export const writeFiles = (folder: string, files: Readonly<Record<string, string>>): void => {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
};

export const removeFolders = (): void => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
};

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
