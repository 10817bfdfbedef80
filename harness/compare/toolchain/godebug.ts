/** Defaults of GODEBUG that the two binaries were linked with, and why they differ. */
import { type BuildInfo, type BySide, type GoLines, otherSide, type Side, SIDES } from '../../model/index.ts';
import { isRemovedGodebug } from './go-changes.ts';

const defaultsOf = ({ settings }: BuildInfo): ReadonlyMap<string, string> =>
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
export const changedGodebug = ({ base, head }: BySide<BuildInfo>): readonly string[] => {
  const [before, after] = [defaultsOf(base), defaultsOf(head)];
  return [...new Set([...before.keys(), ...after.keys()])].filter((name) => before.get(name) !== after.get(name));
};

const isOneGo = ({ base, head }: BySide<BuildInfo>): boolean => base.goVersion === head.goVersion;

/** What decides them, as far as it is known: what the report says must hold for this run. */
const reasonOf = (builds: BySide<BuildInfo>, goLines: BySide<GoLines> | undefined): string => {
  if (goLines === undefined) {
    return isOneGo(builds) ? 'the go line of go.mod decides them' : 'go.mod and the toolchain decide them';
  }
  const { base, head } = goLines;
  const said = ({ go }: GoLines): string => (go === null ? 'no go line' : `go ${go}`);
  if (base.go !== head.go) return `go.mod has ${said(base)} on base and ${said(head)} on head`;
  if (isOneGo(builds)) return 'godebug lines decide them';
  const same = head.go === null ? 'go.mod is the same on both sides' : `go.mod has ${said(head)} on both sides`;
  return `${same}, but the two toolchains know different settings`;
};

/** Values that one side runs with and the other side's Go no longer has. */
const removedFrom = (side: Side, builds: BySide<BuildInfo>, names: readonly string[]): readonly string[] => {
  const defaults = defaultsOf(builds[otherSide(side)]);
  const gone = names.filter((name) => defaults.has(name) && isRemovedGodebug(name, builds[side].goVersion));
  if (gone.length === 0) return [];
  const shown = gone.map((name) => `${name}=${defaults.get(name)}`).join(', ');
  return [`${shown} on ${otherSide(side)} only, since ${builds[side].goVersion} has removed these settings`];
};

const shownDefault = ({ base, head }: BySide<BuildInfo>, name: string): string => {
  const [before, after] = [defaultsOf(base).get(name), defaultsOf(head).get(name)];
  return `${name} ${before ?? 'new'} → ${after ?? 'new'}`;
};

/** Another go line changes two dozen; run.json has them all. */
const MOST_SHOWN = 8;

const shownDefaults = (builds: BySide<BuildInfo>, names: readonly string[]): string => {
  const shown = names.slice(0, MOST_SHOWN).map((name) => shownDefault(builds, name));
  const left = names.length - shown.length;
  return `${shown.join(', ')}${left > 0 ? `, and ${left} more` : ''}`;
};

/** With equal go lines a setting that only one side names is one that the other side's Go does not have yet. */
const keptOn = (side: Side, builds: BySide<BuildInfo>, names: readonly string[]): readonly string[] => {
  const defaults = defaultsOf(builds[side]);
  const kept = names.filter((name) => defaults.has(name));
  if (kept.length === 0) return [];
  const shown = kept.map((name) => `${name}=${defaults.get(name)}`).join(', ');
  return [`new in ${builds[side].goVersion} and kept as before: ${shown}`];
};

/** One sentence where the defaults differ. */
export const godebugWarnings = (builds: BySide<BuildInfo>, goLines: BySide<GoLines> | undefined): readonly string[] => {
  const names = changedGodebug(builds);
  if (names.length === 0) return [];
  const isRemoved = (name: string): boolean =>
    !isOneGo(builds) && SIDES.some((side) => isRemovedGodebug(name, builds[side].goVersion));
  const isKept = (name: string): boolean =>
    !isOneGo(builds) &&
    goLines !== undefined &&
    goLines.base.go === goLines.head.go &&
    SIDES.some((side) => !defaultsOf(builds[side]).has(name));
  const removed = names.filter(isRemoved);
  const kept = names.filter((name) => !isRemoved(name) && isKept(name));
  const others = names.filter((name) => !isRemoved(name) && !isKept(name));
  const parts = [
    ...SIDES.flatMap((side) => removedFrom(side, builds, removed)),
    ...SIDES.flatMap((side) => keptOn(side, builds, kept)),
    ...(others.length === 0 ? [] : [shownDefaults(builds, others)]),
  ];
  return [`Defaults of GODEBUG differ (${reasonOf(builds, goLines)}): ${parts.join('; ')}.`];
};
