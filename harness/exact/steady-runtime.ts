/**
 * Takes the random choices and the clock out of the counted binary's runtime. Two places in Go's runtime draw random numbers that
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
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

const OLDEST_MINOR = 22;
const NEWEST_MINOR = 27;

/** Whether the patches were tried with this Go (`go1.27.3`): a newer one may read the same and yet not compile so. */
export const isTriedGo = (version: string): boolean => {
  const minor = Number(/^go1\.(\d+)/.exec(version)?.[1] ?? 0);
  return minor >= OLDEST_MINOR && minor <= NEWEST_MINOR;
};

/** What to lay over the user's Go when the counted binary is built. */
export interface SteadyRuntime {
  /** File of GOROOT → the file to compile instead. */
  readonly replace: Readonly<Record<string, string>>;
  /** The same as a file for `go build -overlay`. */
  readonly overlayFile: string;
}

/** A place in the runtime, by what must hold there: another spelling of the same is the same. */
interface Patch {
  /** Below GOROOT/src. */
  readonly file: string;
  /** What happens there, for the sentence that says it was not found. */
  readonly what: string;
  /** Looked for in here alone; in all of the file when left out. */
  readonly within?: RegExp;
  readonly from: RegExp;
  readonly to: string;
  /** How often it is found; 'some': once or more. */
  readonly places: number | 'some';
}

/** Once in type assertions, once in type switches. */
const CACHES: readonly Patch[] = [
  {
    file: 'runtime/iface.go',
    what: 'a cache of type assertions is filled at random',
    from: /\bcheaprand\(\)\s*&\s*(?:1023|uint32\(oldC\.Mask\)) != 0/g,
    to: 'cheaprand()&0 != 0',
    places: 4,
  },
];

/**
 * Maps on a stack are seeded by the compiler's own calls of `rand`, which programs use too, so its values must go on
 * differing: one sequence for the process (SplitMix64) takes the place of one per thread. New threads, which come and go
 * by the clock, do not draw from it. A race between threads costs nothing but a repeated number.
 */
const GENERATOR: readonly Patch[] = [
  {
    file: 'runtime/rand.go',
    what: 'random numbers are made',
    from: /^func rand\(\) uint64 \{\n/gm,
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
  // One generator per thread up to Go 1.26, two since.
  {
    file: 'runtime/rand.go',
    what: 'a thread’s own generators are seeded',
    within: /^func mrandinit\(mp \*m\) \{\n\tvar seed \[4\]uint64\n[^]*?^\}$/m,
    from: /\brand\(\)/g,
    to: 'seed[0]',
    places: 'some',
  },
];

/** 9 to 18 times slower, 10 ms are half a millisecond of the program: too short for an ordinary request. */
const TIME_SLICE: readonly Patch[] = [
  {
    file: 'runtime/proc.go',
    what: 'the time slice of a goroutine is set',
    from: /^const forcePreemptNS = .*$/gm,
    to: 'const forcePreemptNS = 200 * 1000 * 1000',
    places: 1,
  },
];

/** From Go 1.24 on seeds and starts of iterations come from one function. */
const SWISS_MAPS: readonly Patch[] = [
  {
    file: 'runtime/rand.go',
    what: 'maps are given random numbers',
    from: /^func maps_rand\(\) uint64 \{\n\treturn rand\(\)\n\}/gm,
    to: 'func maps_rand() uint64 {\n\treturn 0x9e3779b97f4a7c15\n}',
    places: 1,
  },
];

const seedOf = (file: string, places: number): Patch => ({
  file: `runtime/${file}`,
  what: 'a map is seeded',
  from: /\bh\.hash0 = uint32\(rand\(\)\)/g,
  to: 'h.hash0 = 0x9e3779b9',
  places,
});

/** Go 1.22 and 1.23. */
const BUCKET_MAPS: readonly Patch[] = [
  seedOf('map.go', 4),
  {
    file: 'runtime/map.go',
    what: 'an iteration over a map begins',
    from: /\br := uintptr\(rand\(\)\)/g,
    to: 'r := uintptr(0x7f4a7c15)',
    places: 1,
  },
  seedOf('map_fast32.go', 1),
  seedOf('map_fast64.go', 1),
  seedOf('map_faststr.go', 1),
];

/** Of all that is patched in any Go: another digest, another runtime. */
export const patchesDigest = (): string => {
  const all = [...CACHES, ...GENERATOR, ...TIME_SLICE, ...SWISS_MAPS, ...BUCKET_MAPS];
  const texts = all.map(({ file, within, from, to }) => [file, within?.source, from.source, to]);
  return createHash('sha256').update(JSON.stringify(texts)).digest('hex').slice(0, 16);
};

/** The text with the patch; a number says how often its place was found instead. */
const patch = (text: string, { within = /^[^]*$/, from, to, places }: Patch): string | number => {
  const part = within.exec(text)?.[0] ?? '';
  const found = part.match(from)?.length ?? 0;
  const isRight = places === 'some' ? found > 0 : found === places;
  return isRight ? text.replace(part, () => part.replace(from, to)) : found;
};

/** The patched texts by file, or why one does not fit this Go. */
const applyPatches = (source: string, patches: readonly Patch[]): ReadonlyMap<string, string> | string => {
  const texts = new Map<string, string>();
  for (const each of patches) {
    const path = join(source, each.file);
    if (!existsSync(path)) return `there is no ${each.file} in GOROOT`;
    const patched = patch(texts.get(path) ?? readFileSync(path, 'utf8'), each);
    if (typeof patched === 'number')
      return `${each.file} of this Go reads differently where ${each.what} (${patched} places fit, not ${each.places === 'some' ? 1 : each.places})`;
    texts.set(path, patched);
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
