import type { Scenario } from '../../harness/model/index.ts';

export interface ScenarioChanges {
  readonly name?: string;
  readonly file?: string;
  readonly digest?: string;
  readonly target?: Partial<Scenario['target']>;
  readonly load?: Partial<Scenario['load']>;
  readonly gates?: Scenario['gates'];
  readonly tight?: boolean;
  readonly latency?: Scenario['load']['latency'];
}

/** A scenario with every default, but for what a test is about. */
export const scenarioWith = (changes: ScenarioChanges = {}): Scenario => ({
  name: changes.name ?? 'demo',
  description: null,
  file: changes.file ?? 'scenarios/demo.yml',
  digest: changes.digest ?? 'd1',
  target: {
    package: './cmd/demo',
    module: '.',
    args: [],
    env: {},
    buildFlags: [],
    buildEnv: {},
    generate: [],
    include: [],
    cwd: '.',
    ports: [],
    setup: [],
    seed: [],
    ready: { method: 'GET', path: '/', timeoutSeconds: 10 },
    stopTimeoutSeconds: 5,
    cpus: 1,
    gogc: '100',
    gomemlimit: 'off',
    sides: 'auto',
    port: null,
    ...changes.target,
  },
  load: {
    requests: [],
    prepare: [],
    data: null,
    inFlight: 1,
    timeoutSeconds: 10,
    latency: changes.latency === undefined ? 'auto' : changes.latency,
    ...changes.load,
  },
  measure: { budgetSeconds: 120, tight: changes.tight ?? false, exact: 'auto', explain: true },
  gates: changes.gates ?? {},
});
