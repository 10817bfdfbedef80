/** What a run leaves in its folder: run.json, the profiles merged over launches, and from these everything later. */
import type { RunFile, ScenarioRun } from '../model/index.ts';
import type { CountsRead } from './counts.ts';
import { type Explained, explainRun } from './explain.ts';
import { RUN_FILE } from './layout.ts';
import { type KeepMerged, type MergedProfile, mergeRun } from './merged.ts';
import type { OutputFolder } from './output.ts';
import { folderReader } from './profile-files.ts';
import { SamplesReader, type SourceChange } from './samples.ts';

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

/** Reads a run along while it is measured: what its moments of waiting leave to be read is read at its end. */
export interface ReadAlong {
  /** Of the scenario that was counted last: one scenario's is enough memory. */
  readonly onCounted: (counts: CountsRead) => void;
  readonly onIdle: (soFar: ScenarioRun, change: SourceChange) => Promise<void>;
  readonly isNamed: (soFar: ScenarioRun, change: SourceChange) => Promise<boolean>;
  /** Writes the run and its merged profiles, and compares it on the way. */
  readonly finish: (run: RunFile) => Promise<Explained>;
}

export const readAlong = (out: OutputFolder): ReadAlong => {
  const read = folderReader(out.dir);
  const { keep, written } = writerTo(out);
  const samples = new SamplesReader(read, keep);
  let counts: CountsRead | null = null;
  return {
    onCounted: (last) => {
      counts = last;
    },
    onIdle: async (soFar, change) => samples.readAhead(change, soFar),
    isNamed: async (soFar, change) => samples.isNamed(change, soFar),
    finish: async (run) => {
      await writeRun(out, run);
      const explained = await explainRun(run, read, keep, { counts, samples });
      await written();
      return explained;
    },
  };
};

/** Of a run that was measured before. */
export const storeAndExplain = async (out: OutputFolder, run: RunFile): Promise<Explained> =>
  readAlong(out).finish(run);

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
