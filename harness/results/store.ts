/** What a run leaves in its folder: run.json, the profiles merged over launches, and from these everything later. */
import type { RunFile } from '../model/index.ts';
import { type Explained, explainRun, type KnownBefore } from './explain.ts';
import { RUN_FILE } from './layout.ts';
import { type MergedProfile, mergeRun } from './merged.ts';
import type { OutputFolder } from './output.ts';
import { folderReader } from './profile-files.ts';

export const writeRun = async (out: OutputFolder, run: RunFile): Promise<void> => {
  await out.write(RUN_FILE, `${JSON.stringify(run)}\n`);
};

const keepIn =
  (out: OutputFolder) =>
  async ({ file, bytes }: MergedProfile): Promise<void> =>
    out.write(file, bytes);

/** Writes the run and its merged profiles, and compares it on the way. */
export const storeAndExplain = async (out: OutputFolder, run: RunFile, known?: KnownBefore): Promise<Explained> => {
  await writeRun(out, run);
  return explainRun(run, folderReader(out.dir), keepIn(out), known);
};

/** Writes the run and its merged profiles; resolves to these. */
export const storeRun = async (out: OutputFolder, run: RunFile): Promise<readonly MergedProfile[]> => {
  await writeRun(out, run);
  const kept: MergedProfile[] = [];
  await mergeRun(run, folderReader(out.dir), async (merged) => {
    kept.push(merged);
    await keepIn(out)(merged);
  });
  return kept;
};
