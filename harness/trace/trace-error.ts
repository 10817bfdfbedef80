import { UsageError } from '../errors.ts';

/** An execution trace that cannot be read: cut short, damaged, hostile, or of a Go that this godyno does not know. */
export class TraceError extends UsageError {
  constructor(what: string, hint = 'Take the trace again, or look at the file with: go tool trace FILE') {
    super('TRACE_BROKEN', `This is not an execution trace of Go, or it is damaged: ${what}`, hint);
  }
}
