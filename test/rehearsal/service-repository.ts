/** A git repository with a small Go service and a pull request merged as GitHub checks it out. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const SERVICE = path.resolve(import.meta.dirname, '../targets/tiny');

/** As short as a run can be and still give figures of every kind that a report shows. */
const SCENARIO = `target:
  args: ["-addr", "127.0.0.1:\${port}"]
  ready: GET /healthz
load:
  requests: [{ http: GET / }]
  latency: false
measure: { budget: 8s, explain: false, exact: "off" }
`;

export interface ServiceRepository {
  readonly dir: string;
  /** Head of the pull request. */
  readonly headSha: string;
  /** What GitHub makes of head and base, and checks out. */
  readonly mergeSha: string;
  /** The base branch before the merge. */
  readonly baseSha: string;
  readonly remove: () => void;
}

export const makeServiceRepository = (): ServiceRepository => {
  const dir = mkdtempSync(path.join(tmpdir(), 'r'));
  const git = (...args: readonly string[]): string =>
    execFileSync('git', ['-c', 'user.name=test', '-c', 'user.email=test@example.com', ...args], {
      cwd: dir,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    }).trim();
  cpSync(SERVICE, dir, { recursive: true });
  mkdirSync(path.join(dir, 'scenarios'));
  writeFileSync(path.join(dir, 'scenarios/tiny.yml'), SCENARIO);
  git('init', '--quiet', '--initial-branch=main');
  git('add', '.');
  git('commit', '--quiet', '--message=service');
  git('checkout', '--quiet', '-b', 'feat/x');
  const main = path.join(dir, 'main.go');
  writeFileSync(main, readFileSync(main, 'utf8').replace('"ok\\n"', '"fine\\n"'));
  git('commit', '--quiet', '--all', '--message=other words');
  const headSha = git('rev-parse', 'HEAD');
  git('checkout', '--quiet', 'main');
  writeFileSync(path.join(dir, 'README'), 'moved on\n');
  git('add', '.');
  git('commit', '--quiet', '--message=base moves on');
  const baseSha = git('rev-parse', 'HEAD');
  git('merge', '--quiet', '--no-ff', '--message=merge', 'feat/x');
  return {
    dir,
    headSha,
    baseSha,
    mergeSha: git('rev-parse', 'HEAD'),
    remove: () => rmSync(dir, { recursive: true, force: true, maxRetries: 3 }),
  };
};
