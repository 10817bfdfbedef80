/**
 * `npm run prove:toolchains`: a small service under every supported Go and in every build shape that has broken a build
 * or a reader of Go's tables before. Each cell builds, starts and shakes hands with the agent; then the service is
 * counted against itself by the emulator: patched, unchanged, and with a plain, an inlined and a generic function by
 * name. Prints a table; exits 1 when a cell fails.
 *
 *   node test/prove/toolchains.ts [go1.22.12 go1.23.12 …] [--shapes='plain;PIE']
 *
 * Toolchains are fetched by Go itself (GOTOOLCHAIN); `local` is the one on PATH. Each compiles the standard library
 * several times.
 */
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { connectAgent } from '../../harness/capture/index.ts';
import type { ExactFindings } from '../../harness/compare/index.ts';
import { buildFacts, freePorts, linkBinary, prepareBuild, startTarget } from '../../harness/service/index.ts';
import { stopAll } from '../../harness/process/index.ts';
import { parseScenario } from '../../harness/scenario/index.ts';
import { folderRevision, makeFolder, makeSpec, never, removeFolders } from '../service/go-modules.ts';
import { type Shape, SHAPES } from './build-shapes.ts';
import { toolchainTable } from './evidence-table.ts';
import { type Built, type Counted, type Rig, withRig } from './exact-rig.ts';

/** What exact mode must name: a function of its own, one that the compiler inlines, a generic one. */
const COUNTED = ['main.weigh', 'main.worth', 'main.total[go.shape.int]'];

/** Builds, starts, and asks the agent. */
const shakeHands = async ({ files, module, spec }: Shape, toolchain: string): Promise<string> => {
  const folder = makeFolder(files);
  const moduleDir = join(folder, module);
  const prepared = await prepareBuild({
    side: 'head',
    sourceDir: folder,
    moduleDir,
    revision: folderRevision('prove'),
    spec: makeSpec({ ...spec, buildEnv: { ...spec.buildEnv, GOTOOLCHAIN: toolchain } }),
    workDir: makeFolder(),
    signal: never,
  });
  const seed = prepared.facts.unseededReason === null ? 7 : null;
  const binary = await linkBinary(prepared, { linkSeed: seed, cpus: null }, never);
  const info = await buildFacts(binary, never);
  const socketDir = await mkdtemp(join(tmpdir(), 'gd-'));
  const [port = 0] = await freePorts(1);
  try {
    const target = await startTarget({
      binary,
      spec: prepared.spec,
      side: 'head',
      port,
      tmp: join(socketDir, 'tmp'),
      cpus: null,
      gomaxprocs: 1,
      logFile: join(socketDir, 'log'),
      agentSocketDir: socketDir,
      moduleDir,
      signal: never,
    });
    try {
      const agent = await connectAgent({ socketDir, pid: target.pid, timeoutSeconds: 10, signal: never });
      const counters = await agent.counters();
      agent.close();
      if (!(Number(counters.mallocs) > 0)) throw new Error('the agent counted no allocation');
      return `${info.goVersion.padEnd(12)} ${seed === null ? 'one layout' : 'seeded    '} ${(binary.bytes / 1e6).toFixed(1)} MB, ${agent.hello.profiles.length} profiles`;
    } finally {
      await target.stop();
    }
  } finally {
    rmSync(socketDir, { recursive: true, force: true });
  }
};

const SCENARIO = `target: { ready: GET /ready }
load: { requests: [{ http: GET /ready }] }
`;

/** Launches of one side may differ by this much here: 20 requests of a tiny service are counted, not 100 of a real one. */
const MOST_SPREAD_RATIO = 0.003;
const REQUESTS = 20;

/** On a machine with many times more work than cores, launches differ now and then: three times in a row they do not. */
const MOST_TRIES = 3;

const verdictIn = ({ exactRows: [row] }: ExactFindings): string => row?.verdict ?? 'notJudged';

const countUntilJudged = async (rig: Rig, built: Built): Promise<Counted> => {
  const count = async (): Promise<Counted> =>
    rig.count({ base: built, head: built }, { base: null, head: null }, REQUESTS);
  let counted = await count();
  for (let tries = 1; tries < MOST_TRIES && verdictIn(counted.withoutDiff) === 'notJudged'; tries++)
    counted = await count();
  return counted;
};

const countIt = async ({ files, module, spec }: Shape, toolchain: string): Promise<string> => {
  const scenario = parseScenario(SCENARIO, 'scenario.yml', new Map());
  const target = makeSpec({ ...spec, buildEnv: { ...spec.buildEnv, GOTOOLCHAIN: toolchain } });
  const workDir = await mkdtemp(join(tmpdir(), 'tc'));
  try {
    return await withRig({ scenario: { ...scenario, target }, workDir, signal: never }, async (rig) => {
      const built = await rig.build('head', join(makeFolder(files), module), 'b');
      if (built.unsteadyReason !== null) throw new Error(built.unsteadyReason);
      const { withoutDiff, functions } = await countUntilJudged(rig, built);
      const { refusal, aaSpreadRatio } = withoutDiff.exact;
      if (refusal !== null) throw new Error(`refused: ${refusal}`);
      const lost = COUNTED.filter((name) => !functions.has(name));
      if (lost.length > 0) throw new Error(`not among the functions counted: ${lost.join(', ')}`);
      const verdict = verdictIn(withoutDiff);
      if (verdict !== 'unchanged') throw new Error(`identical code is ${verdict}`);
      if (aaSpreadRatio > MOST_SPREAD_RATIO)
        throw new Error(`launches differ by ${(100 * aaSpreadRatio).toFixed(3)} %`);
      return `launches differ by ${(100 * aaSpreadRatio).toFixed(4)} %`;
    });
  } finally {
    rmSync(workDir, { recursive: true, force: true });
  }
};

interface Cell {
  readonly works: boolean;
  readonly said: string;
}

const attempt = async (work: () => Promise<string>): Promise<Cell> => {
  try {
    return { works: true, said: await work() };
  } catch (cause) {
    return { works: false, said: cause instanceof Error ? cause.message : String(cause) };
  }
};

const { values, positionals } = parseArgs({ allowPositionals: true, options: { shapes: { type: 'string' } } });
const toolchains =
  positionals.length > 0 ? positionals : ['go1.22.12', 'go1.23.12', 'go1.24.13', 'go1.25.11', 'go1.26.8', 'go1.27.3'];
const wanted = values.shapes?.split(';');
const shapes = SHAPES.filter(({ name }) => wanted === undefined || wanted.includes(name));
process.env['GODYNO_CACHE'] = 'off';
const cells = new Map<string, string>();
let failures = 0;
for (const toolchain of toolchains) {
  for (const each of shapes) {
    const startMs = performance.now();
    const started = await attempt(async () => shakeHands(each, toolchain));
    const counted = each.counted ? await attempt(async () => countIt(each, toolchain)) : null;
    const works = started.works && (counted?.works ?? true);
    if (!works) failures += 1;
    cells.set(`${toolchain} ${each.name}`, works ? (counted === null ? 'runs' : 'counted') : 'FAILED');
    const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
    const said = [started, counted].map((cell) => (cell === null ? '' : `${cell.works ? '' : 'FAILED '}${cell.said}`));
    console.log(`${toolchain.padEnd(10)} ${each.name.padEnd(18)} ${seconds.padStart(6)} s  ${said.join('; ')}`);
  }
}
await stopAll();
removeFolders();
console.log(`\n${toolchainTable(shapes, toolchains, cells)}\n`);
console.log(`${cells.size - failures} passed, ${failures} failed`);
process.exitCode = failures > 0 ? 1 : 0;
