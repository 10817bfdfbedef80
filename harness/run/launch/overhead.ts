/** A launch that tells what one profiler costs: it runs on head, nothing runs on base, and the code of both is one program. */
import { type BySide, bothSides, type Launch, type Profiler, type Side } from '../../model/index.ts';
import type { JudgedLaunch } from './judged.ts';
import { costWindows, finishSides } from './judged.ts';
import { launchHead } from './launch-head.ts';
import { attachLoader, type LaunchSpec, type LivePair, withLivePair } from './running-pair.ts';
import type { Session } from '../session/session.ts';
import { askBoth, collectBoth, warmUp } from './warm-up.ts';

/** As in judged launches: Go's own rate, one contention in ten, waits from 10 µs on. */
const HEAP_RATE_BYTES = 512 << 10;
const MUTEX_FRACTION = 10;
const BLOCK_NS = 10_000;
/** The service's memory is not ours. */
const MOST_TRACE_BYTES = 64 << 20;

const NOTHING = { mutex: 0, blockNs: 0 } as const;

const ratesOf = (profiler: Profiler) => ({
  mutex: profiler === 'mutex' ? MUTEX_FRACTION : 0,
  blockNs: profiler === 'block' ? BLOCK_NS : 0,
});

const begin = async (live: LivePair, profiler: Profiler): Promise<void> => {
  const { agent } = live.sides.head;
  if (profiler === 'cpu') await agent.startCpuProfile();
  if (profiler === 'trace') await agent.startTrace(MOST_TRACE_BYTES);
};

const end = async (live: LivePair, side: Side, profiler: Profiler): Promise<void> => {
  if (side === 'base') return;
  const { agent } = live.sides.head;
  if (profiler === 'cpu') await agent.stopCpuProfile();
  if (profiler === 'trace') await agent.stopTrace();
};

export const overheadLaunch = async (session: Session, at: LaunchSpec, profiler: Profiler): Promise<JudgedLaunch> => {
  const startedMs = performance.now();
  const heapRateBytes: BySide<number> = { base: 0, head: profiler === 'heap' ? HEAP_RATE_BYTES : 0 };
  const place: LaunchSpec = { ...at, heapRateBytes };
  return withLivePair(session, place, async (live) => {
    await attachLoader(session, live, session.settings.inFlight);
    await askBoth(live, async (side) => live.sides[side].agent.setRates(side === 'head' ? ratesOf(profiler) : NOTHING));
    const warmed = await warmUp(session, live);
    const firstRequest = place.lane.schedule.next;
    await begin(live, profiler);
    const captures = bothSides((side) => ({
      endCpu: async () => end(live, side, profiler),
      refs: () => ({}),
    }));
    const cost = await costWindows(session, live, captures);
    const requests = place.lane.schedule.next - firstRequest;
    const left = { base: null, head: null };
    const collected = await collectBoth(live);
    const launch: Launch = {
      ...launchHead(place, live, 'judged', startedMs),
      warmup: warmed.warmup,
      pairs: cost.pairs,
      sides: finishSides(live, captures, warmed, { requests, cost: cost.pairs, left, collected }),
    };
    return { launch, pace: cost.pace };
  });
};
