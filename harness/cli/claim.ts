/** `pull-request.json` beside the results of a job that a pull request started, for the publisher (docs/github.md). */
import { type Claim, claimFromEvent } from '../publish/index.ts';
import type { Invocation } from '../report/index.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** Which comment it is and which part of a matrix; the Action sets them from its inputs. */
export const KEY_VARIABLE = 'GODYNO_KEY';
export const SHARD_VARIABLE = 'GODYNO_SHARD';

/**
 * null outside of a pull request's job. Called before anything is measured: the publisher would refuse what is refused
 * here. Throws UsageError `CLAIM_INVALID`.
 */
export const claimOf = (event: unknown, invocation: Invocation, env: Env): Claim | null =>
  claimFromEvent(event, {
    key: env[KEY_VARIABLE] || 'default',
    shard: env[SHARD_VARIABLE] ?? '',
    args: [...invocation.args],
    flags: [...invocation.flags],
  });

export const claimText = (claim: Claim): string => `${JSON.stringify(claim, null, 2)}\n`;
