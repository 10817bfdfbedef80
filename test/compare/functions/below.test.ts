import { expect, test } from 'vitest';
import { comparePerf } from '../../../harness/compare/index.ts';
import type { PerfComparison } from '../../../harness/model/index.ts';
import type { Profile } from '../../../harness/profile/index.ts';
import { randomFrom } from '../../../harness/stats/index.ts';
import { profileOf, type Stack } from '../../builders/profiles.ts';
import { poisson } from './fixture.ts';

const HANDLER = ['net/http.(*conn).serve', 'main.serve'];
const WRITES = [...HANDLER, 'main.record', 'os.(*File).Write', 'internal/poll.(*FD).Write', 'syscall.write'];
const KERNEL = [...WRITES, 'internal/runtime/syscall/linux.Syscall6', 'kernel: do_syscall_64'];
const IN_C = [...HANDLER, 'main._Cfunc_spin', 'runtime.cgocall', 'C: spin'];

/** Samples of a launch by stack, root first. */
const STACKS: readonly Stack[] = [
  { frames: [...HANDLER, 'main.inGo'], value: 1500 },
  { frames: [...KERNEL, 'kernel: vfs_write'], value: 300 },
  { frames: [...KERNEL, 'kernel: fdget'], value: 200 },
  { frames: IN_C, value: 600 },
  { frames: [...IN_C, 'C: mix'], value: 200 },
  { frames: ['runtime.mcall', 'runtime.findRunnable', 'runtime.futex', 'kernel: do_futex'], value: 150 },
  { frames: ['C: lost'], value: 50 },
];

const launchOf = (random: () => number, timesOf: (stack: Stack) => number): Profile => {
  const drawn = STACKS.map((stack) => ({ ...stack, value: poisson(random, stack.value * timesOf(stack)) }));
  const made = profileOf(drawn);
  return {
    ...made,
    period: 500_000n,
    sampleTypes: [
      { type: 'samples', unit: 'count' },
      { type: 'cpu', unit: 'nanoseconds' },
    ],
    samples: { ...made.samples, values: Float64Array.from(drawn.flatMap(({ value }) => [value, value * 500_000])) },
  };
};

const isIn =
  (part: string) =>
  ({ frames }: Stack) =>
    frames.join().includes(part);

const compared = (part: string, times: number, launches = 3, seed = 1): PerfComparison => {
  const random = randomFrom(seed);
  const total = (more: number): number =>
    STACKS.reduce((sum, stack) => sum + stack.value * (isIn(part)(stack) ? more : 1), 0) * 100;
  const side = (more: number) => ({
    profile: launchOf(random, (stack) => (isIn(part)(stack) ? more : 1)),
    requests: 1000,
    exactTotalPerRequest: total(more),
  });
  const both = Array.from({ length: launches }, () => ({ base: side(1), head: side(times) }));
  return comparePerf(both, 'example.com/m') as PerfComparison;
};

test('what the kernel does more below a function is told by that function and who of the module called it', () => {
  const { places, rows, samples } = compared('kernel: vfs_write', 2);
  expect(rows[0]).toMatchObject({
    place: 'kernel',
    function: null,
    below: 'os.(*File).Write',
    calledIn: 'main.record',
    kind: 'regressed',
    mostly: 'vfs_write',
  });
  expect(rows[0]!.headPerRequest - rows[0]!.basePerRequest).toBeGreaterThan(25_000);
  expect(rows[0]!.headPerRequest - rows[0]!.basePerRequest).toBeLessThan(35_000);
  expect(rows.slice(1)).toMatchObject([{ function: 'vfs_write', below: 'os.(*File).Write', mostly: null }]);
  const kernel = places.find(({ place }) => place === 'kernel')!;
  expect(kernel.ciPerRequest![0]).toBeLessThan(30_000);
  expect(kernel.ciPerRequest![1]).toBeGreaterThan(30_000);
  expect(samples.base).toBeGreaterThan(8000);
});

test('what C does more is told below the function that called it, not below cgo’s own', () => {
  const [first] = compared('C: mix', 3).rows;
  expect(first).toMatchObject({
    place: 'C',
    function: null,
    below: 'main.serve',
    calledIn: 'main.serve',
    mostly: 'mix',
  });
});

test('the runtime’s own system calls are the runtime’s, and C without callers is nobody’s', () => {
  expect(compared('do_futex', 4).rows[0]).toMatchObject({ place: 'kernel', below: 'runtime', calledIn: null });
  expect(compared('C: lost', 10).rows[0]).toMatchObject({ place: 'C', below: null, mostly: 'lost' });
});

test('what Go itself does more is in its row of the table, and nothing else is told', () => {
  const { places, rows } = compared('main.inGo', 1.3);
  expect(rows).toEqual([]);
  const go = places.find(({ place }) => place === 'Go')!;
  expect(go.headPerRequest / go.basePerRequest).toBeGreaterThan(1.2);
});

test('where nothing costs more nothing is told, and one launch has no interval', () => {
  const told = Array.from({ length: 20 }, (_, seed) => compared('nothing', 1, 3, seed + 1).rows).flat();
  expect(told).toEqual([]);
  const one = compared('kernel: vfs_write', 2, 1);
  expect(one.places.map(({ ciPerRequest }) => ciPerRequest)).toEqual([null, null, null]);
  expect(one.rows[0]).toMatchObject({ below: 'os.(*File).Write' });
  expect(comparePerf([], null)).toBeNull();
});

test('the places add up to what a request costs', () => {
  const { places } = compared('nothing', 1);
  expect(places.reduce((sum, { basePerRequest }) => sum + basePerRequest, 0)).toBeCloseTo(300_000, 3);
});
