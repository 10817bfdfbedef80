/** The profiles of a run, merged over its launches: one file per scenario, side and kind. */
import { type BySide, type ProfileKind, type RunFile, type ScenarioRun, type Side, SIDES } from '../model/index.ts';
import { encodeProfile, type Profile } from '../profile/index.ts';
import { mergeCounts } from '../compare/index.ts';
import { type CountedSide, countedSides, openCounts } from './counts.ts';
import { evidenceOf } from './evidence.ts';
import { mergedFile } from './layout.ts';
import type { ReadFile } from './profile-files.ts';

export interface MergedProfile {
  readonly scenario: string;
  readonly side: Side;
  readonly kind: ProfileKind;
  readonly bytes: Uint8Array;
  /** Place below the output folder (docs/files.md). */
  readonly file: string;
}

/** Takes each merged profile as it comes. */
export type KeepMerged = (merged: MergedProfile) => Promise<void>;

export const keepNone: KeepMerged = async () => undefined;

export const keepSides = async (
  run: ScenarioRun,
  kind: ProfileKind,
  sides: BySide<Profile | null>,
  keep: KeepMerged,
): Promise<void> => {
  const scenario = run.scenario.name;
  for (const side of SIDES) {
    const profile = sides[side];
    if (profile === null) continue;
    await keep({ scenario, side, kind, bytes: encodeProfile(profile), file: mergedFile(scenario, side, kind) });
  }
};

/** The same of what was counted. */
export const keepCounted = async (
  run: ScenarioRun,
  { base, head }: BySide<CountedSide | null>,
  keep: KeepMerged,
): Promise<void> => keepSides(run, 'instructions', { base: base?.profile ?? null, head: head?.profile ?? null }, keep);

const mergeScenario = async (run: ScenarioRun, read: ReadFile, keep: KeepMerged): Promise<void> => {
  let cpu: BySide<Profile | null> = { base: null, head: null };
  for await (const { file, merged } of evidenceOf(run, read)) {
    if (file === 'cpu') cpu = merged;
    await keepSides(run, file, merged, keep);
  }
  await keepCounted(run, countedSides(mergeCounts((await openCounts(run, read)).launches), cpu), keep);
};

/** Merges without comparing: for runs whose sides are one, and for exports. */
export const mergeRun = async (file: RunFile, read: ReadFile, keep: KeepMerged): Promise<void> => {
  for (const run of file.runs) await mergeScenario(run, read, keep);
};

export const mergedProfiles = async (file: RunFile, read: ReadFile): Promise<readonly MergedProfile[]> => {
  const merged: MergedProfile[] = [];
  await mergeRun(file, read, async (one) => void merged.push(one));
  return merged;
};
