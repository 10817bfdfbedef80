/** One scenario from its sources to all that was measured: builds, links, a session, its launches. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cellsOf, encodedAlready } from '../load/index.ts';
import {
  type BySide,
  type BuildInfo,
  bothSides,
  type RunSettings,
  type ScenarioRun,
  type Side,
  SIDES,
} from '../model/index.ts';
import { bindSelf } from '../process/index.ts';
import { type Binary, buildFacts, linkUnlessSame, type PreparedBuild } from '../service/index.ts';
import { atOnce } from './session/at-once.ts';
import { startClock } from './session/clock.ts';
import { withFirstLoader, withLanes } from './session/lane.ts';
import type { Loader } from '../load/index.ts';
import { oneAtATimeNote } from './session/one-at-a-time.ts';
import { cpuSettings } from './session/cpus.ts';
import { insistedOn } from './session/insisted-ports.ts';
import { ContendedPortsError, movingNotes } from './session/contended-ports.ts';
import { conduct, type MeasuredRun } from './conduct.ts';
import { requireEngine } from './counting/engine.ts';
import { type LinkedPair, type LinkPlan, type Links, withLinks } from './session/links.ts';
import { folderOf } from '../folders.ts';
import type { RunPlan } from './session/plan.ts';
import { type Rehearsal, rehearseSide } from './launch/rehearsal.ts';
import { linkSeedOf } from './session/seeds.ts';
import { prepareSide, tellStages } from './session/side-build.ts';
import { answersOf, failedRequestsOf, keptSettings, type Session } from './session/session.ts';
import { keepBuilds } from './keep-builds.ts';
import { keepUp } from './session/upkeep.ts';
import { chooseCpuSource } from './session/cpu-source.ts';

/** Measures one scenario. Throws BuildError, TargetStartError, UsageError, or the abort's reason; stops what it started. */
export const runScenario = async (plan: RunPlan): Promise<ScenarioRun> => {
  let moved = insistedOn(plan.scenario);
  for (;;) {
    try {
      const loaders = { cpus: plan.cpus.lanes, logFolder: loaderLogs(plan), signal: plan.signal };
      return await withFirstLoader(loaders, async (loader) => runOnce(plan, moved, loader));
    } catch (error) {
      if (!(error instanceof ContendedPortsError)) throw error;
      moved = [...moved, ...error.ports];
      plan.onProgress({ kind: 'note', text: error.message });
    }
  }
};

/** `moved`: ports that the service insists on; how it is built depends on them. */
const runOnce = async (plan: RunPlan, moved: readonly number[], loader: Loader): Promise<ScenarioRun> => {
  const startedMs = performance.now();
  const prepared = await prepareSides(plan, moved.length > 0);
  await requireEngine(plan, prepared.head.facts.go);
  return withLinks(
    { prepared, seed: plan.seed, lanes: linkLanes(plan.cpus), signal: plan.signal },
    (side) => {
      plan.onProgress({ kind: 'building', side });
      return tellStages(plan, side);
    },
    async (links, first) => {
      const builds = await buildInfos(first, plan.signal);
      await keepBuilds(plan, { prepared: prepared.head, step: links.recorded('head') }, moved.length > 0);
      const buildSeconds = (performance.now() - startedMs) / 1000;
      plan.onProgress({ kind: 'built', seconds: buildSeconds });
      return withSession(
        plan,
        prepared,
        moved,
        async (session) => {
          const measured = await conduct(session, links, builds);
          return assemble(session, measured, builds, links, buildSeconds);
        },
        loader,
      );
    },
  );
};

const loaderLogs = ({ outDir, scenario }: RunPlan): string => join(outDir, 'logs', folderOf(scenario.name));

const linkLanes = ({ lanes }: RunPlan['cpus']): LinkPlan['lanes'] =>
  lanes.length === 0 ? [null] : lanes.map(({ loaderCpus }) => loaderCpus);

/**
 * Builds and starts one side alone and sends each request once, as {@link runScenario} would. Throws what that throws;
 * stops what it started. `other`: what the other side was rehearsed with, which serves where it is the same program.
 */
export const rehearse = async (plan: RunPlan, side: Side, other: Binary | null = null): Promise<Rehearsal> => {
  const { scenario, seed, signal } = plan;
  const insisted = insistedOn(scenario);
  const build = await prepareSide(plan, side, { movesPorts: insisted.length > 0 });
  const linkSeed = build.facts.unseededReason === null ? linkSeedOf(seed, 1) : null;
  const request = { linkSeed, cpus: null, onStage: tellStages(plan, side) };
  const binary = await linkUnlessSame(build, request, other, signal);
  plan.onProgress({ kind: 'linked', binary });
  return withSession(plan, { base: build, head: build }, insisted, async (session) =>
    rehearseSide(session, side, binary),
  );
};

export const prepareSides = async (plan: RunPlan, movesPorts: boolean): Promise<BySide<PreparedBuild>> =>
  atOnce(plan.signal, {
    base: async (signal) => prepareSide({ ...plan, signal }, 'base', { movesPorts }),
    head: async (signal) => prepareSide({ ...plan, signal }, 'head', { movesPorts }),
  });

const buildInfos = async (first: LinkedPair, signal: AbortSignal): Promise<BySide<BuildInfo>> => ({
  base: await buildFacts(first.binaries.base, signal),
  head: await buildFacts(first.binaries.head, signal),
});

/** A port that cannot be moved is one side's at a time. */
const modeOf = ({ scenario }: RunPlan, unmovable: string | null): RunSettings['mode'] =>
  scenario.target.sides === 'alternate' || (insistedOn(scenario).length > 0 && unmovable !== null)
    ? 'alternate'
    : 'together';

const settingsOf = (plan: RunPlan, unmovable: string | null): RunSettings => {
  const { target, load } = plan.scenario;
  return {
    mode: modeOf(plan, unmovable),
    ...cpuSettings(plan.cpus),
    cpuSource: chooseCpuSource(),
    gomaxprocs: target.cpus,
    gogc: target.gogc,
    gomemlimit: target.gomemlimit,
    inFlight: load.inFlight,
    latencyRatePerSecond: null,
  };
};

/** What is to be said before anything is started. */
const notesBefore = (
  { scenario, cpus }: RunPlan,
  prepared: BySide<PreparedBuild>,
  moving: readonly string[],
): readonly string[] => {
  const { requests, data } = scenario.load;
  return [
    ...SIDES.flatMap((side) => prepared[side].notes),
    ...encodedAlready(requests, cellsOf(data)),
    ...moving,
    ...(cpus.oneLaneReason === null ? [] : [oneAtATimeNote(cpus.oneLaneReason)]),
  ];
};

export const withSession = async <T>(
  plan: RunPlan,
  prepared: BySide<PreparedBuild>,
  moved: readonly number[],
  use: (session: Session) => Promise<T>,
  firstLoader?: Loader,
): Promise<T> => {
  // A short name: with all folders above it a socket's path may have about 100 bytes.
  const socketDir = join(plan.workDir, 's');
  await mkdir(socketDir, { recursive: true, mode: 0o700 });
  const unmovable = prepared.base.unmovable ?? prepared.head.unmovable;
  const settings = settingsOf(plan, unmovable);
  // Sides that are never alive together have one launch at a time.
  const cpus = settings.mode === 'alternate' ? plan.cpus.lanes.slice(0, 1) : plan.cpus.lanes;
  try {
    // From here on the harness, its links and its reading of profiles keep off the services' CPUs.
    await bindSelf(
      cpus.flatMap(({ loaderCpus }) => loaderCpus),
      plan.signal,
    );
    const spec = { cpus, logFolder: loaderLogs(plan), signal: plan.signal, ...(firstLoader && { firstLoader }) };
    return await withLanes(spec, async (lanes) => {
      const clock = startClock(plan.budgetSeconds);
      return use({
        plan,
        settings,
        prepared,
        lanes,
        clock,
        upkeep: keepUp(clock, plan.scenario.target.stopTimeoutSeconds),
        socketDir,
        movedPorts: unmovable === null ? moved : [],
        tried: false,
        launches: [],
        notes: new Set(notesBefore(plan, prepared, movingNotes(moved, unmovable))),
      });
    });
  } finally {
    await bindSelf(plan.cpus.usable, new AbortController().signal);
    await rm(socketDir, { recursive: true, force: true });
  }
};

const assemble = (
  session: Session,
  measured: MeasuredRun,
  builds: BySide<BuildInfo>,
  links: Links,
  buildSeconds: number,
): ScenarioRun => {
  const linkSeconds = links.linkSeconds();
  const judgedSeconds = measured.launches
    .filter(({ stage }) => stage === 'judged')
    .flatMap(({ pairs }) => pairs)
    .reduce((sum, { wallSeconds }) => sum + wallSeconds, 0);
  return {
    scenario: session.plan.scenario,
    settings: keptSettings(session, measured.latencyRatePerSecond),
    builds: bothSides((side) => ({ ...builds[side], linkSeconds: linkSeconds[side] })),
    launches: measured.launches,
    timing: {
      buildSeconds,
      measureSeconds: session.clock.elapsedSeconds(),
      judgedSeconds,
      linkWaitSeconds: links.waitedSeconds(),
      exactSeconds: measured.exactSeconds,
      exactBuildSeconds: session.clock.excludedSeconds('builds'),
      stopSeconds: session.clock.excludedSeconds('stops'),
    },
    stop: measured.stop,
    invalid: measured.invalid,
    notes: [...session.notes, ...session.upkeep.notes()],
    ...answersOf(session),
    ...failedRequestsOf(session),
    ...(measured.exact === null ? {} : { exact: measured.exact }),
    ...(measured.diagnosis.length > 0 && { diagnosis: measured.diagnosis }),
  };
};
