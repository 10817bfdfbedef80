/** The scratch folder of one command: made short (the agents' sockets lie in it), gone whichever way the command ends. */
import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const REMOVE = { recursive: true, force: true, maxRetries: 3 } as const;

/** Calls `use` with a new folder of mode 0700 and removes it afterwards, also when a second Ctrl-C ends us at once. */
export const withWorkFolder = async <T>(use: (folder: string) => Promise<T>): Promise<T> => {
  const folder = await mkdtemp(join(tmpdir(), 'gd-'));
  const removeNow = (): void => rmSync(folder, REMOVE);
  process.on('exit', removeNow);
  try {
    return await use(folder);
  } finally {
    await rm(folder, REMOVE);
    process.off('exit', removeNow);
  }
};
