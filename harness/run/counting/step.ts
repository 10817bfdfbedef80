/** Exact mode as a step of a run: by which engine, with which facts, in how much time. */
import { totalmem } from 'node:os';
import { isMissing } from '../../exact/index.ts';
import type { CountingEngine } from '../../exact/index.ts';
import { counterPerRequest } from '../../metrics/index.ts';
import type { CountConditions, ExactRun } from '../../model/index.ts';
import { type FoundEngine, type GateState, stepFor } from './engine.ts';
import { alonePass } from './alone.ts';
import { type ExactPass, exactPass } from './emulated.ts';
import { type ExactFacts, refused } from './refusal.ts';
import { callsPass, totalsPass } from './native.ts';
import { countsAtOnce } from './places.ts';
import type { Session } from '../session/session.ts';

/** Exact mode, for a gate in this state; `waits`: only calls can be counted, and no gate has fired. */
export const countFor = async (
  session: Session,
  { engine, noEmulator }: FoundEngine,
  state: GateState,
  known: Pick<ExactFacts, 'modulePath' | 'leaveSeconds' | 'cpuMoved'>,
): Promise<ExactPass | 'waits'> => {
  const step = stepFor(engine, state);
  if (step === 'wait') return 'waits';
  const instead = noEmulator ?? '';
  return step === 'refuse' || isMissing(engine)
    ? unblamed(refused('qemu', instead))
    : countWith(session, engine, instead, { ...factsOf(session), ...known, hasFired: state === 'fired' });
};

/** Only the emulator's counts blame a function. */
const unblamed = (run: ExactRun): ExactPass => ({ run, read: null });

const countWith = async (
  session: Session,
  engine: CountingEngine,
  instead: string,
  facts: ExactFacts,
): Promise<ExactPass> => {
  const { purpose, countAs } = session.plan;
  if (purpose === 'record') return unblamed(await recordCounts(session, engine, facts, instead, countAs));
  switch (engine.kind) {
    case 'qemu':
      return exactPass(session, facts, engine);
    case 'perf':
      return unblamed(await totalsPass(session, facts, engine));
    case 'cover':
      return unblamed(await callsPass(session, facts, instead));
  }
};

/** Only what the emulator counts outlives the machine. */
const recordCounts = async (
  session: Session,
  engine: CountingEngine,
  facts: ExactFacts,
  instead: string,
  countAs: CountConditions | undefined,
): Promise<ExactRun> =>
  engine.kind === 'qemu' ? alonePass(session, facts, engine, countAs) : refused('qemu', instead);

/** Ten launches of the demo with nothing beside them, their builds left out: 26 to 31 s one after the other. */
const EXACT_SECONDS = { inTurn: 30, atOnce: 18 } as const;

/** A judged launch with nothing beside it: the first four of the demo, after which this is asked first (docs/method.md, what a launch costs). */
const QUIET_LAUNCH_SECONDS = 2.6;

/** What counting will take: more where judged launches take more, since the machine is busy or requests are large. */
export const exactSeconds = (session: Session): number => {
  const seconds = countsAtOnce(session) ? EXACT_SECONDS.atOnce : EXACT_SECONDS.inTurn;
  const judged = session.launches.filter(({ stage }) => stage === 'judged').map(({ wallSeconds }) => wallSeconds);
  const meanSeconds = judged.reduce((sum, each) => sum + each, 0) / Math.max(1, judged.length);
  return seconds * Math.max(1, meanSeconds / QUIET_LAUNCH_SECONDS);
};

/** From the judged windows of base: what a request costs natively. */
const factsOf = (session: Session): Omit<ExactFacts, 'leaveSeconds' | 'modulePath' | 'cpuMoved' | 'hasFired'> => {
  const pairs = session.launches.flatMap((launch) => launch.pairs.filter(({ phase }) => phase === 'cost'));
  return {
    cpuNsPerRequest: counterPerRequest(pairs, 'base', 'cpuNs') ?? null,
    allocBytesPerRequest: counterPerRequest(pairs, 'base', 'allocBytes') ?? null,
    memoryBytes: totalmem(),
  };
};
