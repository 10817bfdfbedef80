/**
 * Exact mode on the demo service, by hand: base is the demo, head a copy with a small CPU fault. Both are built, started
 * under the emulator in turn, and counted over the same requests. Prints instructions per request of every launch, the
 * spread within a side, the difference, and the functions it comes from.
 *
 * node test/prove/exact-demo.ts [size of the fault, % of all CPU] [launches per side] [requests] [plain|steady]
 *
 * Two more arguments, a scenario and a module's folder, count another service against itself.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  countsBetween,
  type Counts,
  steadyRuntime,
  probeQemu,
  type QemuEngine,
  readGoTables,
  type GoTables,
  snapshot,
  startOf,
} from '../../harness/exact/index.ts';
import { type ExactFindings, judgeExact } from '../../harness/compare/exact.ts';
import { instructionsProfile } from '../../harness/compare/exact-profile.ts';
import { exactWork, type ProfiledLaunch } from '../../harness/compare/exact-work.ts';
import { type Loader, startLoader } from '../../harness/load/index.ts';
import { bothSides, type BySide, type ExactLaunch, type Scenario, type Side } from '../../harness/model/index.ts';
import { stopAll } from '../../harness/process/index.ts';
import { parseScenario, referencedFiles } from '../../harness/scenario/index.ts';
import {
  type Binary,
  freePorts,
  inspectTarget,
  linkBinary,
  prepareBuild,
  startTarget,
} from '../../harness/target/index.ts';
import { plantDemo } from '../helpers/plant-demo.ts';

const [sizeText = '0.3', launchesText = '3', requestsText = '100', kind = 'steady', file, module] =
  process.argv.slice(2);
const [size, launches, requests] = [Number(sizeText), Number(launchesText), Number(requestsText)];
const root = path.resolve(import.meta.dirname, '../..');
const work = mkdtempSync(path.join(tmpdir(), 'exact-'));
const signal = AbortSignal.timeout(900_000);

const scenarioFile = file ?? path.join(root, 'scenarios/demo.yml');

const readScenario = (): Scenario => {
  const text = readFileSync(scenarioFile, 'utf8');
  const files = referencedFiles(text, scenarioFile).map((name) => [
    name,
    readFileSync(path.resolve(path.dirname(scenarioFile), name), 'utf8'),
  ]);
  return parseScenario(text, scenarioFile, new Map(files as [string, string][]));
};

const build = async (scenario: Scenario, side: Side): Promise<Binary> => {
  const moduleDir = path.join(work, side, 'src');
  if (module === undefined) {
    const fault = side === 'head' && size > 0 ? 'cpu' : 'none';
    await plantDemo({ from: path.join(root, 'test/targets/demo'), to: moduleDir, fault, size });
  } else cpSync(module, moduleDir, { recursive: true });
  const facts = await inspectTarget({ moduleDir, spec: scenario.target, signal });
  const steady =
    kind === 'steady' ? steadyRuntime(facts.goEnv['GOROOT'] ?? '', path.join(work, 'steady')) : 'not asked';
  if (typeof steady === 'string') console.log(`runtime not steady: ${steady}`);
  const prepared = await prepareBuild({
    side,
    sourceDir: moduleDir,
    moduleDir,
    revision: { revision: side, label: side, kind: 'folder' },
    spec: scenario.target,
    overlay: typeof steady === 'string' ? null : steady.overlayFile,
    workDir: path.join(work, 'build'),
    signal,
  });
  return linkBinary(prepared, { linkSeed: null, cpus: null }, signal);
};

interface Counting {
  readonly engine: QemuEngine;
  readonly scenario: Scenario;
  readonly loader: Loader;
  /** The same for all launches: answers may hold it. */
  readonly port: number;
  readonly binaries: BySide<Binary>;
  readonly tables: BySide<GoTables>;
}

interface Counted extends ProfiledLaunch {
  readonly startSeconds: number;
  readonly counts: Counts;
}

const startSide = async (
  { engine, scenario, port, binaries }: Counting,
  side: Side,
  number: number,
  countsFile: string,
) => {
  const { prefix, godebug } = startOf(engine, countsFile);
  const { target } = scenario;
  return startTarget({
    binary: binaries[side],
    spec: { ...target, gogc: 'off', gomemlimit: 'off', env: { ...target.env, GODEBUG: godebug } },
    side,
    port,
    tmp: path.join(work, `launch-${number}`),
    cpus: null,
    gomaxprocs: 1,
    logFile: path.join(work, `launch-${number}.log`),
    agentSocketDir: '',
    moduleDir: binaries[side].build.facts.moduleDir,
    prefix,
    signal,
  });
};

/** Enough for what an answer leaves to do: closing, waking, sleeping again. */
const SETTLE_MS = 30;
const IDLE_MS = 200;

const count = async (counting: Counting, side: Side, number: number): Promise<Counted> => {
  const { scenario, loader, tables } = counting;
  const begun = performance.now();
  const countsFile = path.join(work, `launch-${number}.counts`);
  const target = await startSide(counting, side, number, countsFile);
  const startSeconds = (performance.now() - begun) / 1000;
  const { requests: mix, data } = scenario.load;
  try {
    await loader.attach({
      targets: { [side]: { host: '127.0.0.1', port: target.port, values: { tmp: target.tmp } } },
      plan: { seed: 1, launch: 1, requests: mix, data, timeoutSeconds: 60, connections: 1 },
    });
    await loader.single({ side, first: 0, count: requests, inFlight: 1 });
    await delay(SETTLE_MS);
    const resting = snapshot(countsFile);
    await delay(IDLE_MS);
    const before = snapshot(countsFile);
    const windowBegun = performance.now();
    const { window } = await loader.single({ side, first: requests, count: requests, inFlight: 1 });
    if (window.answered !== requests || window.failed > 0) console.log('not all answered as expected:', window);
    await delay(SETTLE_MS);
    const windowSeconds = (performance.now() - windowBegun) / 1000;
    const after = snapshot(countsFile);
    await loader.detach();
    const program = { tables: tables[side], arch: process.arch };
    const counts = countsBetween(before, after, program);
    const idle = countsBetween(resting, before, program);
    const launch: ExactLaunch = {
      index: number,
      side,
      linkSeed: null,
      requests,
      groups: counts.groups,
      windowSeconds,
      idleSeconds: IDLE_MS / 1000,
      syscalls: counts.syscalls,
      threads: counts.threads,
      profile: '',
      wallSeconds: (performance.now() - begun) / 1000,
    };
    return { launch, profile: instructionsProfile(counts.stacks, idle.stacks), startSeconds, counts };
  } finally {
    await target.stop();
    rmSync(countsFile, { force: true });
  }
};

const percent = (ratio: number): string => `${(100 * ratio).toFixed(4)} %`;

const describeLaunch = ({ launch, startSeconds }: Counted): string => {
  const groups = Object.entries(launch.groups).map(([name, total]) => `${name} ${(total / requests).toFixed(0)}`);
  const times = `start ${startSeconds.toFixed(2)} s, in all ${launch.wallSeconds.toFixed(2)} s`;
  return `${launch.side}: ${groups.join(', ')}; ${launch.threads} threads; ${times}`;
};

const report = ({ exact, exactRows, functions, attribution, launchesWanted }: ExactFindings): void => {
  console.log(`refusal ${exact.refusal}, launches wanted ${launchesWanted}, A/A ${percent(exact.aaSpreadRatio)}`);
  for (const row of exactRows) {
    console.log(`${row.metric}: ${row.base?.toFixed(2)} -> ${row.head?.toFixed(2)} ${percent(row.effectRatio ?? 0)}`);
    console.log(`  ${[row.verdict, row.reason, ...row.warnings].filter(Boolean).join(' | ')}`);
  }
  console.log(`named: ${attribution?.culprit ?? 'nobody'}`);
  for (const row of functions.slice(0, 6)) {
    const calls = `${row.baseCallsPerRequest?.toFixed(2)} -> ${row.headCallsPerRequest?.toFixed(2)}`;
    console.log(
      `  ${row.deltaPerRequest.toFixed(1)} ${row.kind} ${row.function} ${row.file}:${row.line} calls ${calls}`,
    );
  }
};

/** What keeps launches of one side apart: where to look when counts do not repeat. */
const reportNoise = (counted: readonly Counted[]): void => {
  const { launches } = exactWork({ launches: counted, steady: kind === 'steady', diff: [], modulePath: null });
  const rows = bothSides((side) => launches[side].map(({ functions }) => functions));
  const names = new Set(rows.base.flatMap((functions) => [...functions.keys()]));
  const noisy = [...names].flatMap((name) => {
    const works = rows.base.map((functions) => functions.get(name));
    const group = works.find((work) => work !== undefined)?.group;
    if (group === 'gc' || group === 'scheduler') return [];
    const values = works.map((work) => work?.instructions ?? 0);
    return [{ name, group, range: Math.max(...values) - Math.min(...values), values }];
  });
  for (const { name, group, values } of noisy.toSorted((a, b) => b.range - a.range).slice(0, 20)) {
    console.log(`  noise ${group} ${name}: ${values.map((value) => value.toFixed(1)).join(' ')}`);
  }
};

const main = async (): Promise<void> => {
  const engine = await probeQemu({ cacheDir: path.join(root, 'node_modules/.cache/godyno'), workDir: work, signal });
  if ('reason' in engine) throw new Error(`${engine.reason}: ${engine.hint}`);
  console.log(`qemu ${engine.version}, plugin API ${engine.pluginApi}`);
  const scenario = readScenario();
  const buildBegun = performance.now();
  const binaries = { base: await build(scenario, 'base'), head: await build(scenario, 'head') };
  console.log(`builds: ${((performance.now() - buildBegun) / 1000).toFixed(1)} s`);
  const tables = bothSides((side) => readGoTables(binaries[side].path));
  const loader = await startLoader({ cpus: null, signal });
  const begun = performance.now();
  const [port = 0] = await freePorts(1);
  const counted: Counted[] = [];
  for (let round = 0; round < launches; round++) {
    for (const side of round % 2 === 0 ? (['base', 'head'] as const) : (['head', 'base'] as const)) {
      const launch = await count({ engine, scenario, loader, port, binaries, tables }, side, counted.length + 1);
      counted.push(launch);
      console.log(describeLaunch(launch));
    }
  }
  await loader.stop();
  console.log(`counting: ${((performance.now() - begun) / 1000).toFixed(1)} s`);
  report(
    judgeExact({
      run: {
        engine: 'qemu',
        refusal: null,
        steady: kind === 'steady',
        unsteadyReason: kind === 'steady' ? null : 'not asked for',
        launches: counted.map(({ launch }) => launch),
        warnings: [],
      },
      launches: counted,
      scenario,
      cpuNsPerRequest: null,
      diff: [],
      moduleChanges: [],
      modulePath: binaries.head.build.facts.modulePath,
    }),
  );
  reportNoise(counted);
};

try {
  await main();
} finally {
  await stopAll();
  rmSync(work, { recursive: true, force: true });
}
