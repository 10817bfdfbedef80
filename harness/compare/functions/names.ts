/**
 * One name for one function on both sides. Most names agree once they are canonical; closures do not, since adding one
 * renumbers those behind it, so in files the change touches they are matched by the line they begin at. Nor do they
 * where compilers differ: Go before 1.27 names every inlined copy of a closure by where it lies. Then their place is one.
 */
import type { BySide, FileDiff } from '../../model/index.ts';
import { canonicalNames, isStandard, outerFunction, packageOf, type Profile } from '../../profile/index.ts';
import { diffOf, headLineOf } from './changed-lines.ts';

interface Closure {
  readonly name: string;
  readonly outer: string;
  readonly file: string;
  readonly startLine: number;
}

/** Closures keep the compiler's number here: the lines decide below. */
const NO_LINES: ReadonlyMap<string, number> = new Map();

const closuresOf = (profiles: readonly Profile[]): ReadonlyMap<string, Closure> => {
  const closures = new Map<string, Closure>();
  for (const profile of profiles) {
    canonicalNames(profile, NO_LINES).forEach((name, index) => {
      const outer = outerFunction(name);
      const startLine = profile.functions.startLine[index] ?? 0;
      if (outer === null || startLine === 0) return;
      const file = profile.strings[profile.functions.file[index] ?? 0] ?? '';
      closures.set(name, { name, outer, file, startLine });
    });
  }
  return closures;
};

/** Base's closure name → the name it goes by in the comparison. */
const renamedClosures = (
  base: readonly Profile[],
  head: readonly Profile[],
  diffs: readonly FileDiff[],
  modulePath: string | null,
): ReadonlyMap<string, string> => {
  const heads = closuresOf(head);
  const byPlace = new Map(
    [...heads.values()].map((closure) => [`${closure.outer} ${closure.startLine}`, closure.name]),
  );
  const renamed = new Map<string, string>();
  for (const closure of closuresOf(base).values()) {
    const diff = diffOf(diffs, closure.file, modulePath, 'base');
    if (diff === undefined) continue;
    const line = headLineOf(diff, closure.startLine);
    const twin = line === null ? undefined : byPlace.get(`${closure.outer} ${line}`);
    if (twin !== undefined) renamed.set(closure.name, twin);
  }
  // A closure without a twin must not keep a number that now belongs to another one.
  const taken = new Set(renamed.values());
  for (const name of closuresOf(base).keys()) {
    if (!renamed.has(name) && taken.has(name)) renamed.set(name, `${name} (base)`);
  }
  return renamed;
};

interface SourceNames {
  readonly base: Set<string>;
  readonly head: Set<string>;
}

/** Names by file and line, in head's lines; Go's own files are others with every version, so they are left out. */
const placesOf = (
  sides: BySide<Iterable<Closure>>,
  diffs: readonly FileDiff[],
  modulePath: string | null,
): ReadonlyMap<string, SourceNames> => {
  const places = new Map<string, SourceNames>();
  for (const side of ['base', 'head'] as const) {
    for (const { name, outer, file, startLine } of sides[side]) {
      if (isStandard(packageOf(outer), modulePath)) continue;
      const diff = side === 'base' ? diffOf(diffs, file, modulePath, 'base') : undefined;
      const line = diff === undefined ? startLine : headLineOf(diff, startLine);
      if (line === null) continue;
      const key = `${diff?.file ?? file}:${line}`;
      const place = places.get(key) ?? { base: new Set<string>(), head: new Set<string>() };
      places.set(key, place);
      place[side].add(name);
    }
  }
  return places;
};

/** The one name that a side has for a place where the other side has several, or another one; null: neither is sure. */
const oneName = ({ base, head }: SourceNames): string | null => {
  if (base.size === 0 || head.size === 0) return null;
  if (head.size === 1) return [...head][0] ?? null;
  return base.size === 1 ? ([...base][0] ?? null) : null;
};

/** Names of inlined copies → the name of the closure that they are copies of. */
const copiesOf = (
  sides: BySide<Iterable<Closure>>,
  diffs: readonly FileDiff[],
  modulePath: string | null,
): ReadonlyMap<string, string> => {
  const copies = new Map<string, string>();
  for (const place of placesOf(sides, diffs, modulePath).values()) {
    const closure = oneName(place);
    if (closure === null) continue;
    for (const name of [...place.base, ...place.head]) if (name !== closure) copies.set(name, closure);
  }
  return copies;
};

/** Names of a profile's functions on one side, the same for the same function on the other. */
export type NamesOf = BySide<(profile: Profile) => readonly string[]>;

export const alignNames = (
  base: readonly Profile[],
  head: readonly Profile[],
  diffs: readonly FileDiff[],
  modulePath: string | null,
): NamesOf => {
  const renamed = renamedClosures(base, head, diffs, modulePath);
  const sides = { base: closuresOf(base).values(), head: closuresOf(head).values() };
  const copies = copiesOf(sides, diffs, modulePath);
  const named = (name: string): string => copies.get(name) ?? name;
  return {
    base: (profile) => canonicalNames(profile, NO_LINES).map((name) => renamed.get(name) ?? named(name)),
    head: (profile) => canonicalNames(profile, NO_LINES).map(named),
  };
};
