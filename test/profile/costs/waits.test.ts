import { describe, expect, test } from 'vitest';
import {
  decodeProfile,
  lockWaits,
  type Profile,
  requestWaits,
  servingFunctions,
  valueColumn,
  waitsApart,
} from '../../../harness/profile/index.ts';
import { encodePacked } from '../format/pprof.proto.ts';

type Stack = readonly [delayNs: number, ...frames: string[]];

/** A block profile of stacks, leaf first. */
const blockProfile = (...stacks: readonly Stack[]): Profile => {
  const names = [...new Set(stacks.flatMap(([, ...frames]) => frames))];
  const stringTable = ['', 'contentions', 'count', 'delay', 'nanoseconds', ...names];
  return decodeProfile(
    encodePacked({
      stringTable,
      sampleType: [
        { type: 1, unit: 2 },
        { type: 3, unit: 4 },
      ],
      function: names.map((_, i) => ({ id: i + 1, name: i + 5, systemName: i + 5 })),
      location: names.map((_, i) => ({ id: i + 1, line: [{ functionId: i + 1, line: 1 }] })),
      sample: stacks.map(([delayNs, ...frames]) => ({
        locationId: frames.map((frame) => names.indexOf(frame) + 1),
        value: [1, delayNs],
      })),
    }),
    'made',
  );
};

const SERVE = ['net/http.serverHandler.ServeHTTP', 'net/http.(*conn).serve', 'net/http.(*Server).Serve.gowrap3'];
const HANDLER: Stack = [10, 'runtime.chanrecv1', 'main.gather', 'main.(*shop).quote', ...SERVE];

const delays = (profile: Profile): readonly number[] => [...valueColumn(profile, 'delay')];
const ofRequests = (...stacks: readonly Stack[]): readonly number[] => {
  const profile = blockProfile(HANDLER, ...stacks);
  return delays(requestWaits(profile, servingFunctions([profile]))).slice(1);
};

describe('the waiting of requests', () => {
  test.each<readonly [string, ...string[]]>([
    ['a closure of a function below a request', 'runtime.chansend1', 'main.gather.func1'],
    ['one of a generic function', 'runtime.chansend1', 'main.gather.func1.2'],
    ['a call with arguments that one starts', 'sync.(*Mutex).Lock', 'main.price', 'main.(*shop).quote.gowrap1'],
    [
      'one that errgroup started',
      'runtime.chanrecv1',
      'main.gather.func2',
      'golang.org/x/sync/errgroup.(*Group).Go.func1',
    ],
  ])('holds that of a goroutine: %s', (_, ...frames) => {
    expect(ofRequests([7, ...frames])).toEqual([7]);
  });

  test.each<readonly [string, ...string[]]>([
    ['a loop that main started', 'runtime.selectgo', 'main.poll', 'main.main.gowrap1'],
    ['a closure of a function that serves no request', 'runtime.chanrecv1', 'main.serve.func1'],
    [
      "net/http's wait for its background read",
      'sync.(*Cond).Wait',
      'net/http.(*connReader).abortPendingRead',
      ...SERVE,
    ],
    ['that read', 'sync.(*Mutex).Lock', 'net/http.(*connReader).backgroundRead', 'main.gather.gowrap1'],
    ['an idle worker of fasthttp', 'runtime.chanrecv2', 'github.com/valyala/fasthttp.(*workerPool).workerFunc'],
    [
      "HTTP/2's loop of a connection",
      'runtime.selectgo',
      'net/http.(*http2serverConn).serve',
      'net/http.(*conn).serve',
    ],
  ])('does not hold %s', (_, ...frames) => {
    expect(ofRequests([7, ...frames])).toEqual([]);
  });

  test('does not hold goroutines of net/http that a handler starts: they outlive it', () => {
    const dial: Stack = [3, 'runtime.selectgo', 'net/http.(*Transport).dial', 'main.call', ...SERVE];
    const idle: Stack = [
      7,
      'runtime.selectgo',
      'net/http.(*persistConn).writeLoop',
      'net/http.(*Transport).dial.gowrap3',
    ];
    expect(ofRequests(dial, idle)).toEqual([3]);
  });

  test('is told of goroutines by what another profile knows of functions below requests', () => {
    const child = blockProfile([7, 'sync.(*Mutex).Lock', 'main.gather.func1']);
    expect(delays(requestWaits(child, servingFunctions([child])))).toEqual([]);
    expect(delays(requestWaits(child, servingFunctions([child, blockProfile(HANDLER)])))).toEqual([7]);
  });

  test('for locks is that part of it which waits in Lock and RLock', () => {
    const profile = blockProfile(
      HANDLER,
      [2, 'sync.(*Mutex).Lock', 'main.a', ...SERVE],
      [3, 'internal/sync.(*Mutex).lockSlow', 'sync.(*Mutex).Lock', 'main.a', ...SERVE],
      [5, 'sync.(*RWMutex).RLock', 'main.a', ...SERVE],
      [7, 'sync.(*WaitGroup).Wait', 'main.a', ...SERVE],
    );
    expect(delays(lockWaits(profile))).toEqual([2, 3, 5]);
  });
});

test('what is no request’s is told by where it waits, the longest first', () => {
  const profile = blockProfile(
    HANDLER,
    [2, 'runtime.selectgo', 'main.poll', 'main.main.gowrap1'],
    [3, 'runtime.chanrecv1', 'main.poll', 'main.main.gowrap1'],
    [9, 'sync.(*Cond).Wait', 'net/http.(*connReader).abortPendingRead', ...SERVE],
  );
  expect(waitsApart(profile, servingFunctions([profile]))).toEqual([
    { whose: 'server', function: 'net/http.(*connReader).abortPendingRead', delayNs: 9 },
    { whose: 'background', function: 'main.poll', delayNs: 5 },
  ]);
});
