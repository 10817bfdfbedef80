import { UsageError } from '../errors.ts';

/** What perf wrote and nobody can read: cut short, damaged, hostile, or of a perf that this godyno does not know. */
export class PerfError extends UsageError {
  constructor(what: string, hint = 'Take it again, or look at it with: perf report -i FILE') {
    super('PERF_BROKEN', `This is not what perf script writes, or it is damaged: ${what}`, hint);
  }
}
