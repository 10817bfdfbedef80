/**
 * One launch under Linux perf: what C and the kernel take of a request, which Go's own profiler does not see. Both sides
 * are sent the same requests in turn, one by one, as in judged launches, so that what else the machine does meets both.
 * Unjudged: nobody is timed while perf samples, and whatever goes wrong with it costs what it would have told.
 */
import { readlinkSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GodynoError } from '../../errors.ts';
import { readGoTables } from '../../exact/index.ts';
import { folderOf, makeFolder } from '../../folders.ts';
import { bothSides, type Launch, type LaunchSide, type Pair, type Side, SIDES } from '../../model/index.ts';
import { type GoProgram, PerfError, perfProfile } from '../../perf/index.ts';
import { encodeProfile } from '../../profile/index.ts';
import { launchHead } from './launch-head.ts';
import { type PerfFound, type Sampling, startSampling } from './perf-tool.ts';
import { attachLoader, type LaunchSpec, type LivePair, type LiveSide, withLivePair } from './running-pair.ts';
import type { Session } from '../session/session.ts';
import { warmUp } from './warm-up.ts';
import { measurePair, restPoint } from './windows.ts';

/** Together some 3,000 samples of a side. */
const WINDOWS = 2;
const WINDOW_SECONDS = 2.4;

type Span = readonly [startNs: number, endNs: number];

interface Sampled {
  readonly pairs: readonly Pair[];
  /** Of each window, by the clock that perf was told to use. */
  readonly spans: readonly Span[];
  readonly tool: PerfFound;
}

const nowNs = (): number => Number(process.hrtime.bigint());

const sampleWindows = async (session: Session, live: LivePair): Promise<Pick<Sampled, 'pairs' | 'spans'>> => {
  const { loader, schedule } = live.place.lane;
  const { inFlight } = session.settings;
  const pairs: Pair[] = [];
  const spans: Span[] = [];
  let at = await restPoint(live);
  for (let index = 0; index < WINDOWS; index++) {
    const measured = await measurePair(session, live, at, { index, phase: 'cost' }, async () => {
      const startNs = nowNs();
      const load = await loader.couples({ first: schedule.next, seconds: WINDOW_SECONDS, inFlight });
      spans.push([startNs, nowNs()]);
      return load;
    });
    pairs.push(measured.pair);
    at = measured.end;
    if (measured.gaveUp) break;
  }
  return { pairs, spans };
};

/** undefined: a window has none. */
const cpuNsOf = (pairs: readonly Pair[], side: Side): number | undefined =>
  pairs.reduce<number | undefined>((sum, pair) => {
    const { cpuNs } = pair[side].counters;
    return sum === undefined || cpuNs === undefined ? undefined : sum + cpuNs;
  }, 0);

type GoNames = Pick<GoProgram, 'functions' | 'functionAt'>;

const NO_NAMES: GoNames = { functions: null, functionAt: () => null };

/** By Go's own tables, which are in programs without symbols, too; where they are not understood, by the looks of names. */
const goNames = (program: string, { tellsPlaces }: PerfFound): GoNames => {
  try {
    const tables = readGoTables(program);
    const asLinked = tables.codeStart - tables.codeOffset;
    return {
      functions: tables.names(),
      functionAt: (place) => (tellsPlaces ? (tables.functionAt(place + asLinked)?.name ?? null) : null),
    };
  } catch (error) {
    if (!(error instanceof GodynoError)) throw error;
    return NO_NAMES;
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
  { pairs, spans, tool }: Sampled,
): Promise<Kept> => {
  const requests = pairs.reduce((sum, pair) => sum + pair[side].answered, 0);
  const cpuNs = cpuNsOf(pairs, side);
  const program = programOf(sides[side]);
  const { profile } = perfProfile(text, { file: program, ...goNames(program, tool), spans });
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

/** The service is gone, or the disk is full. */
const isSystemError = (error: unknown): error is Error => error instanceof Error && 'syscall' in error;

/** Nothing, with a note, where it says nothing. */
const readSide = async (
  session: Session,
  live: LivePair,
  side: Side,
  sampling: Sampling,
  sampled: Sampled,
): Promise<Kept> => {
  const ended = await sampling.end();
  try {
    if ('text' in ended) return await keep(session, live, side, ended.text, sampled);
    session.notes.add(notTold(side, ended.reason));
  } catch (error) {
    if (!(error instanceof PerfError) && !isSystemError(error)) throw error;
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

/** What was begun is ended, whatever becomes of the load. */
const whileSampling = async <T>(
  session: Session,
  live: LivePair,
  use: (samplings: ReadonlyMap<Side, Sampling>) => Promise<T>,
): Promise<T> => {
  const begun = new Map<Side, Sampling>();
  try {
    for (const side of SIDES) begun.set(side, await sampleSide(session, live, side));
    return await use(begun);
  } finally {
    for (const sampling of begun.values()) await sampling.stop();
  }
};

/** Of both sides what was kept of the samples. */
const sampleAndRead = async (session: Session, live: LivePair, tool: PerfFound) =>
  whileSampling(session, live, async (samplings) => {
    const sampled = { ...(await sampleWindows(session, live)), tool };
    const kept = new Map<Side, Kept>();
    for (const [side, sampling] of samplings) kept.set(side, await readSide(session, live, side, sampling, sampled));
    return { pairs: sampled.pairs, kept };
  });

export const perfLaunch = async (session: Session, place: LaunchSpec, tool: PerfFound): Promise<Launch> => {
  const startedMs = performance.now();
  try {
    return await withLivePair(session, place, async (live) => {
      await attachLoader(session, live, session.settings.inFlight);
      const { warmup } = await warmUp(session, live);
      const { pairs, kept } = await sampleAndRead(session, live, tool);
      return {
        ...launchHead(place, live, 'perf', startedMs),
        warmup,
        pairs,
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
