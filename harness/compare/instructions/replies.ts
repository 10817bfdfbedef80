/**
 * Whether both sides answered the same: the counted requests are equal, so answers that are not tell that the sides did
 * different work. What varies between launches of one side (a random pick, a clock in words) is no ground to judge by.
 */
import type { BySide, ExactLaunch, Replies, ReplyDifference, Side } from '../../model/index.ts';
import { SIDES } from '../../model/index.ts';
import { refusalText } from './refusals.ts';

export interface RepliesCompared {
  /** Different statuses; null where they agree. */
  readonly refusal: string | null;
  readonly differences: readonly ReplyDifference[];
  /** Routes whose answers differ between launches of one side, and so were not compared. */
  readonly varying: readonly string[];
}

const UNKNOWN: RepliesCompared = { refusal: null, differences: [], varying: [] };

/** Fewer launches of a side cannot tell what varies by itself. */
const LEAST_LAUNCHES = 2;

type BySideReplies = BySide<readonly Replies[]>;

const repliesOf = (launches: readonly ExactLaunch[], side: Side): readonly Replies[] =>
  launches.filter((launch) => launch.side === side).flatMap(({ replies }) => (replies === undefined ? [] : [replies]));

/** What the launches of a side answered to request `index`, each once. */
const seen = <T>(replies: readonly Replies[], column: (of: Replies) => readonly T[], index: number): readonly T[] => [
  ...new Set(replies.flatMap((each) => column(each)[index] ?? [])),
];

const isEqual = <T>(left: readonly T[], right: readonly T[]): boolean =>
  left.length === right.length && left.every((value) => right.includes(value));

const statusesOf = ({ status }: Replies): readonly number[] => status;

/** Refused where one side always answers one status and the other does not; where both vary it is chance. */
const refusalOf = (replies: BySideReplies, routes: readonly string[], requests: readonly number[]): string | null => {
  const differing = requests.flatMap((index) => {
    const status = { base: seen(replies.base, statusesOf, index), head: seen(replies.head, statusesOf, index) };
    const bothVary = status.base.length > 1 && status.head.length > 1;
    return bothVary || isEqual(status.base, status.head) ? [] : [{ index, status }];
  });
  const [first] = differing;
  if (first === undefined) return null;
  return refusalText({
    kind: 'status',
    route: routeOf(replies, routes, first.index),
    requests: differing.length,
    planned: requests.length,
    status: first.status,
  });
};

const routeOf = ({ base }: BySideReplies, routes: readonly string[], index: number): string =>
  routes[base[0]?.route[index] ?? -1] ?? '?';

type Column = 'bytes' | 'masked';

/** Requests whose `column` differs between the sides; null where launches of one side differ, too. */
const differingIn = (replies: BySideReplies, column: Column, requests: readonly number[]): readonly number[] | null => {
  const differing: number[] = [];
  for (const index of requests) {
    const [base, head] = SIDES.map((side) => seen<string | number>(replies[side], (each) => each[column], index));
    if (base === undefined || head === undefined || base.length > 1 || head.length > 1) return null;
    if (base[0] !== head[0]) differing.push(index);
  }
  return differing;
};

const compareRoute = (
  replies: BySideReplies,
  route: string,
  requests: readonly number[],
): { readonly difference: ReplyDifference | null; readonly varies: boolean } => {
  const bodies = differingIn(replies, 'masked', requests);
  const lengths = differingIn(replies, 'bytes', requests);
  const differing = new Set([...(bodies ?? []), ...(lengths ?? [])]);
  const [first] = differing;
  return {
    varies: bodies === null,
    difference:
      first === undefined
        ? null
        : {
            route,
            requests: differing.size,
            of: requests.length,
            what: (bodies ?? []).length > 0 ? 'body' : 'length',
            firstBytes: { base: replies.base[0]?.bytes[first] ?? 0, head: replies.head[0]?.bytes[first] ?? 0 },
          },
  };
};

/** `routes`: names of the scenario's requests, in their order. */
export const compareReplies = (launches: readonly ExactLaunch[], routes: readonly string[]): RepliesCompared => {
  const replies = { base: repliesOf(launches, 'base'), head: repliesOf(launches, 'head') };
  if (replies.base.length < LEAST_LAUNCHES || replies.head.length < LEAST_LAUNCHES) return UNKNOWN;
  const all = (replies.base[0]?.route ?? []).map((_route, index) => index);
  const byRoute = Map.groupBy(all, (index) => routeOf(replies, routes, index));
  const compared = [...byRoute].map(([route, requests]) => ({ route, ...compareRoute(replies, route, requests) }));
  return {
    refusal: refusalOf(replies, routes, all),
    differences: compared.flatMap(({ difference }) => difference ?? []),
    varying: compared.flatMap(({ route, varies }) => (varies ? [route] : [])),
  };
};
