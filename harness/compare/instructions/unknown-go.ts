/** What is less sure where exact mode meets a Go that it does not know: kept beside the verdict, and said in a sentence. */
import type { ExactRun, ExactSummary } from '../../model/index.ts';
import { formatPercent } from '../../units/index.ts';

export const reasonsOf = ({
  unsteadyReason,
  namelessReason,
}: ExactRun): Pick<ExactSummary, 'unsteadyReason' | 'namelessReason'> => ({
  ...(unsteadyReason !== null && { unsteadyReason }),
  ...(namelessReason !== undefined && { namelessReason }),
});

/** `changedRatio`: the smallest change that is called. */
export const unknownGoWarnings = (
  { unsteadyReason, namelessReason }: ExactRun,
  changedRatio: number,
): readonly string[] => [
  ...(namelessReason === undefined
    ? []
    : [
        `Totals only, no functions: the tables of this Go were not understood (${namelessReason}). Scheduling and the runtime’s monitor are in them, so changes are called from ${formatPercent(changedRatio)} on.`,
      ]),
  ...(unsteadyReason === null
    ? []
    : [
        `Go’s runtime was counted with its random numbers in, since it could not be patched (${unsteadyReason}): launches differ more, and changes are called from ${formatPercent(changedRatio)} on.`,
      ]),
];
