/** A git that depends on nobody's configuration. */
import { execFileSync } from 'node:child_process';

const IDENTITY = ['-c', 'user.name=t', '-c', 'user.email=t@example.com', '-c', 'commit.gpgsign=false'];

export const git = (cwd: string, ...args: readonly string[]): string =>
  execFileSync('git', [...IDENTITY, ...args], { cwd, encoding: 'utf8', stdio: 'pipe' }).trim();

/** Commits everything below `cwd` and returns the commit. */
export const commitAll = (cwd: string, subject: string): string => {
  git(cwd, 'add', '.');
  git(cwd, 'commit', '-q', '-m', subject);
  return git(cwd, 'rev-parse', 'HEAD');
};
