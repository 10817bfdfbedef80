/**
 * Takes the dice and the clock out of the counted binary's runtime. Two places in Go's runtime draw random numbers that
 * change how much is executed, from launch to launch of one binary, and one asks what time it is:
 *
 * - Since Go 1.22 a type assertion or type switch on interfaces keeps a cache that is filled at one miss in 1024
 *   (runtime/iface.go): launches differ by up to 0.8 % for minutes. Here every miss fills it.
 * - Every map has a random seed and every iteration a random start, drawn from a generator per thread, and which thread
 *   runs is the kernel's choice: how keys collide and how a sort after an iteration goes differ by up to 0.3 %. Here
 *   they are constants, or of one sequence. Go promises no order, so every constant is as good as another.
 * - A goroutine that has run for 10 ms gives way. Under the emulator, beside other work, a request takes that long, and
 *   how often it happens changes what net/http does about its connections: a tenth of a per cent. Here it is 0.2 s.
 *
 * The counted binary alone is built so, both sides alike, and never shipped.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/** What to lay over the user's Go when the counted binary is built. */
export interface SteadyRuntime {
  /** File of GOROOT → the file to compile instead. */
  readonly replace: Readonly<Record<string, string>>;
  /** The same as a file for `go build -overlay`. */
  readonly overlayFile: string;
}

interface Patch {
  /** Below GOROOT/src. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
  readonly places: number;
}

/** The same text in Go 1.22 to 1.26: once in type assertions, once in type switches. */
const CACHES: readonly Patch[] = [
  { file: 'runtime/iface.go', from: 'cheaprand()&1023 != 0', to: 'cheaprand()&0 != 0', places: 2 },
  { file: 'runtime/iface.go', from: 'cheaprand()&uint32(oldC.Mask) != 0', to: 'cheaprand()&0 != 0', places: 2 },
];

/**
 * Maps on a stack are seeded by the compiler's own calls of `rand`, which programs use too, so its values must go on
 * differing: one sequence for the process (SplitMix64) takes the place of one per thread. New threads, which come and go
 * by the clock, do not draw from it. A race between threads costs nothing but a repeated number.
 */
const GENERATOR: readonly Patch[] = [
  {
    file: 'runtime/rand.go',
    from: 'func rand() uint64 {\n',
    to: [
      'func rand() uint64 {',
      '\tsteadyRand += 0x9e3779b97f4a7c15',
      '\tx := steadyRand',
      '\tx = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9',
      '\tx = (x ^ (x >> 27)) * 0x94d049bb133111eb',
      '\treturn x ^ (x >> 31)',
      '}',
      '',
      'var steadyRand uint64',
      '',
      'func randPerThread() uint64 {',
      '',
    ].join('\n'),
    places: 1,
  },
  { file: 'runtime/rand.go', from: 'mp.cheaprand = rand()', to: 'mp.cheaprand = seed[0]', places: 1 },
];

/** 9 to 18 times slower, 10 ms are half a millisecond of the program: too short for an ordinary request. */
const TIME_SLICE: readonly Patch[] = [
  {
    file: 'runtime/proc.go',
    from: 'const forcePreemptNS = 10 * 1000 * 1000',
    to: 'const forcePreemptNS = 200 * 1000 * 1000',
    places: 1,
  },
];

/** From Go 1.24 on seeds and starts of iterations come from one function. */
const SWISS_MAPS: readonly Patch[] = [
  {
    file: 'runtime/rand.go',
    from: 'func maps_rand() uint64 {\n\treturn rand()\n}',
    to: 'func maps_rand() uint64 {\n\treturn 0x9e3779b97f4a7c15\n}',
    places: 1,
  },
];

const seedOf = (file: string, places: number): Patch => ({
  file: `runtime/${file}`,
  from: 'h.hash0 = uint32(rand())',
  to: 'h.hash0 = 0x9e3779b9',
  places,
});

/** Go 1.22 and 1.23. */
const BUCKET_MAPS: readonly Patch[] = [
  seedOf('map.go', 4),
  { file: 'runtime/map.go', from: 'r := uintptr(rand())', to: 'r := uintptr(0x7f4a7c15)', places: 1 },
  seedOf('map_fast32.go', 1),
  seedOf('map_fast64.go', 1),
  seedOf('map_faststr.go', 1),
];

/** The patched texts by file, or why one does not fit this Go. */
const applyPatches = (source: string, patches: readonly Patch[]): ReadonlyMap<string, string> | string => {
  const texts = new Map<string, string>();
  for (const { file, from, to, places } of patches) {
    const path = join(source, file);
    if (!existsSync(path)) return `there is no ${file} in GOROOT`;
    const text = texts.get(path) ?? readFileSync(path, 'utf8');
    const found = text.split(from).length - 1;
    if (found !== places)
      return `${file} of this Go holds "${from.split('\n')[0] ?? ''}" ${found} times, not ${places}`;
    texts.set(path, text.replaceAll(from, to));
  }
  return texts;
};

/** Writes into `folder`; a string says why this Go cannot be patched, and then wider limits hold. */
export const steadyRuntime = (goroot: string, folder: string): SteadyRuntime | string => {
  const source = join(goroot, 'src');
  const maps = existsSync(join(source, 'internal/runtime/maps')) ? SWISS_MAPS : BUCKET_MAPS;
  const texts = applyPatches(source, [...CACHES, ...GENERATOR, ...TIME_SLICE, ...maps]);
  if (typeof texts === 'string') return texts;
  mkdirSync(folder, { recursive: true });
  const replace: Record<string, string> = {};
  for (const [path, text] of texts) {
    const patched = join(folder, basename(path));
    writeFileSync(patched, text);
    replace[path] = patched;
  }
  const overlayFile = join(folder, 'steady-runtime.json');
  writeFileSync(overlayFile, JSON.stringify({ Replace: replace }));
  return { replace, overlayFile };
};
