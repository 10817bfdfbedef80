/**
 * `pull-request.json`: what the measuring job says about where its figures belong. It travels in an artifact that the
 * pull request's own code could have written, so it is a claim: the publisher checks it against GitHub.
 */
import { z } from 'zod';
import { UsageError } from '../errors.ts';

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

/** Where a value came from, for people. */
const SAID: Readonly<Record<string, string>> = {
  key: 'the comment’s key (GODYNO_KEY, input key)',
  shard: 'the part of the matrix (GODYNO_SHARD, input shard)',
  args: 'a scenario on the command line',
  flags: 'a flag’s value',
};

const refuse = (problem: z.core.$ZodIssue): never => {
  const [field = ''] = problem.path.map(String);
  throw new UsageError(
    'CLAIM_INVALID',
    `${SAID[field] ?? `GitHub’s event (${field})`} cannot be published: ${problem.message}`,
    'Use letters, digits, dots and dashes, at most 100 characters.',
  );
};

/**
 * The claim of a `pull_request` event's payload, as the publisher will take it; null when the event is of another kind.
 * Throws UsageError `CLAIM_INVALID`.
 */
export const claimFromEvent = (event: unknown, words: ClaimWords): Claim | null => {
  const parsed = eventSchema.safeParse(event);
  if (!parsed.success) return null;
  const { number, head, base } = parsed.data.pull_request;
  const claim = claimSchema.safeParse({
    schemaVersion: CLAIM_SCHEMA_VERSION,
    repository: base.repo.full_name,
    pullRequest: number,
    headSha: head.sha,
    ...words,
  });
  if (claim.success) return claim.data;
  const [problem] = claim.error.issues;
  return problem === undefined ? null : refuse(problem);
};

type Env = Readonly<Record<string, string | undefined>>;

/** Of the measuring command line. */
interface Words {
  readonly args: readonly string[];
  readonly flags: readonly string[];
}

/** Which comment it is and which part of a matrix; the Action sets them from its inputs. */
export const KEY_VARIABLE = 'GODYNO_KEY';
export const SHARD_VARIABLE = 'GODYNO_SHARD';

/**
 * null outside of a pull request's job. Called before anything is measured: the publisher would refuse what is refused
 * here. Throws UsageError `CLAIM_INVALID`.
 */
export const claimOf = (event: unknown, words: Words, env: Env): Claim | null =>
  claimFromEvent(event, {
    key: env[KEY_VARIABLE] || 'default',
    shard: env[SHARD_VARIABLE] ?? '',
    args: [...words.args],
    flags: [...words.flags],
  });

export const claimText = (claim: Claim): string => `${JSON.stringify(claim, null, 2)}\n`;

/** How to measure again what `claim` says was measured. */
export const invocationOfClaim = (claim: Claim | null) => ({
  program: 'npx godyno',
  command: 'run' as const,
  args: claim?.args ?? [],
  flags: claim?.flags ?? [],
  key: claim?.key ?? 'default',
});
