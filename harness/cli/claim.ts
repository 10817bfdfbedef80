/** `pull-request.json` beside the results of a job that a pull request started, for the publisher (docs/github.md). */
import { CLAIM_FILE, claimFromEvent, readEvent } from '../publish/index.ts';
import type { Invocation } from '../report/index.ts';
import type { OutputFolder } from './output.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** Which comment it is and which part of a matrix; the Action sets them from its inputs. */
export const KEY_VARIABLE = 'GODYNO_KEY';
export const SHARD_VARIABLE = 'GODYNO_SHARD';

/** Writes nothing outside of a pull request's job. Throws UsageError when the event cannot be read. */
export const writeClaim = async (out: OutputFolder, invocation: Invocation, env: Env): Promise<void> => {
  const claim = claimFromEvent(await readEvent(env), {
    key: env[KEY_VARIABLE] || 'default',
    shard: env[SHARD_VARIABLE] ?? '',
    args: [...invocation.args],
    flags: [...invocation.flags],
  });
  if (claim !== null) await out.write(CLAIM_FILE, `${JSON.stringify(claim, null, 2)}\n`);
};
