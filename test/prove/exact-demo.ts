/**
 * Exact mode on the demo service, by hand: base is the demo, head a copy with a small CPU fault. Both are built, started
 * under the emulator in turn, and counted over the same requests. Prints instructions per request of every launch, the
 * spread within a side, the difference, and the functions it comes from.
 *
 * node test/prove/exact-demo.ts [size of the fault, % of all CPU] [launches per side] [requests] [plain|steady]
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
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
import { type Loader, startLoader } from '../../harness/load/index.ts';
import { bothSides, type BySide, type Scenario, type Side } from '../../harness/model/index.ts';
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

const [sizeText = '0.3', launchesText = '3', requestsText = '100', kind = 'steady'] = process.argv.slice(2);
const [size, launches, requests] = [Number(sizeText), Number(launchesText), Number(requestsText)];
const root = path.resolve(import.meta.dirname, '../..');
const work = mkdtempSync(path.join(tmpdir(), 'exact-'));
const signal = AbortSignal.timeout(900_000);

const readScenario = (): Scenario => {
  const file = path.join(root, 'scenarios/demo.yml');
  const text = readFileSync(file, 'utf8');
  const files = referencedFiles(text, file).map((name) => [
    name,
    readFileSync(path.resolve(path.dirname(file), name), 'utf8'),
  ]);
  return parseScenario(text, file, new Map(files as [string, string][]));
};

const build = async (scenario: Scenario, side: Side): Promise<Binary> => {
  const moduleDir = path.join(work, side, 'src');
  await plantDemo({
    from: path.join(root, 'test/targets/demo'),
    to: moduleDir,
    fault: side === 'head' && size > 0 ? 'cpu' : 'none',
    size,
  });
  const facts = await inspectTarget({ moduleDir, spec: scenario.target, signal });
  const steady = kind === 'steady' ? steadyRuntime(facts.goEnv['GOROOT'] ?? '', path.join(work, 'steady')) : 'not asked';
  if (typeof steady === 'string') console.log(`runtime not steady: ${steady}`);
  const overlay = typeof steady === 'string' ? [] : [`-overlay=${steady.overlayFile}`];
  const prepared = await prepareBuild({
    side,
    sourceDir: moduleDir,
    moduleDir,
    revision: { revision: side, label: side, kind: 'folder' },
    spec: { ...scenario.target, buildFlags: [...scenario.target.buildFlags, ...overlay] },
    workDir: path.join(work, 'build'),
    signal,
  });
  return linkBinary(prepared, { linkSeed: null, cpus: null }, signal);
};

interface Launched {
  readonly counts: Counts;
  readonly idle: Counts;
  readonly startSeconds: number;
  readonly seconds: number;
}

const count = async (
  engine: QemuEngine,
  scenario: Scenario,
  loader: Loader,
  side: Side,
  binary: Binary,
  tables: GoTables,
  number: number,
): Promise<Launched> => {
  const begun = performance.now();
  const tmp = path.join(work, `launch-${number}`);
  const countsFile = path.join(work, `launch-${number}.counts`);
  const [port = 0] = await freePorts(1);
  const start = startOf(engine, countsFile);
  const target = await startTarget({
    binary,
    spec: {
      ...scenario.target,
      gogc: 'off',
      gomemlimit: 'off',
      env: { ...scenario.target.env, GODEBUG: start.godebug },
    },
    side,
    port,
    tmp,
    cpus: null,
    gomaxprocs: 1,
    logFile: path.join(work, `launch-${number}.log`),
    agentSocketDir: '',
    moduleDir: binary.build.facts.moduleDir,
    prefix: start.prefix,
    signal,
  });
  const startSeconds = (performance.now() - begun) / 1000;
  try {
    await loader.attach({
      targets: { [side]: { host: '127.0.0.1', port, values: { tmp } } },
      plan: {
        seed: 1,
        launch: 1,
        requests: scenario.load.requests,
        data: scenario.load.data,
        timeoutSeconds: 60,
        connections: 1,
      },
    });
    await loader.single({ side, first: 0, count: requests, inFlight: 1 });
    await delay(30);
    const resting = snapshot(countsFile);
    await delay(200);
    const before = snapshot(countsFile);
    const load = await loader.single({ side, first: requests, count: requests, inFlight: 1 });
    if (load.window.answered !== requests || load.window.failed > 0) console.log('failed requests', load.window);
    await delay(30);
    const after = snapshot(countsFile);
    await loader.detach();
    const program = { tables, arch: process.arch };
    return {
      counts: countsBetween(before, after, program),
      idle: countsBetween(resting, before, program),
      startSeconds,
      seconds: (performance.now() - begun) / 1000,
    };
  } finally {
    await target.stop();
    rmSync(countsFile, { force: true });
  }
};

const workOf = ({ groups }: Counts): number => (groups.user + groups.runtime + groups.allocator) / requests;
const spread = (values: readonly number[]): number => Math.max(...values) / Math.min(...values) - 1;
const percent = (ratio: number): string => `${(100 * ratio).toFixed(4)} %`;
const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

const byFunction = (counts: Counts): Map<string, readonly [instructions: number, calls: number]> => {
  const sums = new Map<string, readonly [number, number]>();
  for (const { frames, instructions, calls } of counts.stacks) {
    const name = frames[0]?.function ?? '?';
    const [i, c] = sums.get(name) ?? [0, 0];
    sums.set(name, [i + instructions / requests, c + calls / requests]);
  }
  return sums;
};

const main = async (): Promise<void> => {
  const engine = await probeQemu({ cacheDir: path.join(root, 'node_modules/.cache/godyno'), workDir: work, signal });
  if (!('kind' in engine)) throw new Error(`${engine.reason}: ${engine.hint}`);
  console.log(`qemu ${engine.version}, plugin API ${engine.pluginApi}`);
  const scenario = readScenario();
  const built = performance.now();
  const binaries: BySide<Binary> = { base: await build(scenario, 'base'), head: await build(scenario, 'head') };
  console.log(`builds: ${((performance.now() - built) / 1000).toFixed(1)} s`);
  const tables = bothSides((side) => readGoTables(binaries[side].path));
  const loader = await startLoader({ cpus: null, signal });
  const begun = performance.now();
  const all: Record<Side, Launched[]> = { base: [], head: [] };
  for (let round = 0; round < launches; round++) {
    for (const side of round % 2 === 0 ? (['base', 'head'] as const) : (['head', 'base'] as const)) {
      const number = all.base.length + all.head.length + 1;
      const launched = await count(engine, scenario, loader, side, binaries[side], tables[side], number);
      all[side].push(launched);
      const { groups, threads, syscalls } = launched.counts;
      const per = Object.entries(groups).map(([name, total]) => `${name} ${Math.round(total / requests)}`);
      const { user, runtime, allocator } = launched.idle.groups;
      console.log(
        `${side} ${workOf(launched.counts).toFixed(1)}/request | ${per.join(', ')} | threads ${threads} | write ${(syscalls['write'] ?? 0) / requests} | idle ${user + runtime + allocator} | start ${launched.startSeconds.toFixed(2)} s, launch ${launched.seconds.toFixed(2)} s`,
      );
    }
  }
  await loader.stop();
  console.log(`counting: ${((performance.now() - begun) / 1000).toFixed(1)} s`);
  const values = bothSides((side) => all[side].map(({ counts }) => workOf(counts)));
  console.log(`A/A spread: base ${percent(spread(values.base))}, head ${percent(spread(values.head))}`);
  console.log(`effect: ${percent(median(values.head) / median(values.base) - 1)}`);
  const sums = bothSides((side) => all[side].map(({ counts }) => byFunction(counts)));
  const names = new Set([...sums.base, ...sums.head].flatMap((map) => [...map.keys()]));
  const rows = [...names].map((name) => {
    const at = (side: Side, which: 0 | 1) => median(sums[side].map((map) => map.get(name)?.[which] ?? 0));
    const values = bothSides((side) => sums[side].map((map) => map.get(name)?.[0] ?? 0));
    const noise = Math.max(...(['base', 'head'] as const).map((s) => Math.max(...values[s]) - Math.min(...values[s])));
    return { name, delta: at('head', 0) - at('base', 0), noise, calls: [at('base', 1), at('head', 1)] };
  });
  for (const row of rows.toSorted((a, b) => Math.abs(b.delta) - Math.abs(a.delta)).slice(0, 8)) {
    console.log(`  ${row.delta.toFixed(1)} (A/A ${row.noise.toFixed(1)}) calls ${row.calls.join(' -> ')}  ${row.name}`);
  }
  console.log('noisiest:');
  for (const row of rows.toSorted((a, b) => b.noise - a.noise).slice(0, 8))
    console.log(`  ${row.noise.toFixed(1)} ${row.name}`);
};

try {
  await main();
} finally {
  await stopAll();
  rmSync(work, { recursive: true, force: true });
}
