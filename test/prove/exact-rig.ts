/**
 * Exact mode for proofs: the shipped counting pass on binaries of the proof's choosing. A base is built once and counted
 * against many heads. Builds, counting and judging are the run's own; only what conducts them is here.
 */
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir, totalmem } from 'node:os';
import path from 'node:path';
import { type ExactFindings, exactRequests, judgeExact } from '../../harness/compare/index.ts';
import { isMissing } from '../../harness/exact/index.ts';
import { type Loader, startLoader } from '../../harness/load/index.ts';
import {
  type BySide,
  bothSides,
  type ExactRun,
  type RunSettings,
  type Scenario,
  type Side,
} from '../../harness/model/index.ts';
import { stopAll } from '../../harness/process/index.ts';
import { decodeProfile, type Profile } from '../../harness/profile/index.ts';
import { startClock } from '../../harness/run/session/clock.ts';
import { keepUp } from '../../harness/run/session/upkeep.ts';
import { chooseCpuSource } from '../../harness/run/session/cpu-source.ts';
import { cpuSettings, layOutCpus } from '../../harness/run/session/cpus.ts';
import { findEngine } from '../../harness/run/counting/engine.ts';
import { type ExactBuild, prepareExact } from '../../harness/run/counting/build.ts';
import { countBinaries } from '../../harness/run/counting/emulated.ts';
import type { RunPlan } from '../../harness/run/session/plan.ts';
import type { Session } from '../../harness/run/session/session.ts';
import { parseScenario, referencedFiles } from '../../harness/scenario/index.ts';
import { diffSides } from '../../harness/source/index.ts';
import { type Binary, linkBinary, prepareBuild } from '../../harness/service/index.ts';
import { plainTree } from './plain-plan.ts';

/** Far more than any proof takes. */
const BUDGET_SECONDS = 36_000;

export const scenarioAt = (file: string): Scenario => {
  const text = readFileSync(file, 'utf8');
  const files = referencedFiles(text, file).map((name): [string, string] => [
    name,
    readFileSync(path.join(path.dirname(file), name), 'utf8'),
  ]);
  return parseScenario(text, file, new Map(files));
};

/** One side's source and its build; linked anew for each seed. */
export interface Built extends ExactBuild {
  readonly folder: string;
  /** Seed null: Go's own order. */
  readonly link: (seed: number | null) => Promise<Binary>;
}

/** Which Go built, and how it came: unpacked somewhere, or fetched by the go command into its module cache. */
export interface GoUsed {
  readonly go: string;
  readonly installed: 'unpacked' | 'GOTOOLCHAIN';
}

export const goUsedBy = ({ build }: ExactBuild): GoUsed => ({
  go: build.facts.goVersion,
  installed: realpathSync(build.facts.goEnv['GOROOT'] ?? '').includes('/golang.org/toolchain@')
    ? 'GOTOOLCHAIN'
    : 'unpacked',
});

/** Rows from before that was recorded. */
export const GO_BEFORE: GoUsed = { go: 'go1.26.8', installed: 'unpacked' };

export const goText = ({ go, installed }: GoUsed): string =>
  `${go.replace(/^go/, '')}${installed === 'unpacked' ? '' : ', by GOTOOLCHAIN'}`;

export interface Counted {
  readonly run: ExactRun;
  /** As in a pull request, and as if nobody knew which lines changed. */
  readonly withDiff: ExactFindings;
  readonly withoutDiff: ExactFindings;
  /** With the diff, as if nobody had counted who called. */
  readonly withoutCallers: ExactFindings;
  /** Names of everything that was executed while counting, inlined functions too. */
  readonly functions: ReadonlySet<string>;
  /** Wall clock of counting alone. */
  readonly seconds: number;
}

export interface Rig {
  /** `scratch` names the build: several heads may stand side by side. */
  readonly build: (side: Side, folder: string, scratch: string) => Promise<Built>;
  /** Links (seed null: Go's own order), counts and judges. */
  readonly count: (builds: BySide<Built>, linkSeeds: BySide<number | null>, requests?: number) => Promise<Counted>;
}

const UNBOUND = layOutCpus({ cores: [], wanted: 1, refusal: 'not needed to count instructions' });

/** Not bound to a CPU: counts do not need it, and several proofs may run beside each other. */
const settingsOf = (scenario: Scenario): RunSettings => ({
  mode: 'together',
  ...cpuSettings(UNBOUND),
  cpuSource: chooseCpuSource(),
  gomaxprocs: 1,
  gogc: scenario.target.gogc,
  gomemlimit: scenario.target.gomemlimit,
  inFlight: 1,
  latencyRatePerSecond: null,
});

interface Place {
  readonly scenario: Scenario;
  readonly workDir: string;
  readonly signal: AbortSignal;
}

const planFor = ({ scenario, workDir, signal }: Place, folders: BySide<string>, scratch: string): RunPlan => {
  return {
    scenario,
    trees: bothSides((side) => plainTree(folders[side], side)),
    seed: 1,
    outDir: path.join(workDir, 'out'),
    workDir: path.join(workDir, scratch),
    cpus: UNBOUND,
    budgetSeconds: BUDGET_SECONDS,
    family: { gates: 1 },
    purpose: 'compare',
    onProgress: () => undefined,
    signal,
  };
};

const withoutCallers = (profile: Profile): Profile => {
  const { samples } = profile;
  const stackStart = Uint32Array.from({ length: samples.count + 1 }, (_, sample) => sample);
  const stack = samples.stackStart.slice(0, samples.count).map((at) => samples.stack[at] ?? 0);
  return { ...profile, samples: { ...samples, stackStart, stack } };
};

const judgeBoth = async (run: ExactRun, place: Place, builds: BySide<Built>) => {
  const launches = run.launches.map((launch) => ({
    launch,
    profile: decodeProfile(readFileSync(path.join(place.workDir, 'out', launch.profile)), launch.profile),
  }));
  const { base, head } = builds;
  const diff =
    base.folder === head.folder
      ? { files: [], modules: [] }
      : await diffSides({
          base: { rootDir: base.folder },
          head: { rootDir: head.folder },
          module: '.',
          signal: place.signal,
        });
  const known = {
    run,
    launches,
    scenario: place.scenario,
    cpuNsPerRequest: null,
    modulePath: head.build.facts.modulePath,
  };
  return {
    functions: new Set(
      launches.flatMap(({ profile: { functions, strings } }) => [...functions.name].map((at) => strings[at] ?? '')),
    ),
    withDiff: judgeExact({ ...known, diff: diff.files, moduleChanges: diff.modules }),
    withoutDiff: judgeExact({ ...known, diff: [], moduleChanges: [] }),
    withoutCallers: judgeExact({
      ...known,
      launches: launches.map(({ launch, profile }) => ({ launch, profile: withoutCallers(profile) })),
      diff: diff.files,
      moduleChanges: diff.modules,
    }),
  };
};

const linkOnce = ({ build }: ExactBuild, signal: AbortSignal): Built['link'] => {
  const linked = new Map<number | null, Promise<Binary>>();
  return async (linkSeed) => {
    const known =
      linked.get(linkSeed) ?? linkBinary(build, { linkSeed, cpus: null, contents: 'no debug information' }, signal);
    linked.set(linkSeed, known);
    return known;
  };
};

const countOnce = async (
  place: Place,
  loader: Loader,
  builds: BySide<Built>,
  linkSeeds: BySide<number | null>,
  wanted: number | undefined,
): Promise<Counted> => {
  const { scenario, workDir } = place;
  const binaries = {
    base: await builds.base.link(linkSeeds.base),
    head: await builds.head.link(linkSeeds.head),
  };
  const session: Session = {
    plan: planFor(place, { base: builds.base.folder, head: builds.head.folder }, 'count'),
    movedPorts: [],
    tried: true,
    settings: settingsOf(scenario),
    prepared: { base: builds.base.build, head: builds.head.build },
    lanes: [{ number: 1, cpus: null, loader, schedule: { next: 0 } }],
    clock: startClock(BUDGET_SECONDS),
    upkeep: keepUp(startClock(BUDGET_SECONDS), 1),
    socketDir: path.join(workDir, 's'),
    launches: [],
    notes: new Set(),
  };
  const facts = { cpuNsPerRequest: null, allocBytesPerRequest: null, memoryBytes: totalmem() };
  const startedMs = performance.now();
  const { engine, noEmulator } = await findEngine(session.plan, builds.head.build.facts.go);
  if (isMissing(engine) || engine.kind !== 'qemu') throw new Error(noEmulator ?? 'the emulator is not the engine here');
  const requests = wanted ?? exactRequests(null, facts.memoryBytes);
  if (requests === null) throw new Error('no requests to count');
  const unsteadyReason = builds.head.unsteadyReason;
  const { run } = await countBinaries(session, engine, { binaries, unsteadyReason }, requests, facts);
  const seconds = (performance.now() - startedMs) / 1000;
  const judged = await judgeBoth(run, place, builds);
  rmSync(path.join(workDir, 'out'), { recursive: true, force: true });
  return { run, ...judged, seconds };
};

/** `workDir` must be short: sockets and counters lie below it. */
export const withRig = async <T>(place: Place, use: (rig: Rig) => Promise<T>): Promise<T> => {
  mkdirSync(path.join(place.workDir, 's'), { recursive: true, mode: 0o700 });
  const loader = await startLoader({ cpus: null, signal: place.signal });
  const { scenario, signal } = place;
  try {
    return await use({
      build: async (side, folder, scratch) => {
        const plan = planFor(place, { base: folder, head: folder }, scratch);
        const plain = await prepareBuild({
          side,
          sourceDir: folder,
          moduleDir: folder,
          revision: plan.trees[side].revision,
          spec: scenario.target,
          workDir: plan.workDir,
          signal,
        });
        const prepared = await prepareExact(plan, plain, side);
        return { ...prepared, folder, link: linkOnce(prepared, signal) };
      },
      count: async (builds, linkSeeds, requests) => countOnce(place, loader, builds, linkSeeds, requests),
    });
  } finally {
    await loader.stop();
  }
};

/** What a proof does in a folder of its own, with all it starts; Ctrl-C ends it. The name must be short: sockets lie there. */
export const inOwnFolder = async (
  prefix: string,
  prove: (work: string, signal: AbortSignal) => Promise<void>,
): Promise<void> => {
  const work = mkdtempSync(path.join(tmpdir(), prefix));
  const ended = new AbortController();
  process.on('SIGINT', () => ended.abort());
  try {
    await prove(work, ended.signal);
  } finally {
    await stopAll();
    rmSync(work, { recursive: true, force: true });
  }
};
