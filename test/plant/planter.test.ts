import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Candidate,
  COUNTING_DOSE,
  type Dose,
  FAULT_KINDS,
  type Planted,
  type Planter,
  SHIFT_DOSE,
  withPlanter,
} from '../../harness/plant/index.ts';
import { USERS_GO } from '../../harness/process/index.ts';
import { decodeProfile, functionCosts } from '../../harness/profile/index.ts';
import { goMod, makeFolder, never, removeFolders } from '../service/go-modules.ts';

/** Every way to write a function that we know of; `len`, `new` and `uint64` are parameters that hide what Go predeclares. */
const SHAPES = `package shapes

import "fmt"

type Store[K comparable, V any] struct{ held map[K]V }

type plain struct{ number int }

func Plain(len, new, uint64, byte int) int { return len + new + uint64 + byte }

func OneLine() {}

func Named() (found int, err error) { // a comment behind the brace
	defer func() { found++ }()
	return 1, nil
}

func Generic[T fmt.Stringer](list ...T) (out []string) {
	for _, one := range list {
		out = append(out, one.String())
	}
	return out
}

func (s *Store[K, V]) Put(key K, value V) { s.held[key] = value }

func (s Store[K, _]) Has(key K) bool { _, ok := s.held[key]; return ok }

func (p *plain) Add(by int) { p.number += by }

func (p plain) String() string { return fmt.Sprint(p.number) }

func (plain) unnamed() {}

func Serve(handle func(int) int) func(int) int {
	inner := func(n int) int { return func(m int) int { return handle(m) }(n) }
	return func(n int) int {
		return inner(n) + 1
	}
}

func init() { fmt.Sprint() }

var Value = func() int { return 1 }()

func Elsewhere(n int) int

//go:nosplit
func Delicate() int { return 1 }
`;

const MAIN = `package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"strconv"
	"sync"
	"time"

	"example.com/m/shapes"
)

func work(n int) int { return n + 1 }

func where() int {
	_, _, line, _ := runtime.Caller(0)
	return line
}

func main() {
	calls, _ := strconv.Atoi(os.Args[1])
	if len(os.Args) > 2 {
		file, _ := os.Create(os.Args[2])
		pprof.StartCPUProfile(file)
		defer pprof.StopCPUProfile()
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	start := time.Now()
	var all sync.WaitGroup
	for side := 0; side < 2; side++ {
		all.Add(1)
		go func() {
			defer all.Done()
			for i := 0; i < calls/2; i++ {
				work(i)
			}
		}()
	}
	all.Wait()
	took := time.Since(start)
	runtime.ReadMemStats(&after)
	allocated := after.Mallocs - before.Mallocs
	bytes := after.TotalAlloc - before.TotalAlloc
	runtime.GC()
	runtime.ReadMemStats(&after)
	fmt.Printf("{\\"objects\\": %d, \\"bytes\\": %d, \\"kept\\": %d, \\"goroutines\\": %d, \\"ns\\": %d, \\"line\\": %d, \\"value\\": %d}",
		allocated, bytes, int64(after.HeapObjects)-int64(before.HeapObjects), runtime.NumGoroutine(), took.Nanoseconds(), where(), shapes.Value)
}
`;

interface Told {
  readonly objects: number;
  readonly bytes: number;
  readonly kept: number;
  readonly goroutines: number;
  readonly ns: number;
  readonly line: number;
  readonly value: number;
}

const NOTHING = { every: 1, rounds: 10, objects: 1, bytes: 64, nanoseconds: 1000 } as const;
const FILES = {
  'go.mod': goMod('example.com/m'),
  'main.go': MAIN,
  'shapes/shapes.go': SHAPES,
  'shapes/empty.s': '// Lets a function have no body.\n',
};

let planter: Planter;
let module = '';

beforeAll(async () => {
  planter = await withPlanter(makeFolder(), USERS_GO, never);
  module = makeFolder(FILES);
});

afterAll(removeFolders);

const plant = async (
  candidates: readonly (string | Candidate)[],
  dose: Dose,
  overlayFile: string | null = null,
): Promise<Planted> => {
  const flags = overlayFile === null ? [] : [`-overlay=${overlayFile}`];
  const source = { moduleDir: module, package: '.', flags, env: {}, go: USERS_GO, overlayFile, foreign: null };
  const named = candidates.map((one) => (typeof one === 'string' ? { name: one } : one));
  return planter.plant({ source, candidates: named, dose, folder: makeFolder() });
};

const build = (planted: Planted, target: string, output: string): string =>
  execFileSync('go', ['build', `-overlay=${planted.overlayFile}`, '-o', output, target], {
    cwd: module,
    encoding: 'utf8',
    env: { ...process.env, PWD: module },
  });

const run = (planted: Planted, calls: number, ...more: readonly string[]): Told => {
  const program = join(makeFolder(), 'program');
  build(planted, '.', program);
  return JSON.parse(execFileSync(program, [String(calls), ...more], { encoding: 'utf8' })) as Told;
};

const reasonOf = async (name: string): Promise<string> =>
  plant([name], COUNTING_DOSE).then(
    ({ function: planted }) => `planted in ${planted}`,
    (error: unknown) => (error as Error).message,
  );

const p = 'example.com/m/shapes';

describe('a function that can be edited', () => {
  test.each([
    [`${p}.Plain`, `${p}.Plain`],
    [`${p}.OneLine`, `${p}.OneLine`],
    [`${p}.Named`, `${p}.Named`],
    [`${p}.Named.func1`, `${p}.Named.func+1`],
    [`${p}.Generic[...]`, `${p}.Generic[...]`],
    [`${p}.(*Store[...]).Put`, `${p}.(*Store[...]).Put`],
    [`${p}.Store[go.shape.string,go.shape.int].Has`, `${p}.Store[...].Has`],
    [`${p}.(*plain).Add`, `${p}.(*plain).Add`],
    ['plain.unnamed', `${p}.plain.unnamed`],
    [`${p}.Serve.func1.1`, `${p}.Serve.func+1`],
    [`${p}.Serve.func+2`, `${p}.Serve.func+2`],
    ['(*plain).Add', `${p}.(*plain).Add`],
    ['work', 'main.work'],
  ])('%s compiles with a fault in it, under the name profiles give it', async (name, canonical) => {
    const kind = FAULT_KINDS[name.length % FAULT_KINDS.length] ?? 'cpu';
    const planted = await plant([name], { ...NOTHING, kind, every: 3 });
    expect(planted.function).toBe(canonical);
    build(planted, './shapes', '/dev/null');
  });

  test.each(FAULT_KINDS)(
    'takes a %s fault, every call and every third, among hidden predeclared names',
    async (kind) => {
      for (const every of [1, 3])
        build(await plant([`${p}.Plain`], { ...NOTHING, kind, every }), './shapes', '/dev/null');
    },
  );

  test('keeps its lines, and the files of the user keep every byte', async () => {
    const untouched = run(await plant(['work'], { ...NOTHING, kind: 'sleep', nanoseconds: 1 }), 0);
    expect(untouched.line).toBe(MAIN.split('\n').findIndex((line) => line.includes('runtime.Caller')) + 1);
    for (const [name, text] of Object.entries(FILES)) expect(readFileSync(join(module, name), 'utf8')).toBe(text);
    expect(readdirSync(module).toSorted()).toEqual(['go.mod', 'main.go', 'shapes']);
  });

  test('is the first of the candidates that can be, and the others are told', async () => {
    const planted = await plant(['net/http.serve', `${p}.Elsewhere`, 'main.work', 'main.main'], COUNTING_DOSE);
    expect(planted.function).toBe('main.work');
    expect(planted.candidate).toBe(2);
    expect(planted.refused.map((one) => one.function)).toEqual(['net/http.serve', `${p}.Elsewhere`]);
  });

  test('is found by where it begins, when its name is that of an inlined copy', async () => {
    const line = SHAPES.split('\n').findIndex((text) => text.includes('return func(n int) int {')) + 1;
    const copy = { name: `${p}.Other.Serve.func7`, file: `${p}/shapes.go`, line };
    const planted = await plant([{ ...copy, line: 1 }, copy], COUNTING_DOSE);
    expect(planted).toMatchObject({ function: `${p}.Serve.func+2`, candidate: 1 });
    expect((await plant([{ ...copy, line: line - 2 }], COUNTING_DOSE)).function).toBe(`${p}.Serve`);
  });

  test('is edited as the user’s own overlay has it, not as it lies on disk', async () => {
    const folder = makeFolder({
      'other.go': MAIN.replace('func work(n int)', 'func labour(n int)').replace('work(i)', 'labour(i)'),
    });
    const overlayFile = join(folder, 'overlay.json');
    writeFileSync(overlayFile, JSON.stringify({ Replace: { [join(module, 'main.go')]: join(folder, 'other.go') } }));
    const planted = await plant(['main.labour'], { ...NOTHING, kind: 'alloc', objects: 2 }, overlayFile);
    expect(run(planted, 1000).objects).toBeGreaterThanOrEqual(2000);
    expect(await plant(['main.work'], COUNTING_DOSE, overlayFile).catch((error: Error) => error.message)).toContain(
      'no function',
    );
  });
});

describe('a function that cannot be edited is refused with the reason', () => {
  test.each([
    [`${p}.Elsewhere`, 'no body in Go'],
    [`${p}.Delicate`, '//go:nosplit'],
    [`${p}.init`, 'initialisation of the package'],
    [`${p}.init.0`, 'initialisation of the package'],
    [`${p}.glob..func1`, 'initialisation of the package'],
    [`${p}.init.func1`, 'initialisation of the package'],
    ['net/http.(*conn).serve', 'own packages'],
    ['runtime.mallocgc', 'own packages'],
    ['main.nowhere', 'own packages'],
    [`${p}.Serve.func+9`, 'closure +9 was not found'],
    [`${p}.Serve.func7`, 'closure 7 was not found'],
    ['', 'own packages'],
  ])('%s', async (name, reason) => {
    expect(await reasonOf(name)).toContain(reason);
  });
});

describe('a planted fault', () => {
  test('allocates exactly as many objects of the size it was given as calls ask for', async () => {
    const without = run(await plant(['work'], { ...NOTHING, kind: 'cpu', rounds: 1 }), 10_000);
    const told = run(await plant(['work'], { ...NOTHING, kind: 'alloc', objects: 3, bytes: 160 }), 10_000);
    // The runtime's own allocations (goroutines, timers) differ by a few.
    expect(Math.abs(told.objects - without.objects - 30_000)).toBeLessThan(30);
    expect(Math.abs(told.bytes - without.bytes - 30_000 * 160) / (30_000 * 160)).toBeLessThan(0.01);
  });

  test('of every 50th call does a fiftieth', async () => {
    const told = run(await plant(['work'], { ...NOTHING, kind: 'alloc', every: 50 }), 10_000);
    expect(told.objects).toBeGreaterThanOrEqual(200);
    expect(told.objects).toBeLessThan(240);
  });

  test('keeps what it leaks: a 1 KiB object, or a goroutine, every 100th call', async () => {
    const heap = run(await plant(['work'], { ...NOTHING, kind: 'leak-heap', every: 100, bytes: 1024 }), 100_000);
    expect(heap.kept).toBeGreaterThanOrEqual(990);
    expect(heap.kept).toBeLessThan(1050);
    expect(heap.bytes).toBeGreaterThanOrEqual(1000 * 1024);
    const strands = run(await plant(['work'], { ...NOTHING, kind: 'leak-goroutine', every: 100 }), 10_000);
    expect(strands.goroutines).toBe(101);
  });

  test('makes callers wait, and under a lock one after the other', async () => {
    // 2 goroutines of 10 calls each; Sleep never returns early.
    for (const kind of ['sleep', 'block'] as const) {
      const told = run(await plant(['work'], { ...NOTHING, kind, nanoseconds: 2e6 }), 20);
      expect(told.ns).toBeGreaterThanOrEqual(10 * 2e6);
    }
    const told = run(await plant(['work'], { ...NOTHING, kind: 'lock', nanoseconds: 2e6 }), 20);
    expect(told.ns).toBeGreaterThanOrEqual(20 * 2e6);
  });

  test('burns CPU that a profile charges to the function itself', async () => {
    const file = join(makeFolder(), 'cpu.pb.gz');
    run(await plant(['work'], { ...NOTHING, kind: 'cpu', rounds: 200_000_000 }), 2, file);
    expect(existsSync(file)).toBe(true);
    const { functions, total } = functionCosts(decodeProfile(readFileSync(file), file));
    const own = functions.find(({ name }) => name === 'main.work')?.own ?? 0;
    expect(own / total).toBeGreaterThan(0.9);
  });

  test('that only shifts the program changes neither what it does nor what it allocates, but where functions lie', async () => {
    const plainly = await plant(['work'], { ...NOTHING, kind: 'sleep', nanoseconds: 1 });
    const shifted = await plant([], SHIFT_DOSE);
    expect(shifted.function).toBeNull();
    const told = run(shifted, 1000);
    expect(told).toMatchObject({ value: 1, line: run(plainly, 0).line });
    const layout = (overlay: string | null): string => {
      const program = join(makeFolder(), 'program');
      const flags = overlay === null ? [] : [`-overlay=${overlay}`];
      execFileSync('go', ['build', ...flags, '-ldflags=-randlayout=7', '-o', program, '.'], {
        cwd: module,
        env: { ...process.env, PWD: module },
      });
      const symbols = execFileSync('go', ['tool', 'nm', '-n', program], { encoding: 'utf8' });
      return symbols
        .split('\n')
        .flatMap((line) => / T (runtime\.\w+)$/.exec(line)?.[1] ?? [])
        .join(' ');
    };
    expect(layout(shifted.overlayFile).split(' ').length).toBeGreaterThan(500);
    expect(layout(null)).toBe(layout(null));
    expect(layout(shifted.overlayFile)).not.toBe(layout(null));
  });
});

test('sources that do not parse are an error that names the place', async () => {
  const broken = makeFolder({ 'go.mod': goMod('broken'), 'main.go': 'package main\n\nfunc main() {\n' });
  const source = {
    moduleDir: broken,
    package: '.',
    flags: [],
    env: {},
    go: USERS_GO,
    overlayFile: null,
    foreign: null,
  };
  const failed = planter.plant({
    source,
    candidates: [{ name: 'main.main' }],
    dose: COUNTING_DOSE,
    folder: makeFolder(),
  });
  await expect(failed).rejects.toThrow(/main\.go:\d/);
});
