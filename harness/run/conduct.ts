/**
 * The order of a scenario's launches: judged ones until every gate has its answer, then what the answers call for.
 * Time goes where something is still open; what is clear stops early.
 */
import { totalmem } from 'node:os';
import { TargetStartError, UsageError } from '../errors.ts';
import { alternateLaunch } from './alternate-launch.ts';
import { invalidity, type Look, look } from '../compare/index.ts';
import { counterPerRequest } from '../metrics/index.ts';
import {
  type BuildInfo,
  type BySide,
  type ExactRun,
  type InvalidRun,
  type Launch,
  type ScenarioRun,
  SIDES,
  type StopReason,
} from '../model/index.ts';
import { type CountingEngine, isMissing } from '../exact/index.ts';
import { findEngine, type FoundEngine, type GateState, stepFor } from './counting-engine.ts';
import { type ExactPass, exactPass } from './exact-pass.ts';
import { type ExactFacts, refused } from './exact-refusal.ts';
import { callsPass, totalsPass } from './native-pass.ts';
import { type JudgedLaunch, judgedLaunch } from './judged-launch.ts';
import type { Links } from './links.ts';
import type { RunPlan } from './plan.ts';
import { type LaunchPlace, placeOf } from './live.ts';
import { allocationLaunch, explainLaunch, growthLaunch, latencyLaunch } from './other-launches.ts';
import type { Pace } from './warm-up.ts';
import { failedRequestsOf, nextLaunchIndex, type Session } from './session.ts';
import { deathIn } from './death.ts';
import { cpuSamples } from './captures.ts';

/** What the latency phase takes: four launches of start, warm-up and two windows. */
const LATENCY_LAUNCHES = 4;
const LATENCY_LAUNCH_SECONDS = 6.5;

/** In a small budget costs come first, but one latency launch has its time. */
const LATENCY_MOST_SHARE = 0.25;

/** `auto`: this share of what both sides together carried in couples. */
const LATENCY_RATE_RATIO = 0.4;
/** More than this for both sides together is a queue, not a latency. */
const LATENCY_MOST_RATIO = 0.6;
/** On two cores the loader stays punctual up to here. */
const LATENCY_MOST_PER_SECOND = 1000;

/** Enough to name most functions that took 2 % of the CPU more (docs/blame.md); 10 s a launch hold some 800. */
const EXPLAIN_SAMPLES = 5000;
const EXPLAIN_MOST_SECONDS = 120;
/** Start, warm-up and two windows of four seconds. */
const EXPLAIN_LAUNCH_SECONDS = 11;

/** 800 couples with every allocation sampled, which may cost several times as much. */
const ALLOCATION_SECONDS = 10;

/** Two builds with a patched runtime (their standard library compiled once per Go) and six launches. */
const EXACT_SECONDS = 30;

/** Launches that a baseline's record takes: its own noise, known well enough to be compared with. */
const RECORD_LAUNCHES = 12;

export interface Measured {
  readonly launches: readonly Launch[];
  readonly stop: StopReason;
  readonly invalid: InvalidRun | null;
  readonly latencyRatePerSecond: number | null;
  readonly exact: ExactRun | null;
}

interface Progress {
  exact: ExactPass | null;
  /** Looked for once, when exact mode is first wanted. */
  engine: FoundEngine | null;
  stop: StopReason;
  invalid: InvalidRun | null;
  latencyRatePerSecond: number | null;
  pace: Pace | null;
}

/** The run as it stands, for the looks in between. */
const snapshotOf = (session: Session, builds: BySide<BuildInfo>, progress: Progress): ScenarioRun => ({
  scenario: session.plan.scenario,
  settings: { ...session.settings, latencyRatePerSecond: progress.latencyRatePerSecond },
  builds,
  launches: session.launches,
  timing: { buildSeconds: 0, measureSeconds: session.clock.elapsedSeconds(), judgedSeconds: 0, linkWaitSeconds: 0 },
  stop: progress.stop,
  invalid: progress.invalid,
  notes: [...session.notes],
  ...failedRequestsOf(session),
});

export const conduct = async (session: Session, links: Links, builds: BySide<BuildInfo>): Promise<Measured> => {
  const progress: Progress = {
    stop: 'budget',
    invalid: null,
    latencyRatePerSecond: null,
    pace: null,
    exact: null,
    engine: null,
  };
  const current = (): ScenarioRun => snapshotOf(session, builds, progress);
  if (session.plan.scenario.measure.exact !== 'only') await judge(session, links, progress, current);
  else progress.stop = 'decided';
  if (progress.invalid === null && session.plan.purpose !== 'record') await follow(session, links, progress, current);
  return {
    launches: session.launches,
    stop: progress.stop,
    invalid: progress.invalid,
    latencyRatePerSecond: progress.latencyRatePerSecond,
    exact: progress.exact?.run ?? null,
  };
};

const judge = async (session: Session, links: Links, progress: Progress, current: () => ScenarioRun): Promise<void> => {
  const { plan, clock } = session;
  let longest = 0;
  while (clock.secondsLeft() > longest + latencyReserve(session)) {
    const { launch, died } = await nextJudged(session, links, progress);
    if (launch === null) {
      progress.invalid = died;
      progress.stop = 'invalid';
      return;
    }
    longest = Math.max(longest, launch.wallSeconds);
    if (progress.latencyRatePerSecond === null) chooseLatencyRate(session, progress);
    progress.invalid = invalidity(current());
    if (progress.invalid !== null) {
      progress.stop = 'invalid';
      return;
    }
    const seen = look(current(), plan.family);
    plan.onProgress({
      kind: 'look',
      launches: seen.launches,
      seconds: clock.elapsedSeconds(),
      gates: seen.verdicts.map(({ metric, verdict, estimateRatio, ciRatio }) => ({
        metric,
        verdict,
        estimateRatio,
        ciRatio,
      })),
    });
    if (isEnough(plan.purpose, seen)) {
      progress.stop = plan.purpose === 'record' ? 'recorded' : seen.nextLook === null ? 'launches' : 'decided';
      return;
    }
    if (seen.isLook && plan.purpose === 'compare') await countWhere(session, progress, 'open');
  }
  if (session.launches.length === 0) {
    throw new UsageError(
      'BUDGET_TOO_SMALL',
      `A budget of ${plan.budgetSeconds} s leaves no time for a single launch of ${plan.scenario.name}`,
      'Raise measure.budget in the scenario or --budget; a first verdict takes about 30 s.',
    );
  }
};

const isEnough = (purpose: RunPlan['purpose'], seen: Look): boolean => {
  if (purpose === 'record') return seen.launches >= RECORD_LAUNCHES;
  return purpose === 'calibrate' ? seen.nextLook === null : seen.done;
};

const nextJudged = async (
  session: Session,
  links: Links,
  progress: Progress,
): Promise<{ readonly launch: Launch | null; readonly died: InvalidRun | null }> => {
  const { plan, clock } = session;
  const place = placeOf(session, nextLaunchIndex(session), await links.next());
  plan.onProgress({ kind: 'launch', stage: 'judged', number: place.index, secondsLeft: clock.secondsLeft() });
  try {
    const { launch, pace } = await launchOf(session, place);
    session.launches.push(launch);
    progress.pace ??= pace;
    return { launch, died: null };
  } catch (error) {
    const died = deathIn(error);
    if (died === null) throw error;
    return { launch: null, died };
  }
};

/** Both sides at once, or where that is not possible one after the other. */
const launchOf = async (session: Session, place: LaunchPlace): Promise<JudgedLaunch> => {
  if (session.settings.mode === 'alternate') return alternateLaunch(session, place);
  try {
    return await judgedLaunch(session, place);
  } catch (error) {
    const first = session.launches.length === 0 && session.plan.scenario.target.sides === 'auto';
    if (!first || !(error instanceof TargetStartError)) throw error;
    return insteadAlternately(session, place, error);
  }
};

/** A side that starts alone but not beside the other cannot run twice; one that does not start alone is broken. */
const insteadAlternately = async (
  session: Session,
  place: LaunchPlace,
  error: TargetStartError,
): Promise<JudgedLaunch> => {
  const together = session.settings;
  session.settings = { ...together, mode: 'alternate' };
  try {
    const launch = await alternateLaunch(session, place);
    session.notes.add(
      `The service does not run twice at once (${howItFailed(error.message)}), so the sides were measured one after the other: limits are 2.5 / 5 % instead of 1 / 2 %, and latency is not judged.`,
    );
    return launch;
  } catch (again) {
    if (!(again instanceof TargetStartError)) throw again;
    session.settings = together;
    throw error;
  }
};

/** The first line says what happened, the last one what the service said last. */
const howItFailed = (message: string): string => {
  const [first = '', ...output] = message.trim().split('\n');
  return `${first.replace(/\. Its last output:$/, '')}${output.length === 0 ? '' : `: ${output.at(-1)}`}`;
};

const latencyReserve = (session: Session): number =>
  session.plan.scenario.load.latency === null ||
  session.plan.purpose === 'record' ||
  session.settings.mode === 'alternate'
    ? 0
    : Math.min(
        LATENCY_LAUNCHES * LATENCY_LAUNCH_SECONDS,
        Math.max(LATENCY_LAUNCH_SECONDS, LATENCY_MOST_SHARE * session.plan.budgetSeconds),
      );

const chooseLatencyRate = (session: Session, progress: Progress): void => {
  const { latency } = session.plan.scenario.load;
  if (latency === null || progress.pace === null || !session.settings.pinned) return;
  if (session.settings.mode === 'alternate') return;
  const { couplesPerSecond } = progress.pace;
  if (latency === 'auto') {
    progress.latencyRatePerSecond = Math.max(
      1,
      Math.min(LATENCY_MOST_PER_SECOND, couplesPerSecond * LATENCY_RATE_RATIO),
    );
    return;
  }
  const mostPerSide = couplesPerSecond * LATENCY_MOST_RATIO;
  if (latency.ratePerSecond > mostPerSide) {
    throw new UsageError(
      'RATE_TOO_HIGH',
      `load.latency.rate is ${latency.ratePerSecond}/s per side; base and head together carry about ${Math.floor(couplesPerSecond)}/s per side here, and above ${Math.floor(mostPerSide)}/s one measures the queue`,
      `Set load.latency.rate to ${Math.floor(mostPerSide)}/s or less, or leave it out.`,
    );
  }
  progress.latencyRatePerSecond = latency.ratePerSecond;
};

/** What the answers so far call for, each as long as its time is there. */
const follow = async (
  session: Session,
  links: Links,
  progress: Progress,
  current: () => ScenarioRun,
): Promise<void> => {
  const seen = look(current(), session.plan.family);
  if (seen.headFails) return;
  const fired = seen.verdicts.some(
    ({ verdict }) => verdict === 'regressed' || verdict === 'improved' || verdict === 'changed',
  );
  await countWhere(session, progress, fired ? 'fired' : 'quiet');
  if (session.plan.scenario.measure.exact === 'only') return;
  const begin = async (stage: 'growth' | 'latency' | 'explain' | 'capture') => {
    const place = placeOf(session, nextLaunchIndex(session), await links.next());
    session.plan.onProgress({ kind: 'launch', stage, number: place.index, secondsLeft: session.clock.secondsLeft() });
    return place;
  };
  const keep = async (launch: Promise<Launch>): Promise<void> => {
    try {
      session.launches.push(await launch);
    } catch (error) {
      const died = deathIn(error);
      if (died === null) throw error;
      progress.invalid = died;
    }
  };

  if (seen.suspectGrowth.length > 0 && session.clock.secondsLeft() > growthSeconds(progress)) {
    await keep(growthLaunch(session, await begin('growth')));
  }
  if (movedAllocations(seen) && session.clock.secondsLeft() > ALLOCATION_SECONDS && progress.invalid === null) {
    await keep(allocationLaunch(session, await begin('capture')));
  }
  const rate = progress.latencyRatePerSecond;
  for (let done = 0; rate !== null && done < LATENCY_LAUNCHES && progress.invalid === null; done++) {
    if (session.clock.secondsLeft() < LATENCY_LAUNCH_SECONDS) break;
    await keep(latencyLaunch(session, await begin('latency'), rate));
  }
  if (isNamedExactly(session, progress)) return;
  if (!seen.cpuFired || !session.plan.scenario.measure.explain) return;
  const explainUntil = session.clock.elapsedSeconds() + EXPLAIN_MOST_SECONDS;
  while (progress.invalid === null && !hasSamples(session)) {
    const over = session.clock.elapsedSeconds() + EXPLAIN_LAUNCH_SECONDS > explainUntil;
    if (over || session.clock.secondsLeft() < EXPLAIN_LAUNCH_SECONDS) return;
    await keep(explainLaunch(session, await begin('explain')));
  }
};

/** Sites are worth counting once the exact counters say that they differ. */
const movedAllocations = ({ verdicts }: Look): boolean =>
  verdicts.some(
    ({ metric, verdict }) =>
      (metric === 'mallocsPerRequest' || metric === 'allocBytesPerRequest') &&
      (verdict === 'regressed' || verdict === 'improved' || verdict === 'changed'),
  );

/**
 * Exact mode: always or only when asked; by itself where a gate is open after a look or has fired, once, when there is
 * time for it.
 */
const countWhere = async (session: Session, progress: Progress, state: GateState): Promise<void> => {
  const { exact } = session.plan.scenario.measure;
  if (exact === 'off' || progress.exact !== null || session.plan.purpose !== 'compare') return;
  if (exact === 'auto' && session.clock.secondsLeft() < EXACT_SECONDS) return;
  // A gate that was open when only calls could be counted, and has not fired since, leaves nothing to explain.
  const wasOpen = progress.engine !== null;
  if (exact === 'auto' && state === 'quiet' && !wasOpen) return;
  progress.engine ??= await findEngine(session.plan, session.prepared.head.facts.go);
  const { engine, noEmulator } = progress.engine;
  const step = stepFor(engine, state);
  if (step === 'wait') return;
  const instead = noEmulator ?? '';
  progress.exact =
    step === 'refuse' || isMissing(engine)
      ? unblamed(refused('qemu', instead))
      : await countWith(session, engine, instead);
};

/** Only the emulator's counts blame a function. */
const unblamed = (run: ExactRun): ExactPass => ({ run, culprit: null });

const countWith = async (session: Session, engine: CountingEngine, instead: string): Promise<ExactPass> => {
  const facts = factsOf(session);
  switch (engine.kind) {
    case 'qemu':
      return exactPass(session, facts, engine);
    case 'perf':
      return unblamed(await totalsPass(session, facts, engine));
    case 'cover':
      return unblamed(await callsPass(session, facts, instead));
  }
};

/** From the judged windows of base: what a request costs natively. */
const factsOf = (session: Session): ExactFacts => {
  const pairs = session.launches.flatMap((launch) => launch.pairs.filter(({ phase }) => phase === 'cost'));
  return {
    cpuNsPerRequest: counterPerRequest(pairs, 'base', 'cpuNs') ?? null,
    allocBytesPerRequest: counterPerRequest(pairs, 'base', 'allocBytes') ?? null,
    memoryBytes: totalmem(),
  };
};

/** Exact counts that found a change have named its function: no samples need to be collected for it. */
const isNamedExactly = ({ plan }: Session, { exact }: Progress): boolean =>
  plan.scenario.measure.explain && exact !== null && exact.culprit !== null;

/** 10,000 couples and the launch around them. */
const growthSeconds = ({ pace }: Progress): number => (pace === null ? Infinity : 10_000 / pace.couplesPerSecond + 4);

/** Judged launches count, too: their profiles are read with the others. */
const hasSamples = ({ launches, plan }: Session): boolean =>
  SIDES.every(
    (side) => launches.reduce((sum, launch) => sum + cpuSamples(launch, side, plan.outDir), 0) >= EXPLAIN_SAMPLES,
  );
