/**
 * What `testing` of the measured test binaries has more than the user's: CPU time between starting and stopping the
 * timer, and a file into which each benchmark writes its result. So set-up and stopped stretches are not counted, and
 * what benchmarks print is nothing that has to be understood. And two processes of it, one of each side, can take turns
 * of a few milliseconds, so that what else the machine does meets both alike.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Replacements } from './moving-ports.ts';

/** Both sides take turns: each waits at its own pipe, and passes the turn on through the other's. */
export interface BenchTurns {
  /** `b` or `h` for each turn, in order. */
  readonly order: string;
  readonly side: 'b' | 'h';
  readonly ownPipe: string;
  readonly otherPipe: string;
}

/** For the environment of a test program. */
export const benchEnv = (resultsFile: string, turns: BenchTurns | null): Readonly<Record<string, string>> => ({
  GODYNO_BENCH_RESULTS: resultsFile,
  ...(turns !== null && {
    GODYNO_BENCH_TURNS: turns.order,
    GODYNO_BENCH_SIDE: turns.side,
    GODYNO_BENCH_MINE: turns.ownPipe,
    GODYNO_BENCH_THEIRS: turns.otherPipe,
  }),
});

interface Edit {
  readonly from: RegExp;
  readonly to: (found: string) => string;
  /** How often it is there, in Go 1.22 to 1.27. */
  readonly places: number;
}

const before = (text: string) => (found: string) => `${text}\n${found}`;
const after = (text: string) => (found: string) => `${found}\n${text}`;

const EDITS: readonly Edit[] = [
  { from: /^func \(b \*B\) runN\(n int\) \{$/gm, to: after('\tb.godyno.begun = godynoNow()'), places: 1 },
  { from: /^type B struct \{$/gm, to: after('\tgodyno godynoTimes'), places: 1 },
  { from: /^\truntime\.GC\(\)$/gm, to: () => '\tb.godynoCollect()', places: 1 },
  { from: /^\t+runtime\.ReadMemStats\(&memStats\)$/gm, to: () => '\t\tb.godynoReadMemory()', places: 3 },
  // The CPU's clock is read nearest to what is measured: last before it, first after it.
  { from: /^\t+b\.start = \w+(?:\.Now)?\(\)$/gm, to: after('\t\tb.godyno.started = godynoCPU()'), places: 2 },
  {
    from: /^\t+b\.duration \+= \w+(?:\.Since)?\(b\.start\)$/gm,
    to: before('\t\tb.godyno.net += godynoCPU() - b.godyno.started'),
    places: 1,
  },
  { from: /^\tb\.duration = 0$/gm, to: after('\tb.godyno.net = 0'), places: 1 },
  { from: /^\tb\.result = BenchmarkResult\{b\.N, .*\}$/gm, to: after('\tb.godynoDone()'), places: 1 },
  { from: /^func \(b \*B\) run1\(\) bool \{$/gm, to: after('\tdefer b.godynoTried()'), places: 1 },
  {
    from: /^func \(b \*B\) RunParallel\(body func\(\*PB\)\) \{$/gm,
    to: after('\tb.godyno.parallel = true'),
    places: 1,
  },
];

/** The file with all edits; null where it does not read as known. */
export const hookedBenchmarks = (text: string): string | null => {
  let edited = text;
  for (const { from, to, places } of EDITS) {
    if ((edited.match(from) ?? []).length !== places) return null;
    edited = edited.replace(from, to);
  }
  return edited;
};

/** Writes into `folder`; a string says why this Go's package testing cannot be patched. */
export const hookTesting = (goroot: string, folder: string): Replacements | string => {
  const packageDir = join(goroot, 'src', 'testing');
  const file = join(packageDir, 'benchmark.go');
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return `there is no ${file}`;
  }
  const hooked = hookedBenchmarks(text);
  if (hooked === null) return 'its package testing runs benchmarks in a way that godyno does not know';
  mkdirSync(folder, { recursive: true });
  const patched = join(folder, 'benchmark.go');
  writeFileSync(patched, hooked);
  return {
    [file]: patched,
    [join(packageDir, 'zz_godyno_bench.go')]: fileURLToPath(new URL('./testing-hook.go.txt', import.meta.url)),
  };
};
