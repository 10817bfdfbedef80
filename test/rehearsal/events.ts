/** Payloads as GitHub sends them, cut down to what anybody here reads, for a pull request from a fork. */
export const HEAD = 'b81e07d2c9aa55443322110099887766f5e4d3c2';
export const BASE = '3f2a9c51d04be87766554433221100ffeeddccbb';

const upstream = { full_name: 'acme/shop', name: 'shop', owner: { login: 'acme' }, default_branch: 'main' };

export const pullOf = (sha = HEAD) => ({
  number: 7,
  state: 'open',
  title: 'a"; echo INJECTED; "',
  head: { ref: 'feat/x', sha, repo: { full_name: 'mallory/shop', fork: true } },
  base: { ref: 'main', sha: BASE, repo: upstream },
});

export const pullRequestEvent = (sha = HEAD) => ({
  action: 'synchronize',
  number: 7,
  pull_request: pullOf(sha),
  repository: upstream,
});

/** Of a fork's run, `pull_requests` is empty on GitHub, too. */
export const workflowRunEvent = (run: number, sha = HEAD) => ({
  action: 'completed',
  workflow_run: {
    id: run,
    name: 'godyno',
    event: 'pull_request',
    status: 'completed',
    conclusion: 'success',
    head_sha: sha,
    head_branch: 'feat/x',
    head_repository: { full_name: 'mallory/shop', owner: { login: 'mallory' } },
    pull_requests: [],
  },
  repository: upstream,
});
