/** What people wait for, case by case: two sides of a service, and the scenario that both versions of godyno can read. */
import { cpSync } from 'node:fs';
import path from 'node:path';
import { changedScenario, root, type ScenarioChanges, type Sides } from './campaign.ts';
import { emptySides, HOT_FUNCTION } from './ladder-rungs.ts';
import { freshSides, SERVICES } from './services.ts';

export interface WaitCase {
  readonly what: string;
  /** Of `godyno run`. */
  readonly flags: readonly string[];
  /** Fills both sides below `folder`, and returns them with the scenario's file. */
  readonly make: (folder: string) => Promise<{ readonly sides: Sides; readonly scenario: string }>;
}

const demoScenario = (folder: string): string =>
  changedScenario(path.join(root, 'scenarios/demo.yml'), folder, { target: { module: '.' } });

const copies = (target: string, folder: string): Sides => {
  const sides = emptySides(path.join(folder, 'sides'));
  for (const side of Object.values(sides)) cpSync(path.join(root, 'test/targets', target), side, { recursive: true });
  return sides;
};

const equalDemo: WaitCase['make'] = async (folder) => ({
  sides: copies('demo', folder),
  scenario: demoScenario(folder),
});

/** Of some 0.21 µs in a request of 0.35 ms (docs/evidence, what is true): 5 % of it, as the hour goes. */
const ROUNDS = 85;

const slowerDemo: WaitCase['make'] = async (folder) => {
  const sides = emptySides(path.join(folder, 'sides'));
  await HOT_FUNCTION.plant(sides, ROUNDS);
  return { sides, scenario: demoScenario(folder) };
};

const withoutCgo: ScenarioChanges = { target: { buildEnv: { CGO_ENABLED: '0' } } };

/** The points it imports lie beside the scenario. */
const equalVictoria: WaitCase['make'] = async () => {
  const file = SERVICES.victoria.scenarioFile();
  return {
    sides: freshSides('victoria', 'wait-victoria'),
    scenario: changedScenario(file, path.dirname(file), withoutCgo),
  };
};

const equalSqlite: WaitCase['make'] = async (folder) => ({
  sides: copies('sqlite', folder),
  scenario: path.join(import.meta.dirname, 'services/sqlite.yml'),
});

export const WAIT_CASES = {
  demo: { what: 'demo, equal code', flags: [], make: equalDemo },
  plus5: { what: 'demo, +5 % CPU', flags: [], make: slowerDemo },
  'plus5-off': { what: 'demo, +5 % CPU, without exact mode', flags: ['--exact', 'off'], make: slowerDemo },
  victoria: { what: 'VictoriaMetrics without cgo, equal code', flags: [], make: equalVictoria },
  sqlite: { what: 'SQLite by cgo, equal code', flags: [], make: equalSqlite },
} as const satisfies Record<string, WaitCase>;

export type WaitCaseName = keyof typeof WAIT_CASES;
