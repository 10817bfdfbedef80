/** Instructions of each route, counted apart after the window: which requests a change is in. */
import { type BySide, bothSides, type CountedCalls } from '../../model/index.ts';
import { median } from '../../stats/index.ts';
import { isApart, range } from '../counts/spread.ts';
import type { LaunchWork } from '../counts/work.ts';

/** A difference smaller than this many times what launches of one side differ by is no change. */
const SURE_TIMES = 3;
/** Nor one below this part of a route's work: fewer requests than a window's say less. */
const LEAST_RATIO = 0.002;
/** What a service does once in a hundred requests is in the count of a dozen on one side, and not on the other's. */
const FEW = { requests: 50, leastRatio: 0.01 } as const;

const perRequest = (launches: readonly Pick<LaunchWork, 'launch'>[], route: number): readonly number[] =>
  launches.flatMap(({ launch: { routes = [] } }) =>
    routes.flatMap((each) => (each.route === route ? [each.instructions / each.requests] : [])),
  );

const leastRatio = (launches: readonly Pick<LaunchWork, 'launch'>[], route: number): number =>
  launches.some(({ launch: { routes = [] } }) =>
    routes.some((each) => each.route === route && each.requests < FEW.requests),
  )
    ? FEW.leastRatio
    : LEAST_RATIO;

/** `names` of the scenario's requests, in their order; empty where a side was not counted so. */
export const countedRoutes = (
  launches: BySide<readonly Pick<LaunchWork, 'launch'>[]>,
  names: readonly string[],
): readonly CountedCalls[] =>
  names.flatMap((name, route) => {
    const counted = bothSides((side) => perRequest(launches[side], route));
    if (counted.base.length === 0 || counted.head.length === 0) return [];
    const [base, head] = [median(counted.base), median(counted.head)];
    const least = Math.max(
      leastRatio(launches.base, route) * base,
      SURE_TIMES * Math.max(range(counted.base), range(counted.head)),
    );
    return [{ name, base, head, isChanged: isApart(counted) && Math.abs(head - base) >= least }];
  });
