/** A run's output folder with real profiles: the hand-made run, its launches pointing at what Go once wrote. */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Launch, RunFile, Side } from '../../harness/model/index.ts';
import { RUN, runFileOf } from './demo-run.ts';

const PROFILES = path.resolve(import.meta.dirname, '../fixtures/profiles/go1.26');

export interface RunFolder {
  readonly dir: string;
  readonly remove: () => void;
}

const placeOf = (launch: Launch, side: Side, name: string): string =>
  `profiles/demo/${side}/launch-${launch.index}/${name}.pb.gz`;

const withProfiles = (launch: Launch): Launch => {
  const sideOf = (side: Side): Launch['sides'][Side] => ({
    ...launch.sides[side],
    profiles: {
      cpu: { file: placeOf(launch, side, 'cpu'), before: null, requests: 1000 },
      mutex: { file: placeOf(launch, side, 'mutex'), before: placeOf(launch, side, 'mutex-before'), requests: 1000 },
    },
  });
  return { ...launch, sides: { base: sideOf('base'), head: sideOf('head') } };
};

/** The first two launches have profiles; `change` may spoil the run. */
export const makeRunFolder = (change: (run: RunFile) => RunFile = (run) => run): RunFolder => {
  const dir = mkdtempSync(path.join(tmpdir(), 'run-'));
  const [scenario] = RUN.runs;
  const launches = (scenario?.launches ?? []).map((launch, index) => (index < 2 ? withProfiles(launch) : launch));
  const run = change(runFileOf(RUN.runs.map((one) => ({ ...one, launches }))));
  writeFileSync(path.join(dir, 'run.json'), JSON.stringify(run));
  for (const launch of launches.slice(0, 2)) {
    for (const side of ['base', 'head'] as const) {
      for (const name of ['cpu', 'mutex', 'mutex-before']) {
        const file = path.join(dir, placeOf(launch, side, name));
        mkdirSync(path.dirname(file), { recursive: true });
        copyFileSync(path.join(PROFILES, `${name}.pb.gz`), file);
      }
    }
  }
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) };
};
