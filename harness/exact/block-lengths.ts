/** How many instructions the emulator’s blocks hold. */
import type { Blocks } from './counts-file.ts';

/** Length of the first instruction of each block, by the block's address. */
export const firstLengths = ({ count, address, firstLength, lengths }: Blocks): ReadonlyMap<number, number> => {
  const first = new Map<number, number>();
  for (let i = 0; i < count; i++) first.set(address[i] ?? 0, lengths[firstLength[i] ?? 0] ?? 0);
  return first;
};

/**
 * Instructions that block `index` really executes. qemu 7.2 lists an instruction that straddles a page end in the block
 * before it, cut short, and executes it as the first of the next block; counted twice, it would make the count depend
 * on where the linker put the code.
 */
export const executedInstructions = (blocks: Blocks, index: number, first: ReadonlyMap<number, number>): number => {
  const count = blocks.instructions[index] ?? 0;
  if (count < 2) return count;
  const start = blocks.firstLength[index] ?? 0;
  let last = blocks.address[index] ?? 0;
  for (let i = 0; i < count - 1; i++) last += blocks.lengths[start + i] ?? 0;
  const whole = first.get(last);
  return whole !== undefined && (blocks.lengths[start + count - 1] ?? 0) < whole ? count - 1 : count;
};
