/** What the profiles of a run explain, for the comparison. Files that are gone explain nothing, and say so. */
import type { FindingsOf } from '../compare/index.ts';
import { NO_FINDINGS } from '../compare/index.ts';
import type { RunFile } from '../model/index.ts';

export type ReadProfile = (file: string) => Promise<Uint8Array | null>;

export const findingsIn =
  async (_run: RunFile, _read: ReadProfile): Promise<FindingsOf> =>
  () =>
    NO_FINDINGS;
