import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { leftBehind, parseGoroutines, ProfileError } from '../../../harness/profile/index.ts';

const waiting = (id: number, header = 'chan receive', name = 'main.(*visits).record.func1'): string =>
  [
    `goroutine ${id} [${header}]:`,
    `${name}(0xc000, {0x1, 0x2})`,
    '\t/src/visits.go:34 +0x1f',
    'created by main.(*visits).record in goroutine 12',
    '\t/src/visits.go:34 +0xa5',
    '',
  ].join('\n');

const IDLE = [
  'goroutine 12 [IO wait]:',
  'internal/poll.runtime_pollWait(0x7fca20692000, 0x72)',
  '\t/go/src/runtime/netpoll.go:351 +0x85',
  'net/http.(*conn).serve(0x27427afd8360, {0x79ee80, 0x27427af9f320})',
  '\t/go/src/net/http/server.go:2103 +0x7f3',
  'created by net/http.(*Server).Serve in goroutine 21',
  '\t/go/src/net/http/server.go:3464 +0x485',
  '',
].join('\n');

describe('Go’s text of all goroutines', () => {
  test.each([
    ['chan receive', 'chan receive', 0],
    ['chan receive, 7 minutes', 'chan receive', 7],
    ['select (no cases), 2 minutes, locked to thread', 'select (no cases)', 2],
    ['chan receive (leaked) (scan), 3 minutes', 'chan receive (leaked) (scan)', 3],
  ])('[%s]', (header, state, waitMinutes) => {
    expect(parseGoroutines(waiting(7, header))).toEqual([
      {
        id: 7,
        state,
        waitMinutes,
        frames: [{ function: 'main.(*visits).record.func1', file: '/src/visits.go', line: 34 }],
        createdBy: { function: 'main.(*visits).record', file: '/src/visits.go', line: 34 },
      },
    ]);
  });

  test('has labels behind the state since Go 1.27, and addresses at a higher level of GOTRACEBACK', () => {
    const labelled = waiting(7).replace(']:', '] {tenant: "a]: b"}:');
    const addressed = waiting(8).replace('goroutine 8', 'goroutine 8 gp=0x1 m=nil');
    expect(parseGoroutines(labelled + addressed).map(({ id, state }) => [id, state])).toEqual([
      [7, 'chan receive'],
      [8, 'chan receive'],
    ]);
  });

  test('is refused where a header is none of Go’s, and where it is something else', () => {
    expect(() => parseGoroutines(`${waiting(1)}goroutine x [running]:\nmain.f()\n`)).toThrow(ProfileError);
    expect(() => parseGoroutines('<html>')).toThrow(ProfileError);
  });

  test('of a running program names every goroutine of it, with who started it', () => {
    const program =
      'package main\nimport ("os";"runtime/pprof";"time")\n' +
      'type t[T any] struct{}\nfunc (t[T]) wait(c chan T) { <-c }\n' +
      'func main() { c := make(chan int); for range 3 { go t[int]{}.wait(c) }; time.Sleep(20*time.Millisecond)\n' +
      'pprof.Lookup("goroutine").WriteTo(os.Stdout, 2) }';
    const text = execFileSync('bash', ['-c', 'd=$(mktemp -d); cat > $d/main.go; go run $d/main.go; rm -r $d'], {
      input: program,
      encoding: 'utf8',
    });
    const waits = parseGoroutines(text).filter(({ state }) => state === 'chan receive');
    expect(waits.map(({ frames, createdBy }) => [frames[0]?.function, createdBy?.function])).toEqual(
      Array.from({ length: 3 }, () => ['main.t[...].wait', 'main.main']),
    );
  });
});

describe('what requests leave behind', () => {
  const left = (earlier: string, later: string) => leftBehind(parseGoroutines(earlier), parseGoroutines(later));

  test('are stacks with more goroutines than before, of which some were there both times', () => {
    expect(left(waiting(5), waiting(5) + waiting(8, 'chan receive, 2 minutes'))).toMatchObject([
      { state: 'chan receive', count: 2, gained: 1, stayed: 1, waitMinutes: 2 },
    ]);
  });

  test.each([
    ['one that stays', waiting(5), waiting(5)],
    ['others in its place', waiting(5), waiting(6) + waiting(7)],
    ['what was not there before: it may be about to end', '', waiting(6) + waiting(7)],
    ['one that works', waiting(5, 'running'), waiting(5, 'running') + waiting(6, 'running')],
    ['connections between two requests', IDLE, IDLE + IDLE.replace('12', '13')],
    [
      'godyno’s own agent',
      waiting(5, 'select', 'app/internal/zzgodyno.serve'),
      waiting(5, 'select', 'app/internal/zzgodyno.serve') + waiting(6, 'select', 'app/internal/zzgodyno.serve'),
    ],
  ])('are not %s', (_, earlier, later) => {
    expect(left(earlier, later)).toEqual([]);
  });

  test('are one stack whatever number a closure has', () => {
    const other = waiting(6).replaceAll('record.func1', 'record.func2');
    expect(left(waiting(5), waiting(5) + other)).toMatchObject([{ count: 2 }]);
  });
});
