/** The payload of the event that started a job → what it says of the base; a parser, which asks nobody. */
import { z } from 'zod';
import type { JobEvent } from '../model/index.ts';

const commit = z.string().regex(/^[0-9a-f]{40,64}$/);

const pullRequest = z.object({
  pull_request: z.object({
    number: z.number().int(),
    head: z.object({ sha: commit, repo: z.object({ full_name: z.string() }).nullish() }),
    base: z.object({
      ref: z.string().min(1),
      sha: commit,
      repo: z.object({ full_name: z.string(), clone_url: z.string().nullish() }),
    }),
  }),
});

const mergeGroup = z.object({
  merge_group: z.object({ head_sha: commit, base_sha: commit, base_ref: z.string().min(1) }),
});

const push = z.object({
  ref: z.string().startsWith('refs/heads/'),
  before: commit,
  after: commit,
  forced: z.boolean().nullish(),
});

const anywhere = z.object({ repository: z.object({ default_branch: z.string().nullish() }).nullish() });

const branchOf = (ref: string): string => ref.replace(/^refs\/heads\//, '');

const isNothing = (hash: string): boolean => /^0+$/.test(hash);

type Facts = { readonly commit: string | null; readonly defaultBranch: string | null };

const pullRequestJob = (event: unknown, facts: Facts): JobEvent | null => {
  const { data } = pullRequest.safeParse(event);
  if (data === undefined) return null;
  const { number, head, base } = data.pull_request;
  return {
    kind: 'pull request',
    number,
    headCommit: head.sha,
    headRepository: head.repo?.full_name ?? null,
    baseBranch: base.ref,
    baseCommit: base.sha,
    baseRepository: base.repo.full_name,
    baseUrl: base.repo.clone_url ?? null,
    ...facts,
  };
};

const mergeGroupJob = (event: unknown, facts: Facts): JobEvent | null => {
  const { data } = mergeGroup.safeParse(event);
  if (data === undefined) return null;
  const { head_sha: headCommit, base_sha: baseCommit, base_ref: ref } = data.merge_group;
  return { kind: 'merge group', headCommit, baseCommit, baseBranch: branchOf(ref), ...facts };
};

const pushJob = (event: unknown, facts: Facts): JobEvent | null => {
  const { data } = push.safeParse(event);
  if (data === undefined || isNothing(data.after)) return null;
  const before = isNothing(data.before) || data.forced === true ? null : data.before;
  return { kind: 'push', branch: branchOf(data.ref), before, ...facts };
};

/** `commit` is what the runner says is checked out by default (GITHUB_SHA). null: there is no event. */
export const jobEventOf = (event: unknown, commitOfJob: string | undefined): JobEvent | null => {
  if (event === null) return null;
  const facts = {
    commit: commitOfJob === undefined || commitOfJob === '' ? null : commitOfJob,
    defaultBranch: anywhere.safeParse(event).data?.repository?.default_branch ?? null,
  };
  // A pull request's event has `before` and `after`, too, so it is asked first.
  return (
    pullRequestJob(event, facts) ?? mergeGroupJob(event, facts) ?? pushJob(event, facts) ?? { kind: 'other', ...facts }
  );
};
