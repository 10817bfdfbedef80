/** Folders: a scenario's name as one, and making them where a user may have named a place that cannot hold any. */
import { mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/** File-system name of a scenario. */
export const folderOf = (scenario: string): string => scenario.replace(/[^A-Za-z0-9._-]+/g, '-');

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined);

const exists = async (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** A folder that is there already is what was wanted; anything else of that name is not. */
const makeOne = async (dir: string, mode: number): Promise<void> => {
  try {
    await mkdir(dir, { mode });
  } catch (error) {
    const found = codeOf(error) === 'EEXIST' ? await stat(dir).catch(() => null) : null;
    if (found === null || !found.isDirectory()) throw error;
  }
};

/**
 * As `mkdir -p`. Node's own recursive mkdir never ends where a file system refuses with ENOENT below a folder that is
 * there (`/proc/nope`).
 */
export const makeFolder = async (path: string, mode = 0o777): Promise<void> => {
  const dir = resolve(path);
  try {
    await makeOne(dir, mode);
  } catch (error) {
    const parent = dirname(dir);
    if (codeOf(error) !== 'ENOENT' || parent === dir) throw error;
    // There it may be by now: others make folders, too.
    if (!(await exists(parent))) await makeFolder(parent, mode);
    await makeOne(dir, mode);
  }
};
