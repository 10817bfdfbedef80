/** The plan of a run over plain folders, for proofs that conduct their launches themselves. */
import path from 'node:path';
import { layOut } from '../../harness/measure/index.ts';
import { type BySide, bothSides, type Scenario } from '../../harness/model/index.ts';
import type { RunPlan, SideTree } from '../../harness/run/session/plan.ts';
import { nextSeed } from './campaign.ts';

/** Far more than any proof takes; each knows by itself when it ends. */
const BUDGET_SECONDS = 24 * 3600;

export interface PlainRun {
  readonly scenario: Scenario;
  /** Module folders. */
  readonly folders: BySide<string>;
  /** Scratch folder; what is built lies in a folder of the scenario's name. */
  readonly work: string;
  readonly signal: AbortSignal;
}

/** A module folder as it is: built and started in place. */
export const plainTree = (folder: string, label: string): SideTree => ({
  rootDir: folder,
  moduleDir: folder,
  runRoot: folder,
  runDir: folder,
  added: '',
  revision: { revision: label, label, kind: 'folder' },
});

export const plainPlan = async ({ scenario, folders, work, signal }: PlainRun): Promise<RunPlan> => ({
  scenario,
  trees: bothSides((side) => plainTree(folders[side], side)),
  seed: nextSeed(),
  outDir: path.join(work, 'out'),
  workDir: path.join(work, scenario.name),
  cpus: await layOut(scenario),
  budgetSeconds: BUDGET_SECONDS,
  family: { gates: 1 },
  purpose: 'calibrate',
  onProgress: () => undefined,
  signal,
});
