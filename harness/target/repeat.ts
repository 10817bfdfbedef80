/** A line that people can run to see a build fail as it did here, where the side’s own folder is gone by then. */
import { relative } from 'node:path';
import type { Revision, TargetSpec } from '../model/index.ts';

export interface RepeatedBuild {
  readonly revision: Revision;
  readonly sourceDir: string;
  readonly moduleDir: string;
  readonly spec: TargetSpec;
}

const shellWord = (word: string): string =>
  /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;

const buildLine = ({ package: name, buildFlags, buildEnv }: TargetSpec): string => {
  const env = Object.entries(buildEnv).map(([key, value]) => `${key}=${shellWord(value)}`);
  return [...env, 'go', 'build', ...['-o', '/dev/null', ...buildFlags, name].map(shellWord)].join(' ');
};

const inFolder = (folder: string, line: string): string =>
  folder === '' || folder === '.' ? line : `cd ${shellWord(folder)} && ${line}`;

/** For a commit, its files in a new folder; for a folder, that; else the working tree. */
export const repeatLine = ({ revision, sourceDir, moduleDir, spec }: RepeatedBuild): string => {
  const build = buildLine(spec);
  if (revision.kind === 'folder') return inFolder(moduleDir, build);
  const module = relative(sourceDir, moduleDir);
  if (revision.kind === 'worktree') return inFolder(module, build);
  const commit = revision.revision.slice(0, 12);
  const place = module === '' ? '"$d"' : `"$d"/${shellWord(module)}`;
  return `d=$(mktemp -d) && git archive ${commit} | tar -x -C "$d" && cd ${place} && ${build}`;
};
