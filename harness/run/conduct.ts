/** Conducts a scenario's launches: asks for the next step, takes it, and keeps what it measured. */
import { GodynoError, UsageError } from '../errors.ts';
import {
  countedRoutes,
  invalidity,
  judgeAtEnd,
  judgeSoFar,
  notCounted,
  type WhatMoved,
  whatMoved,
} from '../compare/index.ts';
import {
  type BuildInfo,
  type BySide,
  type Diagnosed,
  type ExactRun,
  type InvalidRun,
  type Launch,
  type ScenarioRun,
  SIDES,
  type Stage,
  type StopReason,
} from '../model/index.ts';
import { isMissing } from '../exact/index.ts';
import { SAMPLES_TO_NAME } from '../metrics/index.ts';
import { findEngine, type FoundEngine } from './counting/engine.ts';
import { countFor, exactSeconds } from './counting/step.ts';
import { howItFailed, launchOf } from './launch/either-way.ts';
import type { ExactPass } from './counting/emulated.ts';
import { latencyRateOf } from './launch/latency-rate.ts';
import type { LinkedPair, Links } from './session/links.ts';
import { goOneAtATime } from './session/one-at-a-time.ts';
import { type Outlook, UNKNOWN_CHANGE } from './session/plan.ts';
import { diagnose, isCalledFor } from './diagnosis.ts';
import { captureTimes, nextStep, type RunSoFar, type NextStep } from './next-step.ts';
import { outlookOf } from './outlook.ts';
import { type LaunchSpec, launchSpecOf } from './launch/running-pair.ts';
import { allocationLaunch, explainLaunch, growthLaunch, latencyLaunch, latencyLaunchSeconds } from './launch/others.ts';
import { routesLaunch, routesLaunchSeconds, WAITS_LAUNCHES, waitsSeconds } from './launch/routes.ts';
import { perfLaunch } from './launch/perf.ts';
import { isPerfMissing, type PerfTool } from './launch/perf-tool.ts';
import { findPerfOrNote, perfNotTold, perfSoFar } from './perf-so-far.ts';
import { traceLaunch } from './launch/trace.ts';
import type { RequestRate } from './launch/warm-up.ts';
import { answersOf, failedRequestsOf, keptSettings, nextLaunchIndex, type Session } from './session/session.ts';
import { deathIn } from './launch/death.ts';
import { cpuSamples } from './launch/captures.ts';
import { tryApart } from './launch/trial.ts';

export interface MeasuredRun {
  readonly launches: readonly Launch[];
  readonly stop: StopReason;
  readonly invalid: InvalidRun | null;
  readonly latencyRatePerSecond: number | null;
  readonly exact: ExactRun | null;
  /** Of the budget, for exact mode. */
  readonly exactSeconds: number;
  readonly diagnosis: readonly Diagnosed[];
}

interface Progress {
  /** Why judged launches ended; null: they have not. */
  stop: StopReason | null;
  invalid: InvalidRun | null;
  latencyRatePerSecond: number | null;
  pace: RequestRate | null;
  /** Of the judged launches and the waits for their links. */
  judgedSeconds: number;
  /** How often one of them was begun, or several at the same time. */
  judgedTurns: number;
  explainedSeconds: number;
  /** By the samples of launches so far, whatever more of them would say. */
  isNamedBySamples: boolean;
  exact: ExactPass | null;
  /** Of the budget, for exact mode. */
  exactSeconds: number;
  /** Looked for once, when exact mode is first wanted. */
  engine: FoundEngine | null;
  /** A gate was open, and nothing here counts instructions. */
  countingWaits: boolean;
  /** Of the step that is taken. */
  outlook: Outlook;
  /** Looked for once, when it is first wanted. */
  perf: PerfTool | null;
  /** Asked once, when judged launches have ended and CPU regressed. */
  isHidden: boolean | null;
  /** Once no step is left. */
  diagnosis: readonly Diagnosed[];
}

/** The run as it stands, for the looks in between. */
const snapshotOf = (session: Session, builds: BySide<BuildInfo>, progress: Progress): ScenarioRun => ({
  scenario: session.plan.scenario,
  settings: keptSettings(session, progress.latencyRatePerSecond),
  builds,
  launches: session.launches,
  timing: { buildSeconds: 0, measureSeconds: session.clock.elapsedSeconds(), judgedSeconds: 0, linkWaitSeconds: 0 },
  stop: progress.stop ?? 'budget',
  invalid: progress.invalid,
  notes: [...session.notes, ...session.upkeep.notes()],
  ...answersOf(session),
  ...failedRequestsOf(session),
});

/** Takes steps until there is none left: {@link nextStep} says which, this does them. */
export const conduct = async (session: Session, links: Links, builds: BySide<BuildInfo>): Promise<MeasuredRun> => {
  const progress: Progress = {
    stop: null,
    invalid: null,
    latencyRatePerSecond: null,
    pace: null,
    judgedSeconds: 0,
    judgedTurns: 0,
    explainedSeconds: 0,
    isNamedBySamples: false,
    exact: null,
    exactSeconds: 0,
    engine: null,
    countingWaits: false,
    outlook: { aboutSeconds: null, decision: null, part: null },
    perf: null,
    isHidden: null,
    diagnosis: [],
  };
  const conductor: Conductor = { session, links, progress, current: () => snapshotOf(session, builds, progress) };
  // What judged launches have left stays as it is once they have ended.
  session.idle = async () =>
    progress.stop === null
      ? undefined
      : session.plan.onIdle?.(conductor.current(), session.plan.change ?? UNKNOWN_CHANGE);
  // What is unequal before the first launch will not be equal after the last.
  progress.invalid = invalidity(conductor.current());
  if (progress.invalid === null && session.plan.scenario.measure.exact === 'only')
    for (const place of placesOf(session, await links.next(1))) await tryApart(session, place);
  let taken: NextStep['kind'] | null = null;
  while (progress.invalid === null) {
    const soFar = soFarOf(conductor);
    if (taken === 'judged') reportLook(session, soFar.look);
    const step = nextStep(soFar);
    if (step.kind === 'end') {
      if (step.uncounted) noteUncounted(session);
      progress.diagnosis = diagnose(soFar, captureTimes(soFar));
      break;
    }
    progress.outlook = outlookOf(soFar, step);
    await take(conductor, step);
    taken = step.kind;
  }
  if (session.plan.scenario.measure.exact === 'only') concludeCounts(progress);
  return {
    launches: session.launches,
    stop: progress.stop ?? 'invalid',
    invalid: progress.invalid,
    latencyRatePerSecond: progress.latencyRatePerSecond,
    exact: progress.exact?.run ?? null,
    exactSeconds: progress.exactSeconds,
    diagnosis: progress.diagnosis,
  };
};

/** Nothing else was asked for: without counts there is no measurement. */
const concludeCounts = (progress: Progress): void => {
  const refusal = progress.exact?.run.refusal ?? null;
  if (refusal === null) return;
  progress.stop = 'invalid';
  progress.invalid = notCounted(refusal);
};

interface Conductor {
  readonly session: Session;
  readonly links: Links;
  readonly progress: Progress;
  readonly current: () => ScenarioRun;
}

/** The budget that would have held `moreSeconds` besides, in whole minutes. */
const minutesWith = ({ plan: { budgetSeconds }, clock }: Session, moreSeconds: number): number =>
  Math.ceil((budgetSeconds - clock.secondsLeft() + moreSeconds) / 60);

const noteUncounted = (session: Session): void => {
  session.notes.add(
    `Instructions were not counted, since too little time was left; --budget ${minutesWith(session, exactSeconds(session))}m would have held them.`,
  );
};

const ENGINE_COUNTS = { qemu: 'instructions', perf: 'instructions', cover: 'calls' } as const;

const engineOf = ({ engine }: Progress): RunSoFar['engine'] => {
  if (engine === null) return 'unknown';
  return isMissing(engine.engine) ? 'none' : ENGINE_COUNTS[engine.engine.kind];
};

/** Goroutines that can never wake are told by Go 1.27, and by 1.26 as an experiment; versions without a number are newer. */
const tellsStuck = (goVersion: string): boolean =>
  Number(/^go1\.(\d+)/.exec(goVersion)?.[1] ?? Infinity) >= 27 || goVersion.includes('goroutineleakprofile');

const NOTHING_MOVED: WhatMoved = { latency: null, costsOfNames: [] };

const soFarOf = ({ session, links, progress, current }: Conductor): RunSoFar => {
  const { plan, clock, lanes, launches, settings } = session;
  const { measure, load } = plan.scenario;
  const judged = launches.filter(({ stage }) => stage === 'judged');
  const doneOf = (wanted: Stage): number => launches.filter(({ stage }) => stage === wanted).length;
  const rate = progress.latencyRatePerSecond;
  const run = current();
  const wantsSamples =
    plan.scenario.functionGates?.some(({ profile }) => profile === 'cpu') === true || measure.labels !== undefined;
  const seen = (progress.stop === null ? judgeSoFar : judgeAtEnd)(run, plan.family);
  const isLatencyOver = seen.nextLatencyLook === null && doneOf('latency') > 0 && !seen.headFails;
  const moved = isLatencyOver || doneOf('routes') > 0 ? whatMoved(run, plan.family) : NOTHING_MOVED;
  return {
    purpose: plan.purpose,
    exact: measure.exact,
    explain: measure.explain,
    budgetSeconds: plan.budgetSeconds,
    secondsLeft: clock.secondsLeft(),
    lanes: lanes.length,
    stop: progress.stop,
    look: seen,
    longestSeconds: Math.max(0, ...judged.map(({ wallSeconds }) => wallSeconds)),
    waitSeconds: links.secondsToNext(lanes.length),
    judgedSeconds: progress.judgedSeconds,
    judgedTurns: progress.judgedTurns,
    couplesPerSecond: progress.pace?.couplesPerSecond ?? null,
    // Before the first launch it is not known whether this machine carries one.
    latency: load.latency !== null && settings.mode !== 'alternate' && (judged.length === 0 || rate !== null),
    latencyDone: doneOf('latency'),
    latencyLaunchSeconds: latencyLaunchSeconds(rate ?? Infinity),
    growthDone: doneOf('growth') > 0,
    tellsStuck: SIDES.every((side) => tellsStuck(run.builds[side].goVersion)),
    captureDone: doneOf('capture') > 0,
    movedLatency: moved.latency,
    movedNames: moved.costsOfNames,
    traceDone: doneOf('trace') > 0,
    traces: { mode: measure.trace ?? 'auto', done: doneOf('trace') },
    names: {
      mode: measure.routes ?? 'auto',
      count: settings.mode === 'alternate' ? 0 : load.requests.length,
      done: doneOf('routes'),
      areKnown: areNamesCounted(session, progress),
    },
    perf: perfSoFar(session, progress, () =>
      isCalledFor('perf', { look: seen, movedLatency: moved.latency, movedNames: moved.costsOfNames }),
    ),
    routesLaunchSeconds:
      routesLaunchSeconds(load.requests.length, progress.pace?.couplesPerSecond ?? Infinity) +
      (measure.routes === 'always' && doneOf('routes') < WAITS_LAUNCHES ? waitsSeconds(load.requests.length) : 0),
    explainedSeconds: progress.explainedSeconds,
    wantsSamples,
    hasSamples:
      (wantsSamples ||
        isCalledFor('samples', { look: seen, movedLatency: moved.latency, movedNames: moved.costsOfNames })) &&
      ((progress.isNamedBySamples && !wantsSamples) || hasSamples(session)),
    isNamedExactly: isNamedExactly(session, progress),
    counting: progress.exact !== null ? 'done' : progress.countingWaits ? 'waits' : 'not yet',
    engine: engineOf(progress),
    exactSeconds: exactSeconds(session),
  };
};

const take = async (conductor: Conductor, step: NextStep): Promise<void> => {
  const { session, progress } = conductor;
  switch (step.kind) {
    case 'judged':
      return judge(conductor, step.launches);
    case 'stop':
      progress.stop = step.why;
      return;
    case 'find engine':
      return forExactMode(conductor, async () => {
        progress.engine = await findEngine(session.plan, session.prepared.head.facts.go);
      });
    case 'count':
      return forExactMode(conductor, async () => countIn(conductor, step));
    case 'growth':
      return launchAll(conductor, 'growth', 1, async (place) => growthLaunch(session, place, step.requests));
    case 'capture':
      return launchAll(conductor, 'capture', 1, async (place) => allocationLaunch(session, place));
    case 'latency':
      return launchAll(conductor, 'latency', step.launches, async (place) =>
        latencyLaunch(session, place, progress.latencyRatePerSecond ?? 1),
      );
    case 'routes':
      return launchRoutes(conductor, step.launches);
    case 'find perf':
      progress.perf = await findPerfOrNote(session);
      return;
    case 'perf':
      return launchUnderPerf(conductor, step.launches);
    case 'trace':
      return launchAll(conductor, 'trace', 1, async (place) =>
        traceLaunch(session, place, progress.latencyRatePerSecond ?? 1, step.route),
      );
    case 'explain':
      return explain(conductor, step.launches);
    case 'too little':
      throw tooLittle(session);
    case 'end':
      return;
  }
};

const forExactMode = async ({ session: { clock }, progress }: Conductor, work: () => Promise<void>): Promise<void> => {
  const begunSeconds = clock.elapsedSeconds();
  await work();
  progress.exactSeconds += clock.elapsedSeconds() - begunSeconds;
};

const countIn = async (
  { session, progress, current }: Conductor,
  { state, leaveSeconds, cpuMoved }: Extract<NextStep, { kind: 'count' }>,
): Promise<void> => {
  progress.engine ??= await findEngine(session.plan, session.prepared.head.facts.go);
  const modulePath = current().builds.head.modulePath || null;
  const counted = await countFor(session, progress.engine, state, { modulePath, leaveSeconds, cpuMoved });
  if (counted === 'waits') {
    progress.countingWaits = true;
    return;
  }
  progress.exact = counted;
  if (counted.read !== null) session.plan.onCounted?.(counted.read);
};

const tooLittle = ({ plan }: Session): UsageError =>
  new UsageError(
    'BUDGET_TOO_SMALL',
    `A budget of ${plan.budgetSeconds} s leaves no time for a single launch of ${plan.scenario.name}`,
    'Raise measure.budget in the scenario or --budget; a verdict on CPU takes about 20 s.',
  );

/** Waits differ more between launches than costs do, and are for those who ask for names whatever moved. */
const launchRoutes = async (conductor: Conductor, launches: number): Promise<void> => {
  const { session } = conductor;
  const done = session.launches.filter(({ stage }) => stage === 'routes').length;
  const waits = session.plan.scenario.measure.routes === 'always' && done < WAITS_LAUNCHES;
  return launchAll(conductor, 'routes', launches, async (place) => routesLaunch(session, place, waits));
};

/** A service that dies while perf samples it has been judged before. */
const launchUnderPerf = async (conductor: Conductor, launches: number): Promise<void> => {
  const { session, progress } = conductor;
  const tool = progress.perf;
  if (tool === null || isPerfMissing(tool)) return;
  try {
    await launchAll(conductor, 'perf', launches, async (place) => perfLaunch(session, place, tool));
  } catch (error) {
    session.plan.signal.throwIfAborted();
    if (!(error instanceof GodynoError)) throw error;
    giveUpPerf(conductor, error.message);
  }
  if (progress.invalid !== null) giveUpPerf(conductor, progress.invalid.message);
  progress.invalid = null;
};

const giveUpPerf = ({ session, progress }: Conductor, why: string): void => {
  session.notes.add(perfNotTold(why));
  progress.perf = { reason: why, hint: '' };
};

const explain = async (conductor: Conductor, launches: number): Promise<void> => {
  const { session, progress, current } = conductor;
  const { isNamed, change = UNKNOWN_CHANGE } = session.plan;
  const begunSeconds = session.clock.elapsedSeconds();
  await launchAll(conductor, 'explain', launches, async (place) => explainLaunch(session, place));
  progress.isNamedBySamples = (await isNamed?.(current(), change)) ?? false;
  progress.explainedSeconds += session.clock.elapsedSeconds() - begunSeconds;
};

const judge = async (conductor: Conductor, launches: number): Promise<void> => {
  const { session, progress, current } = conductor;
  const begunSeconds = session.clock.elapsedSeconds();
  await launchAll(conductor, 'judged', launches, async (place) => {
    const { launch, pace } = await launchOf(session, place);
    progress.pace ??= pace;
    return launch;
  });
  progress.judgedSeconds += session.clock.elapsedSeconds() - begunSeconds;
  progress.judgedTurns += 1;
  if (progress.pace !== null) progress.latencyRatePerSecond ??= latencyRateOf(session, progress.pace);
  progress.invalid ??= invalidity(current());
  if (progress.invalid !== null) progress.stop = 'invalid';
};

/** Reports what the judged launches show so far, gate by gate: one interim look of the stopping rule. */
const reportLook = ({ plan, clock }: Session, look: RunSoFar['look']): void => {
  plan.onProgress({
    kind: 'look',
    launches: look.launches,
    seconds: clock.elapsedSeconds(),
    gates: look.verdicts.map(({ metric, verdict, estimateRatio, ciRatio }) => ({
      metric,
      verdict,
      estimateRatio,
      ciRatio,
    })),
  });
};

/** Of launches at the same time, in the lanes in their order. */
const placesOf = (session: Session, pairs: readonly LinkedPair[]): readonly LaunchSpec[] =>
  pairs.map((linked, at) => launchSpecOf(session, nextLaunchIndex(session) + at, linked, session.lanes[at]));

/**
 * Latency has what was linked last: a layout moves it by 1 or 2 %, which fails nothing, and links made meanwhile kept the
 * loader from being on time in the first second (docs/evidence, latency).
 */
const pairsFor = async (
  { plan }: Session,
  links: Links,
  stage: Stage,
  launches: number,
): Promise<readonly LinkedPair[]> => {
  if (stage === 'latency') return Array.from({ length: launches }, () => links.again());
  const secondsToGo = links.secondsToNext(launches);
  if (secondsToGo > 0) plan.onProgress({ kind: 'links', secondsToGo });
  return links.next(launches);
};

/**
 * So many launches of a stage at the same time. Each is let finish whatever becomes of the others, and kept; a service
 * that dies in one spoils the run. Where the first ones that go beside each other go wrong, it may be for that: they are
 * made again one at a time.
 */
const launchAll = async (
  conductor: Conductor,
  stage: Exclude<Stage, 'exact'>,
  count: number,
  measure: (place: LaunchSpec) => Promise<Launch>,
): Promise<void> => {
  const { session, links, progress } = conductor;
  const { plan, clock, launches } = session;
  const places = placesOf(session, await pairsFor(session, links, stage, count));
  for (const { index } of places)
    plan.onProgress({
      kind: 'launch',
      stage,
      number: index,
      secondsLeft: clock.secondsLeft(),
      outlook: progress.outlook,
    });
  const isTrial = count > 1 && launches.every(({ lane }) => lane === session.lanes[0].number);
  const before = launches.length;
  const ended = await Promise.allSettled(
    places.map(async (place) => {
      const launch = await measure(place);
      return { ...launch, lane: place.lane.number, endedSeconds: clock.wallSeconds() };
    }),
  );
  plan.signal.throwIfAborted();
  for (const one of ended) if (one.status === 'fulfilled') launches.push(one.value);
  const failures = ended.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
  const wrong = isTrial ? whatWentWrong(failures, conductor.current()) : null;
  if (wrong !== null) {
    launches.splice(before);
    goOneAtATime(session, `two at a time went wrong (${wrong})`);
    return;
  }
  progress.invalid ??= deathOf(failures);
};

const whatWentWrong = ([first]: readonly unknown[], run: ScenarioRun): string | null => {
  if (first === undefined) return invalidity(run)?.message ?? null;
  if (!(first instanceof GodynoError)) throw first;
  return howItFailed(first.message);
};

/**
 * The run's verdict on services that died. The earliest launch speaks, as it would alone: throws what is no death there,
 * and does not hear what came of those that were beside it, but for a death of the other side.
 */
const deathOf = ([first, ...others]: readonly unknown[]): InvalidRun | null => {
  if (first === undefined) return null;
  const died = deathIn(first);
  if (died === null) throw first;
  const isShared = others.some((error) => (deathIn(error) ?? died).side !== died.side);
  // One side in one launch and the other in another: neither's doing.
  return isShared ? { ...died, side: null } : died;
};

/** Exact counts that found a change have named its function: no samples need to be collected for it. */
const isNamedExactly = ({ plan }: Session, { exact }: Progress): boolean =>
  plan.scenario.measure.explain && typeof exact?.read?.reading.attribution?.culprit === 'string';

/** Whether counts of each name say in which the change is. */
const areNamesCounted = ({ plan }: Session, { exact }: Progress): boolean => {
  const names = plan.scenario.load.requests.map(({ name }) => name);
  const launches = exact?.read?.reading.launches;
  return launches !== undefined && countedRoutes(launches, names).some(({ isChanged }) => isChanged);
};

/** Judged launches count, too: their profiles are read with the others. */
const hasSamples = ({ launches, plan }: Session): boolean =>
  SIDES.every(
    (side) => launches.reduce((sum, launch) => sum + cpuSamples(launch, side, plan.outDir), 0) >= SAMPLES_TO_NAME,
  );
