/**
 * A service that ends in the middle of a launch is news about that side, not a failure of ours. The bracket around a
 * launch turns whatever broke because of it (a lost agent, closed connections) into this error.
 */

import { EXIT, GodynoError } from '../../errors.ts';
import type { InvalidRun, Side } from '../../model/index.ts';

export class TargetDiedError extends GodynoError {
  readonly sides: readonly Side[];

  constructor(sides: readonly Side[], how: string, cause: unknown) {
    super('TARGET_DIED', how, 'Look at the logs folder of the results.', EXIT.invalid, { cause });
    this.sides = sides;
  }
}

/** The run's verdict on a death, or null when the error is something else. */
export const deathIn = (error: unknown): InvalidRun | null =>
  error instanceof TargetDiedError
    ? { code: 'target-died', message: error.message, side: error.sides.length === 1 ? (error.sides[0] ?? null) : null }
    : null;
