/** A session as the conductor makes it, over two module folders: for passes that count, without a run around them. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { startLoader } from '../../../harness/load/index.ts';
import type { BySide, Scenario } from '../../../harness/model/index.ts';
import { startClock } from '../../../harness/run/session/clock.ts';
import { keepUp } from '../../../harness/run/session/upkeep.ts';
import type { RunPlan, RunProgress } from '../../../harness/run/session/plan.ts';
import type { Session } from '../../../harness/run/session/session.ts';
import { prepareBuild } from '../../../harness/service/index.ts';
import { folderRevision } from '../../service/go-modules.ts';
import { settings } from '../../builders/settings.ts';

export interface CountedSides {
  readonly scenario: Scenario;
  /** Module folders. */
  readonly sides: BySide<string>;
  /** Everything that is written goes below it. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

export interface CountedSession {
  readonly session: Session;
  readonly said: readonly RunProgress[];
  readonly stop: () => Promise<void>;
}

export const countedSession = async ({ scenario, sides, folder, signal }: CountedSides): Promise<CountedSession> => {
  const place = (name: string): string => {
    const dir = path.join(folder, name);
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    return dir;
  };
  const said: RunProgress[] = [];
  const tree = (side: 'base' | 'head') => ({
    rootDir: sides[side],
    moduleDir: sides[side],
    runRoot: sides[side],
    runDir: sides[side],
    added: '',
    revision: folderRevision(side),
  });
  const plan: RunPlan = {
    scenario,
    trees: { base: tree('base'), head: tree('head') },
    seed: 7,
    outDir: place('out'),
    workDir: place('work'),
    cpus: { lanes: [], unpinnedReason: 'a test', usable: [], oneLaneReason: null },
    budgetSeconds: 600,
    family: { gates: 1 },
    purpose: 'compare',
    onProgress: (event) => void said.push(event),
    signal,
  };
  const prepare = async (side: 'base' | 'head') =>
    prepareBuild({
      side,
      sourceDir: sides[side],
      moduleDir: sides[side],
      revision: folderRevision(side),
      spec: scenario.target,
      workDir: plan.workDir,
      signal,
    });
  const loader = await startLoader({ cpus: null, signal });
  const session: Session = {
    plan,
    movedPorts: [],
    tried: true,
    settings: { ...settings, pinned: false, unpinnedReason: 'a test', targetCpus: [], loaderCpus: [] },
    prepared: { base: await prepare('base'), head: await prepare('head') },
    lanes: [{ number: 1, cpus: null, loader, schedule: { next: 0 } }],
    clock: startClock(600),
    upkeep: keepUp(startClock(600), 1),
    socketDir: place('s'),
    launches: [],
    notes: new Set(),
  };
  return { session, said, stop: async () => loader.stop() };
};
