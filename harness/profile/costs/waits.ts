/**
 * Whose waiting it is. Of what a block or mutex profile holds, only a part is a request's: its handler's own, and that of
 * goroutines it started. The rest is the server's (net/http waits for its background read once the client has its answer)
 * or goes on in the background, and grows with the clock.
 */
import { collapseGenerics, isRuntime, outerFunction, packageOf } from '../columns/names.ts';
import type { Profile } from '../columns/profile.ts';
import { valueColumn } from '../columns/value-types.ts';
import { keepSamples } from './filter.ts';

/**
 * `handler`: below the frame that serves a request. `child`: a goroutine that one started. `server`: the server's own, no
 * handler is running. `background`: all else, idle loops above all.
 */
export type Waiting = 'handler' | 'child' | 'server' | 'background';

/** net/http's server (HTTP/1 and 2), fasthttp's workers, gRPC's streams: what is below them works for a request. */
const REQUEST_FRAMES: ReadonlySet<string> = new Set([
  'net/http.(*conn).serve',
  'net/http.(*http2serverConn).runHandler',
  // Go 1.27 and newer.
  'net/http/internal/http2.(*serverConn).runHandler',
  'golang.org/x/net/http2.(*serverConn).runHandler',
  'github.com/valyala/fasthttp.(*Server).serveConn',
  'github.com/valyala/fasthttp.(*workerPool).workerFunc',
  'google.golang.org/grpc.(*Server).handleStream',
]);

/**
 * Around requests: reading ahead to notice a client that goes away, waiting for that to end, and HTTP/2's loop of a
 * connection, which begins below the frame of HTTP/1.
 */
const SERVER_FRAMES: ReadonlySet<string> = new Set([
  'net/http.(*connReader).abortPendingRead',
  'net/http.(*connReader).backgroundRead',
  'net/http.(*http2serverConn).serve',
  'net/http/internal/http2.(*serverConn).serve',
  'golang.org/x/net/http2.(*serverConn).serve',
]);

/** Packages of Go that start goroutines of their own, which outlive or only watch the call that started them. */
const GO_STARTS = /^(?:context|crypto|database|internal|io|net|os|runtime|sync|time|vendor)(?:\/|$)/;

const LOCK = /^(?:internal\/)?sync\.\(\*(?:RW)?Mutex\)\.(?:rl|rL|RL|l|L)ock/;

interface Frames {
  readonly names: readonly string[];
  /** Functions of sample `i`, innermost first. */
  readonly of: (i: number) => readonly number[];
}

const framesOf = ({ functions, locations, samples, strings }: Profile): Frames => ({
  names: Array.from(functions.name, (name) => collapseGenerics(strings[name] ?? '')),
  of: (i) => {
    const found: number[] = [];
    for (let at = samples.stackStart[i] ?? 0; at < (samples.stackStart[i + 1] ?? 0); at++) {
      const location = samples.stack[at] ?? 0;
      for (let line = locations.lineStart[location] ?? 0; line < (locations.lineStart[location + 1] ?? 0); line++)
        found.push(locations.lineFunction[line] ?? 0);
    }
    return found;
  },
});

const isServing = (name: string): boolean => REQUEST_FRAMES.has(name);

/** Names of the functions that were seen below the frame of a request: what they start works for requests, too. */
export const servingFunctions = (profiles: readonly Profile[]): ReadonlySet<string> => {
  const found = new Set<string>();
  for (const profile of profiles) {
    const { names, of } = framesOf(profile);
    for (let i = 0; i < profile.samples.count; i++) {
      const frames = of(i);
      const serving = frames.findLastIndex((frame) => isServing(names[frame] ?? ''));
      for (const frame of frames.slice(0, Math.max(0, serving))) found.add(names[frame] ?? '');
    }
  }
  return found;
};

/** The function of the service in which a goroutine, or a part of it, was written, if it is known to work for requests. */
const isStartedBy = (name: string, serving: ReadonlySet<string>): boolean => {
  const outer = outerFunction(name);
  return outer !== null && serving.has(outer) && !GO_STARTS.test(packageOf(outer));
};

/** Of every sample, where `serving` are the functions known to work for requests ({@link servingFunctions}). */
export const waitingOf = (profile: Profile, serving: ReadonlySet<string>): readonly Waiting[] => {
  const { names, of } = framesOf(profile);
  const isChild = names.map((name) => isStartedBy(name, serving));
  return Array.from({ length: profile.samples.count }, (_, i): Waiting => {
    const frames = of(i);
    if (frames.some((frame) => SERVER_FRAMES.has(names[frame] ?? ''))) return 'server';
    const waitsIn = frames.find((frame) => !isRuntime(names[frame] ?? ''));
    // A worker that waits for its next connection.
    if (waitsIn !== undefined && isServing(names[waitsIn] ?? '')) return 'server';
    if (frames.some((frame) => isServing(names[frame] ?? ''))) return 'handler';
    return frames.some((frame) => isChild[frame] === true) ? 'child' : 'background';
  });
};

/** Only the waiting of requests, and of what they started. */
export const requestWaits = (profile: Profile, serving: ReadonlySet<string>): Profile =>
  keepSamples(
    profile,
    Uint8Array.from(waitingOf(profile, serving), (whose) => Number(whose === 'handler' || whose === 'child')),
  );

/** Only where a `sync.Mutex` or `RWMutex` is waited for. */
export const lockWaits = (profile: Profile): Profile => {
  const { names, of } = framesOf(profile);
  const isLock = (i: number): boolean => {
    const frames = of(i);
    const waitsIn = frames.findIndex((frame) => !isRuntime(names[frame] ?? ''));
    return frames.slice(0, waitsIn < 0 ? frames.length : waitsIn).some((frame) => LOCK.test(names[frame] ?? ''));
  };
  return keepSamples(
    profile,
    Uint8Array.from({ length: profile.samples.count }, (_, i) => Number(isLock(i))),
  );
};

/** A part of a profile that is no request's, in the profile's unit. */
export interface WaitApart {
  readonly whose: 'server' | 'background';
  /** Where it waits, or what holds the lock: outside of Go's runtime. */
  readonly function: string;
  readonly delayNs: number;
}

/** What {@link requestWaits} leaves out, by function, the longest first. */
export const waitsApart = (profile: Profile, serving: ReadonlySet<string>): readonly WaitApart[] => {
  const { names, of } = framesOf(profile);
  const delays = valueColumn(profile, 'delay');
  const found = new Map<string, WaitApart>();
  for (const [i, whose] of waitingOf(profile, serving).entries()) {
    if (whose !== 'server' && whose !== 'background') continue;
    const frames = of(i);
    const name = names[frames.find((frame) => !isRuntime(names[frame] ?? '')) ?? frames.at(-1) ?? 0] ?? '';
    const known = found.get(`${whose} ${name}`)?.delayNs ?? 0;
    found.set(`${whose} ${name}`, { whose, function: name, delayNs: known + (delays[i] ?? 0) });
  }
  return [...found.values()].toSorted((one, other) => other.delayNs - one.delayNs);
};
