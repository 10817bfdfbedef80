/** What people wait for, case by case: two sides of a service, and the scenario that both versions of godyno can read. */
import path from 'node:path';
import { changedScenario, type ScenarioChanges, type Sides } from './campaign.ts';
import { emptySides, HOT_FUNCTION } from './ladder-rungs.ts';
import { freshSides, placeOf, type ServiceName, SERVICES } from './services.ts';

export interface Prepared {
  readonly sides: Sides;
  readonly scenario: string;
}

export interface WaitCase {
  readonly what: string;
  /** Of `godyno run`. */
  readonly flags: readonly string[];
  /** Fills both sides, always at the same places, and returns them with the scenario's file, written to `folder`. */
  readonly make: (folder: string) => Promise<Prepared>;
}

const scenarioOf = (service: ServiceName, folder: string, ...changes: readonly ScenarioChanges[]): string =>
  changedScenario(SERVICES[service].scenarioFile(), folder, SERVICES[service].changes, ...changes);

const equal =
  (service: ServiceName): WaitCase['make'] =>
  async (folder) => ({ sides: freshSides(service, `wait-${service}`), scenario: scenarioOf(service, folder) });

/** Of some 0.21 µs in a request of 0.35 ms (docs/evidence, what is true): 5 % of it, as the hour goes. */
const ROUNDS = 85;

const slowerDemo: WaitCase['make'] = async (folder) => {
  const sides = emptySides(placeOf('wait-plus5'));
  await HOT_FUNCTION.plant(sides, ROUNDS);
  return { sides, scenario: scenarioOf('demo', folder) };
};

const WITHOUT_CGO: ScenarioChanges = { target: { buildEnv: { CGO_ENABLED: '0' } } };

/** The points it imports lie beside the scenario. */
const equalVictoria: WaitCase['make'] = async () => ({
  sides: freshSides('victoria', 'wait-victoria'),
  scenario: scenarioOf('victoria', path.dirname(SERVICES.victoria.scenarioFile()), WITHOUT_CGO),
});

export const WAIT_CASES = {
  demo: { what: 'demo, equal code', flags: [], make: equal('demo') },
  plus5: { what: 'demo, +5 % CPU', flags: [], make: slowerDemo },
  'plus5-off': { what: 'demo, +5 % CPU, without exact mode', flags: ['--exact', 'off'], make: slowerDemo },
  victoria: { what: 'VictoriaMetrics without cgo, equal code', flags: [], make: equalVictoria },
  sqlite: { what: 'SQLite by cgo, equal code', flags: [], make: equal('sqlite') },
  gotify: { what: 'gotify (SQLite by cgo, 33 MB), equal code', flags: [], make: equal('gotify') },
} as const satisfies Record<string, WaitCase>;

export type WaitCaseName = keyof typeof WAIT_CASES;
