/**
 * Tells GitHub: the pull request's one comment, a check run, the job's summary, remarks at changed lines.
 *
 * In: what a measuring job left (a folder or an artifact, read as hostile: capped, no links, every value checked), and
 * rendered text. Out: what GitHub answered. Decides nothing; the artifact's own markdown is never read. A refusal by
 * GitHub (403) is a {@link ForbiddenError}, which callers turn into a notice; a rate limit is waited for, but not for ever. Sole owner of @octokit/core and
 * @actions/core.
 */
export { type Annotation, annotationsOf, MOST_ANNOTATIONS } from './annotations.ts';
export { type Artifact, downloadArtifact, listArtifacts } from './artifacts.ts';
export { type Caller, publishingCallerOf } from './caller.ts';
export { type CheckRequest, conclusionOf, writeCheckRun } from './check-run.ts';
export {
  type Claim,
  CLAIM_FILE,
  claimFromEvent,
  claimOf,
  claimText,
  type ClaimWords,
  invocationOfClaim,
  KEY_VARIABLE,
  SHARD_VARIABLE,
} from './claim.ts';
export { type CommentMode, type CommentOutcome, type CommentRequest, writeComment } from './comment.ts';
export { type GitHub, type GitHubAccess, openGitHub } from './github.ts';
export { jobEventOf } from './job-event.ts';
export { readEvent, sayAtLine, sayNotice, writeSummary } from './job.ts';
export { emptyClaim, originOf, requireConfirmed } from './confirm.ts';
export { type Gathered, gatherFromRun } from './gather.ts';
export { mergeClaims, mergeReceived } from './merge.ts';
export { findPullRequest, type FoundPullRequest, type Origin } from './pull-request.ts';
export { ForbiddenError, RateLimitError } from './refusals.ts';
export {
  COMPARISON_NAME,
  MOST_ZIP_BYTES,
  type Received,
  readReceivedFolder,
  readReceivedZip,
} from './untrusted-result.ts';
