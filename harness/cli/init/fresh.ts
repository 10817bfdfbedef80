/** What a start leaves in its folders is removed before the next: a scenario begins with none of it. */
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

const pathsIn = async (folder: string): Promise<readonly string[]> =>
  readdir(folder, { recursive: true }).catch(() => []);

/** Of the working folder as it is now, and empty ones; all are made so again by what is returned. */
export const freshFolders = async (cwd: string, ...empty: readonly string[]): Promise<() => Promise<void>> => {
  const known = new Set(await pathsIn(cwd));
  return async () => {
    const made = (await pathsIn(cwd)).filter((path) => !known.has(path));
    // A folder goes with what is in it.
    for (const path of made) await rm(join(cwd, path), { recursive: true, force: true, maxRetries: 3 });
    for (const folder of empty) {
      await rm(folder, { recursive: true, force: true, maxRetries: 3 });
      await mkdir(folder, { recursive: true });
    }
  };
};
