/**
 * The explain pass alone, for proofs about names: both sides built as a run builds them, then launches of couples under
 * the CPU profile until there are samples enough, and what the profiles say, by the same path as a run's own. Nothing
 * is judged.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { layOut } from '../../harness/measure/index.ts';
import { startLoader } from '../../harness/load/index.ts';
import { hostEnvironment } from '../../harness/capture/index.ts';
import { explainSamples, SamplesReader } from '../../harness/results/index.ts';
import { type Explanation, familyOf, judgeScenario, NO_FINDINGS } from '../../harness/compare/index.ts';
import {
  type BySide,
  bothSides,
  type Launch,
  RUN_SCHEMA_VERSION,
  type Revision,
  type RunFile,
  type RunSettings,
  type Scenario,
} from '../../harness/model/index.ts';
import { cpuSamples } from '../../harness/run/launch/captures.ts';
import { startClock } from '../../harness/run/session/clock.ts';
import { keepUp } from '../../harness/run/session/upkeep.ts';
import { cpuSettings, type CpuLayout } from '../../harness/run/session/cpus.ts';
import { chooseCpuSource } from '../../harness/run/session/cpu-source.ts';
import { withLinks } from '../../harness/run/session/links.ts';
import { launchSpecOf } from '../../harness/run/launch/running-pair.ts';
import { explainLaunch } from '../../harness/run/launch/others.ts';
import type { Session } from '../../harness/run/session/session.ts';
import { parseScenario, referencedFiles } from '../../harness/scenario/index.ts';
import { diffSides } from '../../harness/source/index.ts';
import { buildFacts, prepareBuild } from '../../harness/service/index.ts';

const root = path.resolve(import.meta.dirname, '../..');
/** Far more than any proof takes; each has a limit of launches. */
const BUDGET_SECONDS = 3600;

export const demoScenario = (): Scenario => {
  const file = path.join(root, 'scenarios/demo.yml');
  const text = readFileSync(file, 'utf8');
  const files = referencedFiles(text, file).map((name): [string, string] => [
    name,
    readFileSync(path.join(path.dirname(file), name), 'utf8'),
  ]);
  return parseScenario(text, file, new Map(files));
};

export interface ExplainRequest {
  readonly scenario: Scenario;
  /** Module folders. */
  readonly folders: BySide<string>;
  /** Scratch folder of this pass alone. */
  readonly workDir: string;
  /** Per side; launches go on until both have them. */
  readonly samples: number;
  readonly mostLaunches: number;
  readonly seed: number;
  readonly signal: AbortSignal;
}

export interface Explained {
  readonly samples: BySide<number>;
  readonly launches: number;
  /** head ÷ base − 1 of the CPU per request over the profiled windows. */
  readonly cpuRatio: number;
  /** As in a pull request; and as if nobody knew which lines changed. */
  readonly withDiff: Explanation;
  readonly withoutDiff: Explanation;
}

const revisionOf = (label: string): Revision => ({ revision: label, label, kind: 'folder' });

const settingsOf = (scenario: Scenario, cpus: CpuLayout): RunSettings => ({
  mode: 'together',
  ...cpuSettings(cpus),
  cpuSource: chooseCpuSource(),
  gomaxprocs: scenario.target.cpus,
  gogc: scenario.target.gogc,
  gomemlimit: scenario.target.gomemlimit,
  inFlight: scenario.load.inFlight,
  latencyRatePerSecond: null,
});

const cpuPerRequest = (launches: readonly Launch[], side: 'base' | 'head'): number => {
  const windows = launches.flatMap(({ pairs }) => pairs.map((pair) => pair[side]));
  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
  return (
    sum(windows.map(({ counters }) => counters.cpuNs ?? Number.NaN)) / sum(windows.map(({ answered }) => answered))
  );
};

export const explainPass = async (request: ExplainRequest): Promise<Explained> => {
  const { scenario, folders, workDir, seed, signal } = request;
  const outDir = path.join(workDir, 'out');
  const socketDir = path.join(workDir, 's');
  for (const folder of [outDir, socketDir]) mkdirSync(folder, { recursive: true, mode: 0o700 });
  const layout = await layOut(scenario);
  const [cpus = null] = layout.lanes;
  const prepare = async (side: 'base' | 'head') =>
    prepareBuild({
      side,
      sourceDir: folders[side],
      moduleDir: folders[side],
      revision: revisionOf(side),
      spec: scenario.target,
      overlay: null,
      workDir: path.join(workDir, 'build'),
      signal,
    });
  const prepared = { base: await prepare('base'), head: await prepare('head') };
  return withLinks(
    { prepared, seed, lanes: [cpus?.loaderCpus ?? null], signal },
    () => undefined,
    async (links, first) => {
      const builds = {
        base: await buildFacts(first.binaries.base, signal),
        head: await buildFacts(first.binaries.head, signal),
      };
      const loader = await startLoader({
        cpus: cpus?.loaderCpus ?? null,
        signal,
        logFile: path.join(workDir, 'loader.log'),
      });
      const trees = bothSides((side) => ({
        rootDir: folders[side],
        moduleDir: folders[side],
        runRoot: folders[side],
        runDir: folders[side],
        added: '',
        revision: revisionOf(side),
      }));
      const session: Session = {
        movedPorts: [],
        tried: true,
        plan: {
          scenario,
          trees,
          seed,
          outDir,
          workDir,
          cpus: layout,
          budgetSeconds: BUDGET_SECONDS,
          family: { gates: 1 },
          purpose: 'compare',
          onProgress: () => undefined,
          signal,
        },
        settings: settingsOf(scenario, layout),
        prepared,
        lanes: [{ number: 1, cpus, loader, schedule: { next: 0 } }],
        clock: startClock(BUDGET_SECONDS),
        upkeep: keepUp(startClock(BUDGET_SECONDS), 1),
        socketDir,
        launches: [],
        notes: new Set(),
      };
      const samples = { base: 0, head: 0 };
      try {
        while (
          session.launches.length < request.mostLaunches &&
          Math.min(samples.base, samples.head) < request.samples
        ) {
          for (const linked of await links.next(1)) {
            const launch = await explainLaunch(session, launchSpecOf(session, session.launches.length + 1, linked));
            session.launches.push(launch);
            samples.base += cpuSamples(launch, 'base', outDir);
            samples.head += cpuSamples(launch, 'head', outDir);
          }
        }
      } finally {
        await loader.stop();
      }
      const difference = await diffSides({
        base: { rootDir: folders.base },
        head: { rootDir: folders.head },
        module: '.',
        signal,
      });
      const file: RunFile = {
        schemaVersion: RUN_SCHEMA_VERSION,
        godynoVersion: 'proof',
        createdAt: new Date().toISOString(),
        seed,
        base: revisionOf('base'),
        head: revisionOf('head'),
        environment: hostEnvironment('autocannon 9.0.0', process.env),
        diff: difference.files,
        moduleChanges: difference.modules,
        runs: [
          {
            scenario,
            settings: session.settings,
            builds,
            launches: session.launches,
            timing: { buildSeconds: 0, measureSeconds: 0, judgedSeconds: 0, linkWaitSeconds: 0 },
            stop: 'launches',
            invalid: null,
            notes: [],
          },
        ],
      };
      const explained = async (run: RunFile): Promise<Explanation> => {
        const [measured] = run.runs;
        if (measured === undefined) throw new Error('a run without a scenario');
        const judged = judgeScenario(measured, familyOf([measured.scenario]), NO_FINDINGS);
        const read = async (name: string) => readFile(path.join(outDir, name)).catch(() => null);
        return (await explainSamples(run, judged, new SamplesReader(read, async () => undefined))).explanation;
      };
      return {
        samples,
        launches: session.launches.length,
        cpuRatio: cpuPerRequest(session.launches, 'head') / cpuPerRequest(session.launches, 'base') - 1,
        withDiff: await explained(file),
        withoutDiff: await explained({ ...file, diff: [] }),
      };
    },
  );
};
