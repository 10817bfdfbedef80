/** The scenario's folder, copied: what a service is given of it, it may also write into. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { copyWorkTree } from './checkout.ts';
import { copyFolder } from './content.ts';

/** All of it; of a folder that is itself a repository's root, what git does not ignore. */
export const copyScenarioFolder = async (from: string, to: string, signal: AbortSignal): Promise<void> => {
  if (existsSync(join(from, '.git'))) await copyWorkTree(from, to, signal);
  else await copyFolder(from, to);
};
