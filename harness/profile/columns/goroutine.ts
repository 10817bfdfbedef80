import type { TextFrame } from '../../model/index.ts';

/** One goroutine as Go's text tells it. */
export interface GoroutineText {
  readonly id: number;
  /** `chan receive`, `select`, `IO wait`, `running`, … */
  readonly state: string;
  /** Whole minutes since a collection first saw it wait; 0: less than one, or Go does not say. */
  readonly waitMinutes: number;
  /** Innermost first. */
  readonly frames: readonly TextFrame[];
  /** null: the main goroutine, or the runtime's own. */
  readonly createdBy: TextFrame | null;
}
