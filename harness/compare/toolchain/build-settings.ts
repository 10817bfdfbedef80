/**
 * What Go itself changed between two builds, from the versions and settings that the binaries name. Said before any
 * function is: a newer compiler or runtime moves costs by itself, and what it counts anew cannot be compared at all.
 */
import { profileKind, type ProfileKindDef } from '../../metrics/index.ts';
import { type BuildInfo, type BySide, COST_KINDS, type CostKind, type GoLines } from '../../model/index.ts';
import { changedGodebug, godebugWarnings } from './godebug.ts';

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

const kindsThat = (fits: (kind: ProfileKindDef) => boolean): readonly CostKind[] =>
  COST_KINDS.filter((kind) => fits(profileKind(kind)));

export interface ToolchainFindings {
  /** One sentence each, the weightiest first; empty when both sides were built alike. */
  readonly warnings: readonly string[];
  /** Kinds whose functions cannot be compared between these builds. */
  readonly forbidden: ReadonlySet<CostKind>;
}

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

/** Each Go records an experiment where it is not its own default. */
const isComparable = (name: string, { base, head }: BySide<BuildInfo>): boolean =>
  name !== 'GOEXPERIMENT' || base.goVersion === head.goVersion;

const settingWarnings = ({ base, head }: BySide<BuildInfo>): readonly string[] => {
  const shown = SETTINGS.filter(
    (name) => isComparable(name, { base, head }) && (base.settings[name] ?? '') !== (head.settings[name] ?? ''),
  ).map((name) => `${name} ${base.settings[name] || 'unset'} → ${head.settings[name] || 'unset'}`);
  return shown.length === 0 ? [] : [`The sides were built differently: ${shown.join(', ')}.`];
};

const forbiddenBy = (builds: BySide<BuildInfo>): readonly CostKind[] => [
  ...(builds.base.goVersion === builds.head.goVersion ? [] : kindsThat(({ comparable }) => comparable === 'oneGo')),
  ...changedGodebug(builds).flatMap((name) => kindsThat(({ godebug }) => godebug.includes(name))),
];

/**
 * What must be said first about these two builds, and what cannot be said about their functions at all. Two versions of Go
 * have a finding of their own (change.ts).
 */
export const compareToolchains = (builds: BySide<BuildInfo>, goLines?: BySide<GoLines>): ToolchainFindings => ({
  warnings: [...pgoWarnings(builds), ...godebugWarnings(builds, goLines), ...settingWarnings(builds)],
  forbidden: new Set(forbiddenBy(builds)),
});
