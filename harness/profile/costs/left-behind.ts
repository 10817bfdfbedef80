/** Goroutines that requests leave behind: in two censuses with no request in flight, which were there both times, and more. */
import type { GoroutineText } from '../columns/goroutine.ts';
import { collapseGenerics, isAgent, outerFunction } from '../columns/names.ts';
import type { LeftBehind, TextFrame } from '../../model/index.ts';

/** A connection between two requests: the server's goroutine without a handler. */
const CONNECTION = /^(?:net\/http\.\(\*conn\)\.serve|github\.com\/valyala\/fasthttp\.\(\*workerPool\)\.workerFunc)$/;
const HANDLER = 'net/http.serverHandler.ServeHTTP';

const isServers = ({ frames }: GoroutineText): boolean =>
  frames.some((frame) => CONNECTION.test(frame.function)) && !frames.some((frame) => frame.function === HANDLER);

const isAgents = ({ frames, createdBy }: GoroutineText): boolean =>
  frames.some((frame) => isAgent(frame.function)) || (createdBy !== null && isAgent(createdBy.function));

const isWaiting = ({ state }: GoroutineText): boolean => state !== 'running' && state !== 'runnable';

/** The same in two builds: adding a closure renumbers the others. */
const nameOf = (frame: TextFrame | null): string => {
  const name = collapseGenerics(frame?.function ?? '');
  return outerFunction(name) ?? name;
};

/** What two stacks have in common when they are one place of the program, in two builds as well. */
export const stackKey = ({ state, frames, createdBy }: Pick<LeftBehind, 'state' | 'frames' | 'createdBy'>): string =>
  [state, ...frames.map(nameOf), nameOf(createdBy)].join('\n');

const counted = (goroutines: readonly GoroutineText[]): ReadonlyMap<string, readonly GoroutineText[]> =>
  Map.groupBy(
    goroutines.filter((each) => isWaiting(each) && !isAgents(each) && !isServers(each)),
    stackKey,
  );

/** Stacks with more goroutines in the later census than in the earlier one, some of which were there both times. */
export const leftBehind = (
  earlier: readonly GoroutineText[],
  later: readonly GoroutineText[],
): readonly LeftBehind[] => {
  const before = counted(earlier);
  return [...counted(later)].flatMap(([stack, goroutines]): readonly LeftBehind[] => {
    const known = before.get(stack) ?? [];
    const ids = new Set(known.map(({ id }) => id));
    const stayed = goroutines.filter(({ id }) => ids.has(id)).length;
    const gained = goroutines.length - known.length;
    const [first] = goroutines;
    if (first === undefined || stayed === 0 || gained <= 0) return [];
    const { state, frames, createdBy } = first;
    const waitMinutes = Math.max(...goroutines.map((each) => each.waitMinutes));
    return [{ state, frames, createdBy, count: goroutines.length, gained, stayed, waitMinutes }];
  });
};
