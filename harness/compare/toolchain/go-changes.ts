/**
 * What each release of Go is known to change in what profiles and counters show, and which GODEBUG settings it no longer
 * knows. Sources: the release notes, GOROOT/src/internal/godebugs/table.go, and measurements of our own where said.
 */
interface GoChange {
  /** Minor version of Go 1 that brought it. */
  readonly since: number;
  readonly what: string;
  /** The experiment that switches it off, as a version says it: `go1.27.3-X:nojsonv2`. */
  readonly off?: string;
}

/** By the release that brought them, the weightiest first; from Go's release notes. */
const GO_CHANGES: readonly GoChange[] = [
  { since: 17, what: 'functions that hold closures are inlined, so closures have other names' },
  { since: 17, what: 'block profiles no longer favour short waits' },
  { since: 18, what: 'CPU profiles sample each thread by itself' },
  { since: 20, what: 'mutex profiles are scaled when a wait ends' },
  { since: 21, what: 'default.pgo is taken by itself, and generic functions are named by their shapes' },
  { since: 22, what: 'a mutex is charged once per waiter, and the runtime’s own locks are counted' },
  { since: 23, what: 'heap, mutex and block stacks reach 128 frames' },
  { since: 24, what: 'nested closures have other names' },
  { since: 25, what: 'GOMAXPROCS follows the container’s limit, and runtime locks keep their stacks' },
  { since: 26, what: 'another garbage collector is the default' },
  {
    since: 27,
    // Counts of one small document per call, and of the demo service: docs/blame.md.
    what:
      'encoding/json runs on encoding/json/v2: other costs and other allocations (seen: 40 % more instructions in ' +
      'encoding/json*; objects per Marshal 252 → 203, per Unmarshal 564 → 408, into `any` 1,249 → 1,510). ' +
      'GOEXPERIMENT=nojsonv2 in the environment of the build brings the old one back',
    off: 'nojsonv2',
  },
  {
    since: 27,
    what: 'objects up to 80 B are allocated by functions of their own (`runtime.mallocgcTiny…`, `mallocgcSmall…`) instead of `runtime.mallocgc`',
  },
  { since: 27, what: '`runtime.mapaccess1_*` calls `mapaccess2_*`, which therefore shows the reads of both' },
  { since: 27, what: 'closures keep their names where they are inlined; here they are matched by file and line' },
  { since: 27, what: 'tracebacks print pprof labels (GODEBUG tracebacklabels)' },
];

/** What the go line of go.mod decides by itself, whichever Go reads it; GODEBUG defaults are told apart (godebug.ts). */
const GO_LINE_CHANGES: readonly GoChange[] = [
  {
    since: 22,
    what: 'a loop has variables of its own in every iteration, so those that closures or pointers keep are allocated each time',
  },
];

/** Settings that are gone: a go line of go.mod or a godebug line that asked for their old value has no effect any more. */
const REMOVED_GODEBUG: Readonly<Record<number, readonly string[]>> = {
  24: ['x509sha1', 'tlskyber'],
  27: ['gotypesalias', 'tlsunsafeekm', 'tlsrsakex', 'tls3des', 'tls10server', 'x509keypairleaf', 'asynctimerchan'],
};

/** `go1.26.8` → 26; undefined for a development version without a number. */
const minorOf = (goVersion: string): number | undefined => {
  const minor = /^go1\.(\d+)/.exec(goVersion)?.[1];
  return minor === undefined ? undefined : Number(minor);
};

const between = (changes: readonly GoChange[], one: string, other: string): readonly string[] => {
  const [a, b] = [minorOf(one), minorOf(other)];
  if (a === undefined || b === undefined) return [];
  return changes
    .filter(({ since, off }) => {
      const isOff = off !== undefined && `${one} ${other}`.includes(off);
      return Math.min(a, b) < since && since <= Math.max(a, b) && !isOff;
    })
    .toSorted((x, y) => y.since - x.since)
    .map(({ since, what }) => `1.${since}: ${what}`);
};

/** What came between two versions, whichever is older; the newest release first. Empty where one has no number. */
export const changesBetween = (one: string, other: string): readonly string[] => between(GO_CHANGES, one, other);

/** The same of two go lines, `1.22` and `1.27.0`. */
export const changesOfGoLines = (one: string, other: string): readonly string[] =>
  between(GO_LINE_CHANGES, `go${one}`, `go${other}`);

/** Whether that Go no longer knows the setting. */
export const isRemovedGodebug = (name: string, goVersion: string): boolean => {
  const minor = minorOf(goVersion);
  return (
    minor !== undefined &&
    Object.entries(REMOVED_GODEBUG).some(([since, names]) => Number(since) <= minor && names.includes(name))
  );
};
