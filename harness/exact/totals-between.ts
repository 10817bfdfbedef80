/** All work between two snapshots, where nobody knows which function an address belongs to. */
import { executedInstructions, firstLengths } from './block-lengths.ts';
import type { Snapshot } from './counts-file.ts';

/**
 * Instructions of all guest threads: collection, scheduling and the runtime's monitor among them. Both snapshots of the
 * same process, taken while no request was under way.
 */
export const totalBetween = (before: Snapshot, { blocks, executions }: Snapshot): number => {
  const first = firstLengths(blocks);
  let instructions = 0;
  for (let block = 0; block < blocks.count; block++) {
    let times = 0;
    executions.forEach((row, thread) => {
      times += (row[block] ?? 0) - (before.executions[thread]?.[block] ?? 0);
    });
    if (times > 0) instructions += times * executedInstructions(blocks, block, first);
  }
  return instructions;
};
