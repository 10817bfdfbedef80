/**
 * A launch of windows that send one request name each, by turns: what a name costs by itself, which the mix of all names
 * hides. Unjudged: it informs.
 */
import { bothSides, type Launch, type Pair } from '../../model/index.ts';
import { attachLoader, type LaunchSpec, withLivePair } from './running-pair.ts';
import type { Session } from '../session/session.ts';
import { answersPerSecond, warmUp } from './warm-up.ts';
import { measurePair, restPoint } from './windows.ts';

/** Before its windows: warms the name up and says how many requests a window holds. */
const PACE_SECONDS = 0.06;
const WINDOW_SECONDS = 0.15;
/** As many as CPU is told by (harness/metrics). */
const FEWEST_REQUESTS = 30;
/** A window of a name so slow that it takes more holds fewer, and says nothing of CPU. */
const LONGEST_WINDOW_SECONDS = 2;
/** The names in their order, then backwards: what drifts within a launch is on both halves of each name. */
const ROUNDS = 2;
/** Starting, warming up and stopping. */
const REST_SECONDS = 1.3;

/** What one such launch takes, by the pace of all names together. */
export const routesLaunchSeconds = (names: number, couplesPerSecond: number): number => {
  const window = Math.min(LONGEST_WINDOW_SECONDS, Math.max(WINDOW_SECONDS, FEWEST_REQUESTS / couplesPerSecond));
  return REST_SECONDS + names * (PACE_SECONDS + ROUNDS * window);
};

export const routesLaunch = async (session: Session, place: LaunchSpec): Promise<Launch> => {
  const startedMs = performance.now();
  const { settings, plan } = session;
  const { loader, schedule } = place.lane;
  const { inFlight } = settings;
  const names = plan.scenario.load.requests.map(({ name }) => name);
  // None is the first one, or the last, in every launch.
  const order = names.map((_, at) => (at + place.index) % names.length);
  return withLivePair(session, place, async (live) => {
    await attachLoader(session, live, inFlight);
    const { warmup } = await warmUp(session, live);
    const counts = new Map<number, number>();
    for (const route of order) {
      const paced = await loader.couples({ first: schedule.next, seconds: PACE_SECONDS, inFlight, route });
      schedule.next = paced.next;
      const perSecond = answersPerSecond([paced.base], paced.wallSeconds);
      counts.set(route, Math.ceil(Math.max(FEWEST_REQUESTS, perSecond * WINDOW_SECONDS)));
    }
    const pairs: Pair[] = [];
    let at = await restPoint(live);
    for (const route of [...order, ...order.toReversed()]) {
      const named = { index: pairs.length, phase: 'cost', route: names[route] ?? '' } as const;
      const measured = await measurePair(session, live, at, named, async () =>
        loader.couples({
          first: schedule.next,
          count: counts.get(route) ?? FEWEST_REQUESTS,
          seconds: LONGEST_WINDOW_SECONDS,
          inFlight,
          route,
        }),
      );
      pairs.push(measured.pair);
      at = measured.end;
      if (measured.gaveUp) break;
    }
    return {
      index: place.index,
      stage: 'routes',
      linkSeed: place.linked.linkSeed,
      firstSide: place.firstSide,
      startSeconds: live.startSeconds,
      warmup,
      wallSeconds: (performance.now() - startedMs) / 1000,
      pairs,
      sides: bothSides((side) => ({
        pid: live.sides[side].target.servingPids[0],
        growth: null,
        profiles: {},
        profiled: { requests: 0 },
      })),
    };
  });
};
