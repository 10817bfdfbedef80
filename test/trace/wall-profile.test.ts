import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { encodeProfile } from '../../harness/profile/index.ts';
import { TraceError, wallProfile } from '../../harness/trace/index.ts';
import { apply, seededRandom } from '../profile/format/mutate.ts';
import { traceOf, type Written } from './trace-writer.ts';
import { nsIn, nsOfAll, rowsOf } from './wall-rows.ts';

const FIXTURES = path.resolve(import.meta.dirname, '../fixtures/traces');
const traces = readdirSync(FIXTURES)
  .filter((file) => file.endsWith('.trace'))
  .map((file) => [file.replace('.trace', ''), readFileSync(path.join(FIXTURES, file))] as const);

interface Truth extends Readonly<Record<string, number>> {
  readonly requests: number;
  readonly handlerNs: number;
  readonly latencyNs: number;
}

const PARTS = {
  'main.sleeps': 'sleep',
  'main.computes': 'running',
  'main.locks': 'lock',
  'main.receives': 'channel',
  'main.calls': 'network',
} as const;

/** What the program of test/targets/waits measured with its own clock, beside what its trace says. */
const expectTruth = (trace: Uint8Array, truth: Truth): void => {
  const wall = wallProfile(trace);
  const rows = rowsOf(wall);
  const all = nsOfAll(rows);
  expect(wall.requests).toBe(truth.requests);
  expect(wall.apart.unfinished).toBe(0);
  // Its handlers are less than a request, and what its clients waited for is more.
  expect(all).toBeGreaterThanOrEqual(truth.handlerNs);
  expect(all).toBeLessThanOrEqual(truth.latencyNs);
  for (const [name, state] of Object.entries(PARTS)) {
    const share = nsIn(rows, name) / all;
    expect(Math.abs(share - truth[name]! / truth.handlerNs), `${name} has ${share}`).toBeLessThan(0.03);
    // The rest is waiting for a CPU, and the system calls around it.
    expect(nsIn(rows, name, state) / nsIn(rows, name), `${name} in ${state}`).toBeGreaterThan(0.5);
  }
};

describe('a service whose handlers sleep, compute, lock, receive and call for known times', () => {
  test.each(traces)('has the shares that it measured itself, by the trace of %s', (name, trace) => {
    expectTruth(trace, JSON.parse(readFileSync(path.join(FIXTURES, `${name}.json`), 'utf8')) as Truth);
  });

  test('has them by the trace of the Go of this machine over HTTP/1 and HTTP/2, and the profile opens in go tool pprof', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'wall-'));
    afterAll(() => rmSync(folder, { recursive: true, force: true }));
    const target = path.resolve(import.meta.dirname, '../targets/waits');
    const [binary, trace] = [path.join(folder, 'waits'), path.join(folder, 'trace.out')];
    execFileSync('go', ['build', '-o', binary, '.'], { cwd: target });
    for (const flags of [['-http2'], []]) {
      const said = execFileSync(binary, ['-trace', trace, '-requests', '40', ...flags], { encoding: 'utf8' });
      expectTruth(readFileSync(trace), JSON.parse(said) as Truth);
    }
    const bytes = readFileSync(trace);
    const file = path.join(folder, 'wall.pb.gz');
    execFileSync('tee', [file], { input: encodeProfile(wallProfile(bytes).profile) });
    const top = execFileSync('go', ['tool', 'pprof', '-top', '-cum', '-tagfocus=state=sleep', file], {
      encoding: 'utf8',
    });
    expect(top).toMatch(/main\.sleeps/);
    expect(top).not.toMatch(/main\.locks/);
  });
});

const CONN = 'net/http.(*conn).serve';
const NEXT = `internal/poll.(*FD).Read < bufio.(*Reader).Peek < ${CONN}`;
const HANDLER = `net/http.HandlerFunc.ServeHTTP < net/http.serverHandler.ServeHTTP < ${CONN}`;
const SLEEP = `time.Sleep < main.lookup < ${HANDLER}`;
const WRITE = `syscall.write < net/http.(*response).finishRequest < ${CONN}`;
const AFTER = `sync.(*Cond).Wait < net/http.(*connReader).abortPendingRead < net/http.(*response).finishRequest < ${CONN}`;

/** Goroutine 7 on thread 1 waits for its next request since before the trace; `at` milliseconds. */
const waiting: readonly Written[] = [[0, 'statusStack', 7, 0, 4, NEXT]];
/** A request that comes at 1000 µs, runs for 10, sleeps for 5000, and is answered after 20 more. */
const request: readonly Written[] = [
  [1000, 'unblock', 7, 1, ''],
  [1001, 'start', 7, 2],
  [1011, 'block', 'sleep', SLEEP],
  [6011, 'unblock', 7, 3, ''],
  [6014, 'start', 7, 4],
  [6024, 'enter', 1, WRITE],
  [6034, 'leave'],
];
const nextWait: Written = [6040, 'block', 'network', NEXT];

describe('what is booked to a request', () => {
  test('begins when it has come and ends when its answer is written', () => {
    const wall = wallProfile(traceOf({ 1: [...waiting, ...request, nextWait] }));
    const rows = rowsOf(wall);
    expect(wall.requests).toBe(1);
    expect(nsOfAll(rows)).toBe(5_034_000);
    expect(nsIn(rows, 'main.lookup', 'sleep')).toBe(5_000_000);
    expect(nsIn(rows, 'main.lookup', 'runnable')).toBe(3000);
    expect(nsIn(rows, 'net/http.(*response).finishRequest', 'syscall')).toBe(10_000);
  });

  test('is told by what it was spent on, and pauses of the world beside it: those that the trace holds whole', () => {
    const pauses: readonly Written[] = [
      [2000, 'startWorld'],
      [3000, 'stopWorld', 'GC mark termination', ''],
      [3090, 'startWorld'],
    ];
    const wall = wallProfile(traceOf({ 1: [...waiting, ...request, nextWait], 2: pauses }));
    expect(wall.pausedNs).toBe(90_000);
    expect(wall.spentNs).toMatchObject({ sleep: 5_000_000, syscall: 10_000 });
    expect(Object.values(wall.spentNs).reduce((sum, ns) => sum + ns, 0)).toBe(nsOfAll(rowsOf(wall)));
  });

  test('is nothing that the server does once the client has its answer', () => {
    const after: readonly Written[] = [
      [6040, 'block', 'sync.(*Cond).Wait', AFTER],
      [9040, 'unblock', 7, 5, ''],
      [9041, 'start', 7, 6],
      [9050, 'block', 'network', NEXT],
    ];
    const wall = wallProfile(traceOf({ 1: [...waiting, ...request, ...after] }));
    expect(nsOfAll(rowsOf(wall))).toBe(5_034_000);
    expect(wall.apart.aroundNs).toBe(3_000_000);
  });

  test('is no wait of a connection between two requests, wherever the trace begins and ends', () => {
    const between: readonly Written[] = [
      nextWait,
      [20_040, 'unblock', 7, 5, ''],
      [20_041, 'start', 7, 6],
      [20_050, 'block', 'network', NEXT],
    ];
    const wall = wallProfile(
      traceOf({ 1: [...waiting, ...request, ...between] }, { 1: [[2_000_000, 'status', 7, 0, 4]] }),
    );
    expect(wall.requests).toBe(1);
    expect(nsOfAll(rowsOf(wall))).toBe(5_034_000);
    // The first began before the trace, and the last outlasts it.
    expect(wall.apart.idleNs).toBe(14_000_000);
  });

  test('is nothing of a request that had come before the trace began, or had no answer when it ended', () => {
    const handling: readonly Written[] = [
      [0, 'statusStack', 8, 0, 4, SLEEP],
      [500, 'unblock', 8, 1, ''],
      [501, 'start', 8, 2],
      [520, 'enter', 1, WRITE],
      [530, 'leave'],
      [540, 'block', 'network', NEXT],
    ];
    const wall = wallProfile(
      traceOf({ 1: [...handling, ...waiting.map(([, ...rest]): Written => [600, ...rest]), ...request.slice(0, 3)] }),
    );
    expect(wall.requests).toBe(0);
    expect(rowsOf(wall)).toEqual([]);
    expect(wall.apart.unfinished).toBe(1);
  });

  test('is the whole of two requests that follow each other without a wait', () => {
    const again: readonly Written[] = [
      [6040, 'enter', 2, NEXT],
      [6045, 'leave'],
      [6050, 'block', 'sleep', SLEEP],
      [7050, 'unblock', 7, 5, ''],
      [7051, 'start', 7, 6],
      [7060, 'enter', 3, WRITE],
      [7070, 'leave'],
      [7080, 'block', 'network', NEXT],
    ];
    const wall = wallProfile(traceOf({ 1: [...waiting, ...request, ...again] }));
    expect(wall.requests).toBe(2);
    expect(nsIn(rowsOf(wall), 'main.lookup', 'sleep')).toBe(6_000_000);
  });

  test('is told by its own clock where another thread’s is ahead', () => {
    const [, , block, , ...rest] = request;
    // Woken by thread 2, whose event bears a later time than the start that follows it.
    const threads = {
      1: [...waiting, request[0]!, request[1]!, block!, ...rest, nextWait],
      2: [[6015, 'unblock', 7, 3, '']] as readonly Written[],
    };
    const rows = rowsOf(wallProfile(traceOf(threads)));
    expect(nsIn(rows, 'main.lookup', 'sleep')).toBe(5_004_000);
    expect(nsOfAll(rows)).toBe(5_034_000);
  });

  test('goes on from one generation to the next', () => {
    const first = { 1: [...waiting, ...request.slice(0, 3)] };
    const second = { 1: [[5000, 'status', 7, 0, 4] as Written, ...request.slice(3).map(renumbered), nextWait] };
    const rows = rowsOf(wallProfile(traceOf(first, second)));
    expect(nsIn(rows, 'main.lookup', 'sleep')).toBe(5_000_000);
  });

  const GATHER = `runtime.chanrecv1 < main.gather < ${HANDLER}`;
  /** Goroutine 7 begins 8, which sleeps for 3 ms and wakes it; 7 waits for it at GATHER from 1020 to 4060. */
  const gathering = (end: readonly Written[]): readonly Written[] => [
    ...waiting,
    ...request.slice(0, 2),
    [1010, 'create', 8, 'main.gather.func1', GATHER],
    [1020, 'block', 'chan receive', GATHER],
    [1025, 'start', 8, 1],
    [1030, 'block', 'sleep', 'time.Sleep < main.ask < main.gather.func1'],
    [4030, 'unblock', 8, 2, ''],
    [4035, 'start', 8, 3],
    ...end,
    [4070, 'start', 7, 4],
    [4080, 'enter', 1, WRITE],
    [4090, 'leave'],
    [4100, 'block', 'network', NEXT],
  ];

  test('is told by what a goroutine of its own does while it waits for it', () => {
    const wall = wallProfile(
      traceOf({
        1: gathering([
          [4060, 'unblock', 7, 3, ''],
          [4065, 'destroy'],
        ]),
      }),
    );
    const rows = rowsOf(wall);
    expect(wall.requests).toBe(1);
    expect(nsOfAll(rows)).toBe(3_090_000);
    expect(nsIn(rows, 'main.ask', 'sleep')).toBe(3_000_000);
    expect(nsIn(rows, 'main.gather', 'sleep')).toBe(3_000_000);
    // Until it began to run, and where it ran.
    expect(nsIn(rows, 'main.gather.func1', 'runnable')).toBe(10_000);
    expect(nsIn(rows, 'main.gather.func1', 'running')).toBe(30_000);
    expect(nsIn(rows, 'main.gather', 'channel')).toBe(0);
  });

  test('is its own wait where somebody else ends it', () => {
    const rows = rowsOf(
      wallProfile(
        traceOf({
          1: gathering([
            [4040, 'destroy'],
            [4060, 'unblock', 7, 3, ''],
          ]),
        }),
      ),
    );
    expect(nsIn(rows, 'main.gather', 'channel')).toBe(3_040_000);
    expect(nsIn(rows, 'main.ask')).toBe(0);
    expect(nsOfAll(rows)).toBe(3_090_000);
  });

  test('is helping the collector where it is made to, as well as waiting for it', () => {
    const ALLOCATE = `runtime.mallocgc < main.build < ${HANDLER}`;
    const assisted: readonly Written[] = [
      ...request.slice(0, 2),
      [1011, 'assist', ALLOCATE],
      [1031, 'assisted'],
      [1041, 'enter', 1, WRITE],
      [1050, 'leave'],
      [1060, 'block', 'network', NEXT],
    ];
    const rows = rowsOf(wallProfile(traceOf({ 1: [...waiting, ...assisted] })));
    expect(nsIn(rows, 'main.build', 'GC assist')).toBe(20_000);
  });
});

/** In a new generation the runtime counts a goroutine's steps from one again. */
const renumbered = ([micros, event, ...args]: Written): Written =>
  event === 'unblock' || event === 'start'
    ? [micros, event, args[0]!, Number(args[1]) - 2, ...args.slice(2)]
    : [micros, event, ...args];

describe('traces that cannot be read', () => {
  const whole = traceOf({ 1: [...waiting, ...request, nextWait] });
  const cases: readonly (readonly [string, Uint8Array, RegExp])[] = [
    ['something else', Buffer.from('<html>404 not found</html>'), /does not begin as one/],
    ['nothing', new Uint8Array(), /does not begin as one/],
    ['another format', Buffer.from('go 1.21 trace\0\0\0'), /Go 1\.21 wrote another format/],
    ['a newer one', Buffer.from('go 1.31 trace\0\0\0'), /newer than this godyno/],
    ['one cut in a batch', whole.subarray(0, 60), /announces \d+ bytes more than there are/],
    ['one whose goroutine blocks while it waits', traceOf({ 1: [...waiting, nextWait] }), /thread 1 has no goroutine/],
    [
      'one whose goroutine is woken twice',
      traceOf({ 1: [...waiting, request[0]!, [1001, 'unblock', 7, 2, '']] }),
      /does not fit together/,
    ],
    [
      'one with a goroutine that begins twice',
      traceOf({ 1: [...waiting, [1, 'create', 7, SLEEP, SLEEP]] }),
      /goroutine 7 is begun twice/,
    ],
  ];

  test.each(cases)('%s is refused', (_, bytes, reason) => {
    expect(() => wallProfile(bytes)).toThrow(reason);
    expect(() => wallProfile(bytes)).toThrow(TraceError);
  });

  test.each(traces)('the trace of %s reads or is refused with one message, however it is damaged', (_, trace) => {
    const random = seededRandom(20_261_201);
    let refused = 0;
    for (let round = 0; round < 100; round++) {
      try {
        encodeProfile(wallProfile(apply(new Uint8Array(trace), random)).profile);
      } catch (error) {
        expect(error).toBeInstanceOf(TraceError);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(0);
  });
});
