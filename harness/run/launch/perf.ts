/**
 * One launch under Linux perf: what C and the kernel take of a request, which Go's own profiler does not see. Both sides
 * live, and one at a time is sent the same requests, in the order A B B A, so that what drifts meets both. Unjudged: nobody
 * is timed while perf samples, and whatever goes wrong with it costs what it would have told.
 */
import { readlinkSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readSideEdge, sideWindow } from '../../capture/index.ts';
import { GodynoError } from '../../errors.ts';
import { readGoTables } from '../../exact/index.ts';
import { folderOf, makeFolder } from '../../folders.ts';
import {
  bothSides,
  type BySide,
  type Launch,
  type LaunchSide,
  otherSide,
  type Side,
  SIDES,
} from '../../model/index.ts';
import { PerfError, perfProfile } from '../../perf/index.ts';
import { encodeProfile } from '../../profile/index.ts';
import { launchHead } from './launch-head.ts';
import { type Sampling, startSampling } from './perf-tool.ts';
import { attachLoader, type LaunchSpec, type LivePair, type LiveSide, withLivePair } from './running-pair.ts';
import type { Session } from '../session/session.ts';
import { answersPerSecond, askBoth, warmUp } from './warm-up.ts';

/** Two turns of each side: some 4,000 samples of one that is busy. */
const TURN_SECONDS = 1.2;
const PACE_SECONDS = 0.2;
const FEWEST_REQUESTS = 20;
const LONGEST_TURN_SECONDS = 4;
/** One that waits for its next request goes to sleep and is woken each time, in the kernel. */
const BUSY_IN_FLIGHT = 2;

/** Of one side: what it was sent while it was sampled. */
interface Turns {
  requests: number;
  /** undefined: a turn has none. */
  cpuNs: number | undefined;
  readonly spans: [startNs: number, endNs: number][];
}

const nowNs = (): number => Number(process.hrtime.bigint());

/** Of the slower side, so that both have the same requests in each turn. */
const requestsPerTurn = async ({ place }: LivePair, inFlight: number): Promise<number> => {
  const { loader, schedule } = place.lane;
  const paced = await loader.contention({ first: schedule.next, seconds: PACE_SECONDS, inFlight });
  schedule.next = paced.next;
  const perSecond = answersPerSecond([paced.base, paced.head], paced.wallSeconds);
  return Math.ceil(Math.max(FEWEST_REQUESTS, perSecond * TURN_SECONDS));
};

const takeTurns = async (live: LivePair, inFlight: number): Promise<BySide<Turns>> => {
  const { loader, schedule } = live.place.lane;
  const turns = bothSides((): Turns => ({ requests: 0, cpuNs: 0, spans: [] }));
  const count = await requestsPerTurn(live, inFlight);
  const first = live.place.firstSide;
  const second = otherSide(first);
  for (const [turn, side] of [first, second, second, first].entries()) {
    const { edge } = live.sides[side];
    const opening = await readSideEdge(edge);
    const startNs = nowNs();
    const sent = { side, first: schedule.next, count, seconds: LONGEST_TURN_SECONDS, inFlight };
    const load = await loader.single(sent);
    const endNs = nowNs();
    const { counters } = sideWindow(opening, await readSideEdge(edge));
    // Both sides of a couple of turns get the same requests.
    if (turn % 2 === 1) schedule.next = load.next;
    const of = turns[side];
    of.requests += load.window.answered;
    of.cpuNs = of.cpuNs === undefined || counters.cpuNs === undefined ? undefined : of.cpuNs + counters.cpuNs;
    of.spans.push([startNs, endNs]);
  }
  return turns;
};

const goFunctions = (binary: string): ReadonlySet<string> | null => {
  try {
    return readGoTables(binary).names();
  } catch (error) {
    if (!(error instanceof GodynoError)) throw error;
    return null;
  }
};

type Kept = Pick<LaunchSide, 'profiles' | 'profiled'>;

const NOTHING: Kept = { profiles: {}, profiled: { requests: 0 } };

/** As it is mapped, whatever links lead to it. */
const programOf = ({ target }: LiveSide): string => readlinkSync(`/proc/${target.servingPids[0]}/exe`);

const keep = async (
  { plan }: Session,
  { place, sides }: LivePair,
  side: Side,
  text: string,
  { requests, cpuNs, spans }: Turns,
): Promise<Kept> => {
  const program = programOf(sides[side]);
  const { profile } = perfProfile(text, { file: program, functions: goFunctions(program), spans });
  const folder = join('profiles', folderOf(plan.scenario.name), side, `launch-${place.index}`);
  const file = join(folder, 'perf.pb.gz');
  await makeFolder(join(plan.outDir, folder));
  await writeFile(join(plan.outDir, file), encodeProfile(profile));
  return {
    profiles: { perf: { file, before: null, requests } },
    profiled: { requests, ...(cpuNs !== undefined && { cpuNs }) },
  };
};

const notTold = (side: Side, why: string): string =>
  `What C and the kernel take of a request is not known on ${side}: ${why}.`;

/** Ends the sampling in any case; nothing, with a note, where it says nothing. */
const readSide = async (
  session: Session,
  live: LivePair,
  side: Side,
  sampling: Sampling,
  turns: Turns,
): Promise<Kept> => {
  const ended = await sampling.end();
  try {
    if ('text' in ended) return await keep(session, live, side, ended.text, turns);
    session.notes.add(notTold(side, ended.reason));
  } catch (error) {
    if (!(error instanceof PerfError)) throw error;
    session.notes.add(notTold(side, error.message));
  }
  return NOTHING;
};

const folderIn = ({ plan }: Session, { index }: LaunchSpec): string => join(plan.workDir, `perf${index}`);

const sampleSide = async (session: Session, live: LivePair, side: Side): Promise<Sampling> => {
  const { place } = live;
  return startSampling({
    pids: live.sides[side].target.servingPids,
    folder: join(folderIn(session, place), side),
    cpus: place.lane.cpus?.loaderCpus ?? null,
    signal: session.plan.signal,
  });
};

export const perfLaunch = async (session: Session, place: LaunchSpec): Promise<Launch> => {
  const startedMs = performance.now();
  const inFlight = Math.max(BUSY_IN_FLIGHT, session.settings.inFlight);
  try {
    return await withLivePair(session, place, async (live) => {
      await attachLoader(session, live, inFlight);
      const { warmup } = await warmUp(session, live);
      const samplings = await askBoth(live, async (side) => sampleSide(session, live, side));
      const turns = await takeTurns(live, inFlight);
      const kept = new Map<Side, Kept>();
      for (const side of SIDES) kept.set(side, await readSide(session, live, side, samplings[side], turns[side]));
      return {
        ...launchHead(place, live, 'perf', startedMs),
        warmup,
        pairs: [],
        sides: bothSides((side) => ({
          pid: live.sides[side].target.servingPids[0],
          growth: null,
          ...(kept.get(side) ?? NOTHING),
        })),
      };
    });
  } finally {
    await rm(folderIn(session, place), { recursive: true, force: true });
  }
};
