/**
 * `pull-request.json`: what the measuring job says about where its figures belong. It travels in an artifact that the
 * pull request's own code could have written, so it is a claim: the publisher checks it against GitHub.
 */
import { z } from 'zod';

export const CLAIM_FILE = 'pull-request.json';

const CLAIM_SCHEMA_VERSION = 1;

const word = (longest: number, pattern: RegExp) => z.string().min(1).max(longest).regex(pattern);

/** No controls; the shell sees these words quoted. */
const argument = word(300, /^[^-\p{Cc}][^\p{Cc}]*$/u);

export const claimSchema = z.strictObject({
  schemaVersion: z.literal(CLAIM_SCHEMA_VERSION),
  /** `owner/name` of the repository the pull request is made to. */
  repository: word(200, /^[\w.-]+\/[\w.-]+$/),
  pullRequest: z
    .number()
    .int()
    .min(1)
    .max(2 ** 31),
  headSha: word(64, /^[0-9a-f]{40,64}$/),
  /** Which of several comments of one pull request. */
  key: word(100, /^[^\p{Cc}]+$/u),
  /** Which part of a matrix; empty when there is one job. */
  shard: z.string().max(100),
  /** Words of the measuring command line, for the lines that reproduce it. */
  args: z.array(argument).max(50),
  flags: z.array(word(100, /^[\w.,:+%=-]+$/)).max(20),
});

export type Claim = z.infer<typeof claimSchema>;

/** What the caller adds to what GitHub's event says. */
export type ClaimWords = Pick<Claim, 'key' | 'shard' | 'args' | 'flags'>;

const eventSchema = z.object({
  pull_request: z.object({
    number: z.number().int(),
    head: z.object({ sha: z.string() }),
    base: z.object({ repo: z.object({ full_name: z.string() }) }),
  }),
});

/** The claim of a `pull_request` event's payload; null when the event is of another kind. */
export const claimFromEvent = (event: unknown, words: ClaimWords): Claim | null => {
  const parsed = eventSchema.safeParse(event);
  if (!parsed.success) return null;
  const { number, head, base } = parsed.data.pull_request;
  return {
    schemaVersion: CLAIM_SCHEMA_VERSION,
    repository: base.repo.full_name,
    pullRequest: number,
    headSha: head.sha,
    ...words,
  };
};
