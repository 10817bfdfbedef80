/** Failed, lost and timed-out requests: decided before any cost is compared. */
import type {
  BySide,
  FailedRequest,
  Pair,
  ScenarioComparison,
  ScenarioRun,
  ShownFailure,
  Window,
} from '../../model/index.ts';
import { bothSides } from '../../model/index.ts';

export interface Failures {
  readonly planned: number;
  readonly failed: number;
  readonly lost: number;
  readonly timedOut: number;
  readonly status: Readonly<Record<string, number>>;
}

/** Fewer cannot be told from a hiccup of the host, whatever their share. */
const FEWEST_FAILURES = 3;

const NONE: Failures = { planned: 0, failed: 0, lost: 0, timedOut: 0, status: {} };

const add = (sum: Failures, window: Window): Failures => ({
  planned: sum.planned + window.planned,
  failed: sum.failed + window.failed,
  lost: sum.lost + window.lost,
  timedOut: sum.timedOut + window.timedOut,
  status:
    window.failed === 0
      ? sum.status
      : Object.entries(window.failedStatus).reduce<Record<string, number>>(
          (all, [code, count]) => ({ ...all, [code]: (all[code] ?? 0) + count }),
          { ...sum.status },
        ),
});

/**
 * Windows of judged launches, those discarded for their cost too: a service that stops answering cuts its windows short
 * and shows nowhere else. At a steady rate an overload cuts them short, so discarded latency windows do not count.
 */
const judgedPairs = (run: ScenarioRun): readonly Pair[] =>
  run.launches.flatMap(({ stage, pairs }) => {
    if (stage === 'judged') return pairs;
    return stage === 'latency' ? pairs.filter(({ discarded }) => discarded === null) : [];
  });

export const failuresOf = (run: ScenarioRun): BySide<Failures> => {
  const pairs = judgedPairs(run);
  return bothSides((side) => pairs.reduce((sum, pair) => add(sum, pair[side]), NONE));
};

export const failureCount = (failures: Failures): number => failures.failed + failures.lost + failures.timedOut;

/** Share of planned requests without a right answer; 0 when nothing was planned. */
export const failureRatio = (failures: Failures): number =>
  failures.planned > 0 ? failureCount(failures) / failures.planned : 0;

/** Whether one side fails too often to be compared by cost. `limitRatio`: share of the planned requests. */
export const isFailing = (failures: Failures, limitRatio: number): boolean =>
  failureCount(failures) >= FEWEST_FAILURES && failureRatio(failures) >= limitRatio;

/** E.g. `312 of 4000 requests failed (500 × 312)`. */
export const describeFailures = (failures: Failures): string => {
  const parts = [
    ...Object.entries(failures.status).map(([code, count]) => `status ${code} × ${count}`),
    ...(failures.lost > 0 ? [`connection lost × ${failures.lost}`] : []),
    ...(failures.timedOut > 0 ? [`timed out × ${failures.timedOut}`] : []),
  ];
  const count = `${failureCount(failures)} of ${failures.planned} requests`;
  return parts.length > 0 ? `${count} (${parts.join(', ')})` : count;
};

/** Enough to see why; all of them are in run.json. */
const MOST_SHOWN = 8;

/** Request numbers differ from side to side, since only the first of a kind is kept. */
const isAlike = (one: FailedRequest, other: FailedRequest): boolean =>
  one.route === other.route && one.how === other.how && one.body === other.body;

const shown = (failed: readonly FailedRequest[]): readonly ShownFailure[] =>
  failed.flatMap((request, index) => {
    const others = failed.filter((other) => other.side !== request.side && isAlike(request, other));
    if (others.some((other) => failed.indexOf(other) < index)) return [];
    const { side, route, request: line, how, body } = request;
    return [{ side: others.length > 0 ? 'both' : side, route, request: line, how, body }];
  });

/** What the first failed requests met; nothing where only warm-up or exact mode met any. */
export const failedRequestsOf = (run: ScenarioRun): Pick<ScenarioComparison, 'failedRequests'> => {
  const { base, head } = failuresOf(run);
  const failedRequests = shown(run.failedRequests ?? []).slice(0, MOST_SHOWN);
  return failedRequests.length === 0 || failureCount(base) + failureCount(head) === 0 ? {} : { failedRequests };
};
