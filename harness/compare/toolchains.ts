/**
 * What Go itself changed between two builds, from the versions and settings that the binaries name. Said before any
 * function is: a newer compiler or runtime moves costs by itself, and what it counts anew cannot be compared at all.
 */
import type { BuildInfo, BySide, FunctionComparison } from '../model/index.ts';

type CostKind = FunctionComparison['profile'];

interface GoChange {
  /** Minor version of Go 1 that brought it. */
  readonly since: number;
  readonly what: string;
}

/** Changes of Go that move what profiles and counters show, by the release that brought them (profiles.md §1.2). */
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
  { since: 27, what: 'closures keep their names when they are inlined, and small objects are allocated another way' },
];

/** What a mutex or block profile counts has changed too often to set two versions of Go side by side. */
const NOT_ACROSS_VERSIONS: readonly CostKind[] = ['mutex', 'block'];

/** Settings of the binary that change its code or its runtime; the linker's (seeds) and version control's do not. */
const SETTINGS = [
  '-asan',
  '-buildmode',
  '-compiler',
  '-gcflags',
  '-msan',
  '-race',
  '-tags',
  'CGO_ENABLED',
  'GO386',
  'GOAMD64',
  'GOARM',
  'GOARM64',
  'GOEXPERIMENT',
  'GOFIPS140',
] as const;

/** Settings of DefaultGODEBUG (they follow the `go` line of go.mod) without which a kind of profile counts otherwise. */
const GODEBUG_KINDS: Readonly<Record<string, readonly CostKind[]>> = {
  profstackdepth: ['alloc_space', 'alloc_objects', 'inuse_space', 'mutex', 'block'],
  memprofilerate: ['alloc_space', 'alloc_objects', 'inuse_space'],
  runtimecontentionstacks: ['mutex'],
};

export interface ToolchainFindings {
  /** One sentence each, the weightiest first; empty when both sides were built alike. */
  readonly warnings: readonly string[];
  /** Kinds whose functions cannot be compared between these builds. */
  readonly forbidden: ReadonlySet<CostKind>;
}

/** `go1.26.8` → 26; undefined for a development version without a number. */
const minorOf = (goVersion: string): number | undefined => {
  const minor = /^go1\.(\d+)/.exec(goVersion)?.[1];
  return minor === undefined ? undefined : Number(minor);
};

const changesBetween = (one: string, other: string): readonly GoChange[] => {
  const [a, b] = [minorOf(one), minorOf(other)];
  if (a === undefined || b === undefined) return [];
  return GO_CHANGES.filter(({ since }) => Math.min(a, b) < since && since <= Math.max(a, b));
};

const versionWarnings = ({ base, head }: BySide<BuildInfo>): readonly string[] => {
  if (base.goVersion === head.goVersion) return [];
  const changes = changesBetween(base.goVersion, head.goVersion).map(({ since, what }) => `${what} (1.${since})`);
  const known = changes.length === 0 ? '' : ` In between: ${changes.join('; ')}.`;
  return [
    `The toolchain changed, ${base.goVersion} on base and ${head.goVersion} on head: compiler and runtime alone move ` +
      `costs, and functions of mutex and block profiles are not compared.${known}`,
  ];
};

/** `-pgo` without its folder, which is another one on each side; empty: built without. */
const pgoOf = ({ settings }: BuildInfo): string => {
  const profile = settings['-pgo'] ?? '';
  return profile === 'off' ? '' : profile.slice(profile.lastIndexOf('/') + 1);
};

const pgoWarnings = ({ base, head }: BySide<BuildInfo>): readonly string[] => {
  const [before, after] = [pgoOf(base), pgoOf(head)];
  if (before === after) return [];
  if (before !== '' && after !== '') {
    return [`Base was built with the profile ${before} and head with ${after}: inlining differs everywhere.`];
  }
  const [side, profile] = before === '' ? ['head', after] : ['base', before];
  return [
    `Only ${side} was built with a profile (${profile}): what is inlined differs, and with it what functions cost.`,
  ];
};

const godebugOf = ({ settings }: BuildInfo): ReadonlyMap<string, string> =>
  new Map(
    (settings['DefaultGODEBUG'] ?? '')
      .split(',')
      .filter((word) => word !== '')
      .map((word): [string, string] => {
        const [name = '', value = ''] = word.split('=');
        return [name, value];
      }),
  );

/** Names whose default differs between the sides. */
const changedGodebug = ({ base, head }: BySide<BuildInfo>): readonly string[] => {
  const [before, after] = [godebugOf(base), godebugOf(head)];
  return [...new Set([...before.keys(), ...after.keys()])].filter((name) => before.get(name) !== after.get(name));
};

const godebugWarnings = (builds: BySide<BuildInfo>): readonly string[] => {
  const names = changedGodebug(builds);
  if (names.length === 0) return [];
  const [before, after] = [godebugOf(builds.base), godebugOf(builds.head)];
  const shown = names.map((name) => `${name} ${before.get(name) ?? 'new'} → ${after.get(name) ?? 'new'}`);
  return [`Defaults of GODEBUG differ (the go line of go.mod decides them): ${shown.join(', ')}.`];
};

const settingWarnings = ({ base, head }: BySide<BuildInfo>): readonly string[] => {
  const shown = SETTINGS.filter((name) => (base.settings[name] ?? '') !== (head.settings[name] ?? '')).map(
    (name) => `${name} ${base.settings[name] || 'unset'} → ${head.settings[name] || 'unset'}`,
  );
  return shown.length === 0 ? [] : [`The sides were built differently: ${shown.join(', ')}.`];
};

const forbiddenBy = (builds: BySide<BuildInfo>): readonly CostKind[] => [
  ...(builds.base.goVersion === builds.head.goVersion ? [] : NOT_ACROSS_VERSIONS),
  ...changedGodebug(builds).flatMap((name) => GODEBUG_KINDS[name] ?? []),
];

/** What must be said first about these two builds, and what cannot be said about their functions at all. */
export const compareToolchains = (builds: BySide<BuildInfo>): ToolchainFindings => ({
  warnings: [
    ...versionWarnings(builds),
    ...pgoWarnings(builds),
    ...godebugWarnings(builds),
    ...settingWarnings(builds),
  ],
  forbidden: new Set(forbiddenBy(builds)),
});
