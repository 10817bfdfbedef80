/** A claim is believed where GitHub confirms it. */
import { UsageError } from '../errors.ts';
import type { Comparison } from '../model/index.ts';
import type { Caller } from './caller.ts';
import type { Claim } from './claim.ts';
import type { GitHub } from './github.ts';
import type { Origin } from './pull-request.ts';

/** What GitHub says otherwise; null: nothing. */
const wrongIn = ({ repository, headSha }: Claim, github: GitHub, origin: Origin): string | null => {
  const own = github.access.repository;
  if (repository.toLowerCase() !== own.toLowerCase()) return `repository ${repository}, this is ${own}`;
  return headSha === origin.headSha ? null : `commit ${headSha}, GitHub says ${origin.headSha} was measured`;
};

/** The claim must be about this repository and the commit that GitHub says was measured. */
export const requireConfirmed = (claim: Claim | null, github: GitHub, origin: Origin): void => {
  const wrong = claim === null ? null : wrongIn(claim, github, origin);
  if (wrong === null) return;
  throw new UsageError(
    'ARTIFACT_REFUSED',
    `The artifact claims ${wrong}`,
    'Nothing was published. The measuring job’s artifact does not belong to this run.',
  );
};

export const originOf = (caller: Caller, claim: Claim | null, comparison: Comparison): Origin =>
  caller.origin ?? {
    headSha: claim?.headSha ?? comparison.head.revision,
    headRepository: null,
    headBranch: null,
  };

/** What is known of a measuring run that left no claim. */
export const emptyClaim = (github: GitHub, origin: Origin): Omit<Claim, 'pullRequest'> => ({
  schemaVersion: 1,
  repository: github.access.repository,
  headSha: origin.headSha,
  key: 'default',
  shard: '',
  args: [],
  flags: [],
});
