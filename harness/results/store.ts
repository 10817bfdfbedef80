/** What a run leaves in its folder: run.json, the profiles merged over launches, and from these everything later. */
import type { RunFile } from '../model/index.ts';
import { type Explained, explainRun, type KnownBefore } from './explain.ts';
import { RUN_FILE } from './layout.ts';
import { type KeepMerged, type MergedProfile, mergeRun } from './merged.ts';
import type { OutputFolder } from './output.ts';
import { folderReader } from './profile-files.ts';

export const writeRun = async (out: OutputFolder, run: RunFile): Promise<void> => {
  await out.write(RUN_FILE, `${JSON.stringify(run)}\n`);
};

/** Each is written while the next ones are read; `written` throws what the first failed one threw. */
const writerTo = (out: OutputFolder): { readonly keep: KeepMerged; readonly written: () => Promise<void> } => {
  const writes: Promise<void>[] = [];
  return {
    keep: async ({ file, bytes }) => {
      const write = out.write(file, bytes);
      // Awaited below, after what is read meanwhile.
      write.catch(() => undefined);
      writes.push(write);
    },
    written: async () => void (await Promise.all(writes)),
  };
};

/** Writes the run and its merged profiles, and compares it on the way. */
export const storeAndExplain = async (out: OutputFolder, run: RunFile, known?: KnownBefore): Promise<Explained> => {
  await writeRun(out, run);
  const { keep, written } = writerTo(out);
  const explained = await explainRun(run, folderReader(out.dir), keep, known);
  await written();
  return explained;
};

/** Writes the run and its merged profiles; resolves to these. */
export const storeRun = async (out: OutputFolder, run: RunFile): Promise<readonly MergedProfile[]> => {
  await writeRun(out, run);
  const kept: MergedProfile[] = [];
  const { keep, written } = writerTo(out);
  await mergeRun(run, folderReader(out.dir), async (merged) => {
    kept.push(merged);
    await keep(merged);
  });
  await written();
  return kept;
};
