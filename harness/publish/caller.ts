/** Where a publishing run was called from, as the payload of its own event tells it: facts of GitHub's, no claims. */
import { z } from 'zod';
import type { Origin } from './pull-request.ts';

export interface Caller {
  /** null: called by hand, or by an event that measured nothing. */
  readonly origin: Origin | null;
  /** The workflow run that measured; null: not another run. */
  readonly runId: number | null;
  /** The pull request that the event itself is about: no claim needed. */
  readonly pullRequest: number | null;
}

const repository = z.object({ full_name: z.string() }).nullable();

const workflowRunEvent = z.object({
  workflow_run: z.object({
    id: z.number().int(),
    head_sha: z.string(),
    head_branch: z.string().nullable(),
    head_repository: repository,
  }),
});

const pullRequestEvent = z.object({
  pull_request: z.object({
    number: z.number().int(),
    head: z.object({ sha: z.string(), ref: z.string(), repo: repository }),
  }),
});

/** Reads the payload of the event that started this run; every field is null for an event of another kind. */
export const publishingCallerOf = (event: unknown): Caller => {
  const run = workflowRunEvent.safeParse(event);
  if (run.success) {
    const { id, head_sha: headSha, head_branch: headBranch, head_repository: headRepo } = run.data.workflow_run;
    return {
      origin: { headSha, headBranch, headRepository: headRepo?.full_name ?? null },
      runId: id,
      pullRequest: null,
    };
  }
  const pull = pullRequestEvent.safeParse(event);
  if (pull.success) {
    const { number, head } = pull.data.pull_request;
    const origin = { headSha: head.sha, headBranch: head.ref, headRepository: head.repo?.full_name ?? null };
    return { origin, runId: null, pullRequest: number };
  }
  return { origin: null, runId: null, pullRequest: null };
};
