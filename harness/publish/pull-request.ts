/** Which pull request the figures belong to: a claim, checked against what GitHub says of it. */
import { z } from 'zod';
import type { Claim } from './claim.ts';
import type { GitHub } from './github.ts';
import { GitHubError } from './refusals.ts';

const pullSchema = z.object({
  number: z.number().int(),
  state: z.string(),
  head: z.object({ sha: z.string(), ref: z.string(), repo: z.object({ full_name: z.string() }).nullable() }),
});
type Pull = z.infer<typeof pullSchema>;

/** Facts that GitHub itself told: the event of this run, or a person's own word. */
export interface Origin {
  /** Commit that was measured. */
  readonly headSha: string;
  /** Where its branch lives (`owner/name`); null when not known. */
  readonly headRepository: string | null;
  readonly headBranch: string | null;
}

export type FoundPullRequest =
  | { readonly kind: 'found'; readonly number: number; readonly headSha: string }
  /** Why there is nothing to comment on, one sentence. */
  | { readonly kind: 'none'; readonly reason: string };

const getPull = async (github: GitHub, number: number): Promise<Pull | null> => {
  try {
    const { data } = await github.call('GET /repos/{owner}/{repo}/pulls/{pull_number}', { pull_number: number });
    return pullSchema.parse(data);
  } catch (error) {
    if (error instanceof GitHubError && error.status === 404) return null;
    throw error;
  }
};

const isFrom = (pull: Pull, origin: Origin): boolean =>
  origin.headRepository === null || pull.head.repo?.full_name === origin.headRepository;

/** Pull requests of the branch that was measured; needed when the claim names none or a wrong one. */
const pullsOfBranch = async (github: GitHub, origin: Origin): Promise<readonly Pull[]> => {
  const owner = origin.headRepository?.split('/')[0];
  if (owner === undefined || origin.headBranch === null) return [];
  const { data } = await github.call('GET /repos/{owner}/{repo}/pulls', {
    head: `${owner}:${origin.headBranch}`,
    state: 'open',
    per_page: 100,
  });
  return z.array(pullSchema).parse(data);
};

/** The claimed pull request if GitHub confirms it, else the one of the measured branch. */
export const findPullRequest = async (
  github: GitHub,
  claim: Claim | null,
  origin: Origin,
): Promise<FoundPullRequest> => {
  const claimed = claim === null ? null : await getPull(github, claim.pullRequest);
  const own = claimed !== null && isFrom(claimed, origin) ? claimed : null;
  const pull = own ?? (await pullsOfBranch(github, origin)).find((one) => isFrom(one, origin));
  const short = origin.headSha.slice(0, 12);
  if (pull === undefined) return { kind: 'none', reason: `No open pull request belongs to commit ${short}` };
  if (pull.head.sha !== origin.headSha) {
    const now = pull.head.sha.slice(0, 12);
    return {
      kind: 'none',
      reason: `Pull request ${pull.number} has moved on from ${short} to ${now}; its next run reports`,
    };
  }
  if (pull.state !== 'open') return { kind: 'none', reason: `Pull request ${pull.number} is ${pull.state}` };
  return { kind: 'found', number: pull.number, headSha: pull.head.sha };
};
