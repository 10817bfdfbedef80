/**
 * One name for one function on both sides. Most names agree once they are canonical; closures do not, since adding one
 * renumbers those behind it, so in files the change touches they are matched by the line they begin at.
 */
import type { BySide, FileDiff } from '../model/index.ts';
import { canonicalNames, outerFunction, type Profile } from '../profile/index.ts';
import { diffOf, headLineOf } from './functions-lines.ts';

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

/** Names of a profile's functions on one side, the same for the same function on the other. */
export type NamesOf = BySide<(profile: Profile) => readonly string[]>;

export const alignNames = (
  base: readonly Profile[],
  head: readonly Profile[],
  diffs: readonly FileDiff[],
  modulePath: string | null,
): NamesOf => {
  const renamed = renamedClosures(base, head, diffs, modulePath);
  return {
    base: (profile) => canonicalNames(profile, NO_LINES).map((name) => renamed.get(name) ?? name),
    head: (profile) => canonicalNames(profile, NO_LINES),
  };
};
