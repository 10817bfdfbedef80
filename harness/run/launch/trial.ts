/**
 * Each request once on each side before the first judged launch: what only head answers is no load to compare, and is
 * left out on both sides. A change that adds an endpoint adds its request to the scenario in the same commit.
 */
import { firstOfEach } from '../../load/index.ts';
import {
  type BySide,
  bothSides,
  placeholdersOf,
  requestPlaceholder,
  type RequestSpec,
  type Side,
  SIDES,
} from '../../model/index.ts';
import { attachSides, type LaunchSpec, type LivePair, type LiveSide, withLiveSide } from './running-pair.ts';
import type { Lane } from '../session/lane.ts';
import { mixSeed } from '../session/seeds.ts';
import type { Session } from '../session/session.ts';

export interface Tried {
  readonly request: RequestSpec;
  readonly isOk: boolean;
  /** null: no answer. */
  readonly status: number | null;
  readonly bytes: number | null;
  readonly ms: number;
}

/** Base has no such route, or no such method on it (RFC 9110 §15.5.5, §15.5.6, §15.6.2). */
export const UNKNOWN_TO_BASE: ReadonlySet<number | null> = new Set([404, 405, 501]);

/** Nothing of the scenario can be compared: base has none of it. */
export class NothingToCompareError extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'NothingToCompareError';
  }
}

/** Requests of these numbers are never sent again; they fit into 32 bits, which a service may expect of a number. */
const TRIAL_FROM = 1_000_000_000;
/** No schedule has longer blocks. */
const NEXT_TRIAL = 2000;

/** Sends one request of each route; the lane's loader must be attached to `side`. `again`: how often they were sent before. */
export const tryRequests = async (
  { plan }: Session,
  { loader }: Lane,
  side: Side,
  again = 0,
): Promise<readonly Tried[]> => {
  const { requests, data } = plan.scenario.load;
  const seed = mixSeed(plan.seed, 'schedule');
  const tried: Tried[] = [];
  for (const [route, number] of firstOfEach({ seed, requests, data }, TRIAL_FROM + again * NEXT_TRIAL).entries()) {
    const request = requests[route];
    if (request === undefined) continue;
    const { window, wallSeconds, replies } = await loader.single({
      side,
      first: number,
      count: 1,
      inFlight: 1,
      replies: 'read',
    });
    tried.push({
      request,
      isOk: window.answered === 1 && window.failed === 0,
      status: replies?.status[0] ?? null,
      bytes: replies?.bytes[0] ?? null,
      ms: wallSeconds * 1000,
    });
  }
  return tried;
};

const textsOf = ({ path, headers, body }: RequestSpec): readonly string[] => [
  path,
  ...Object.values(headers),
  ...(body === null ? [] : typeof body === 'string' ? [body] : body.filter((part) => typeof part === 'string')),
];

const knows = ({ users: [user] }: LiveSide, name: string): boolean =>
  user !== undefined && Object.hasOwn(user.values, name);

/** Values that `prepare` captured on head and not on base: base's own requests before the load are others. */
const missingOnBase = (request: RequestSpec, { base, head }: BySide<LiveSide>): string | null => {
  const names = textsOf(request)
    .flatMap(placeholdersOf)
    .map((written) => requestPlaceholder(written).name);
  return names.find((name) => knows(head, name) && !knows(base, name)) ?? null;
};

interface LeftOut {
  readonly request: RequestSpec;
  readonly why: string;
}

const newOnHead = (base: readonly Tried[], head: readonly Tried[]): readonly LeftOut[] =>
  head.flatMap((onHead, index) => {
    const onBase = base[index];
    if (onBase === undefined || !onHead.isOk || onBase.isOk || !UNKNOWN_TO_BASE.has(onBase.status)) return [];
    const { request, status, bytes, ms } = onHead;
    const figures = `${status}, ${bytes ?? 0} bytes, ${ms.toFixed(1)} ms`;
    return [{ request, why: `base answers ${onBase.status}; head answered ${figures}` }];
  });

const leaveOut = (session: Session, left: readonly LeftOut[]): void => {
  if (left.length === 0) return;
  const { plan } = session;
  const { load } = plan.scenario;
  const requests = load.requests.filter((request) => !left.some((each) => each.request === request));
  if (requests.length === 0) {
    throw new NothingToCompareError(
      `every request is new on head: ${left.map(({ request, why }) => `${request.name} (${why})`).join('; ')}`,
    );
  }
  session.plan = { ...plan, scenario: { ...plan.scenario, load: { ...load, requests } } };
  for (const { request, why } of left) {
    session.notes.add(
      `${request.name} is new on head (${why}): there is nothing to compare it with yet, and both sides are measured without it.`,
    );
  }
};

/** Twice where one answer says that a request is new: one missing row of data is no missing route. */
const settle = async (
  session: Session,
  trySides: (again: number) => Promise<BySide<readonly Tried[]>>,
): Promise<void> => {
  const { base, head } = await trySides(0);
  const suspects = newOnHead(base, head);
  if (suspects.length === 0) return;
  const again = await trySides(1);
  const confirmed = newOnHead(again.base, again.head);
  leaveOut(
    session,
    suspects.filter(({ request }) => confirmed.some((each) => each.request === request)),
  );
};

const isDue = ({ plan, tried }: Session): boolean => plan.purpose === 'compare' && !tried;

/** Connects the loader to both sides; before the first judged launch, with what is new on head left out. */
export const attachTried = async (session: Session, live: LivePair, connections: number): Promise<void> => {
  if (isDue(session)) {
    session.tried = true;
    const { sides, place } = live;
    leaveOut(
      session,
      session.plan.scenario.load.requests.flatMap((request) => {
        const name = missingOnBase(request, sides);
        return name === null ? [] : [{ request, why: `nothing on base gives \${${name}}` }];
      }),
    );
    await attachSides(session, place, sides, 1);
    await settle(session, async (again) => {
      const base = await tryRequests(session, place.lane, 'base', again);
      return { base, head: await tryRequests(session, place.lane, 'head', again) };
    });
  }
  await attachSides(session, live.place, live.sides, connections);
};

/** The same for sides that are never alive together, each started once for it. */
export const tryApart = async (session: Session, place: LaunchSpec): Promise<void> => {
  if (!isDue(session)) return;
  session.tried = true;
  const tryOne = async (side: Side, again: number): Promise<readonly Tried[]> =>
    withLiveSide(session, place, side, 0, async (live) => {
      await attachSides(session, place, { [side]: live }, 1);
      return tryRequests(session, place.lane, side, again);
    });
  await settle(session, async (again) => {
    const tried = new Map<Side, readonly Tried[]>();
    for (const side of SIDES) tried.set(side, await tryOne(side, again));
    return bothSides((side) => tried.get(side) ?? []);
  });
};
