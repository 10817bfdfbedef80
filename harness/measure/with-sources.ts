/** Both sides' sources for as long as they are needed, and what bringing them is at. */
import { type SidesRequest, type SourceTree, withSides } from '../source/index.ts';
import type { BySide } from '../model/index.ts';
import { beginSources, type SourcesStep } from './sources-step.ts';
import type { Step } from './step.ts';

export interface SourcesRequest extends Omit<SidesRequest, 'cwd' | 'onStage'> {
  readonly step: Step;
}

/** Both sides of the working folder. `use` ends the step when all is there; a failure before that ends it, too. */
export const withSources = async <T>(
  { step, ...wanted }: SourcesRequest,
  use: (trees: BySide<SourceTree>, sources: SourcesStep) => Promise<T>,
): Promise<T> => {
  const told = beginSources(step);
  try {
    return await withSides({ ...wanted, cwd: process.cwd(), onStage: told.say }, async (trees) => use(trees, told));
  } catch (error) {
    await told.end({ error });
    throw error;
  }
};
